import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { resultPage } from '../../simulator/runner/result-page.ts';
import { liveExperiment } from '../experiments/live/bench-live.ts';
import { modesExperiment } from '../experiments/modes/modes.ts';
import { resultPages } from './results.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const pages = resultPages(at('bench'));

it.each(pages)('docs/results/$file says what bench/ holds; write it with: npm run results', ({ file, text }) => {
  const path = at(`docs/results/${file}`);
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(text);
});

it('docs/results has no page of a document that is not there', () => {
  const files = pages.map(({ file }) => file);
  expect(readdirSync(at('docs/results')).filter((name) => !files.includes(name))).toEqual([]);
  expect(files.length).toBeGreaterThan(10);
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
