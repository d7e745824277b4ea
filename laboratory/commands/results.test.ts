import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { resultPage } from '../../simulator/runner/result-page.ts';
import { liveExperiment } from '../experiments/live/bench-live.ts';
import { modesExperiment } from '../experiments/modes/modes.ts';
import { keptPage, resultPages, resultsCommand } from './results.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

it('each document of bench/ is a page, and the list names it', () => {
  const [index, ...others] = resultPages();
  expect(others.length).toBeGreaterThan(10);
  for (const { file, text } of others) {
    expect(index?.text).toContain(`](${file}): \``);
    expect(text).toMatch(/^# .+\n\nTables of a kept result/);
  }
});

it('a result is printed by its name, and an unknown name is refused', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const run = (...words: string[]) => resultsCommand('').parse(words, { from: 'user' });
  run('bench-live');
  run();
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    keptPage('bench-live'),
    expect.stringContaining('bench-live: `outrider bench live`, 2026-'),
  ]);
  expect(() => run('bench-none')).toThrow('bench/ has no result "bench-none"');
  vi.restoreAllMocks();
});

it('a kept document that lacks a newer field shows "-" for it', () => {
  const document = JSON.parse(readFileSync(at('bench/bench-modes-virtual.json'), 'utf8'));
  const rows = document.rows.map(({ wireBytesPerToken: _, ...row }: { readonly wireBytesPerToken: number }) => row);
  expect(modesExperiment.page?.({ ...document, rows })).toMatch(/^\| `stream` .* \| - \| \d+ \|$/m);
});

it('a long summary is not shown, but for what has a goal', () => {
  const document = JSON.parse(readFileSync(at('bench/bench-live.json'), 'utf8'));
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`figure${index}`, index]));
  const page = resultPage({ ...document, summary: { ...many, predictionErrorMedian: 0.2 } }, liveExperiment);
  expect(page).toContain('## Goals');
  expect(page).toContain('| `predictionErrorMedian` | 0.2 | at most 0.15 | **missed** |');
  expect(page).not.toContain('figure1');
  expect(resultPage({ ...document, summary: many }, liveExperiment)).not.toContain('## ');
  const without = resultPage({ ...document, summary: { predictionErrorMedian: null } }, liveExperiment);
  expect(without).toContain('| `predictionErrorMedian` |  | at most 0.15 | no value |');
});
