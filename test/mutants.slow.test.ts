// `npm run mutants` itself, over a file that one quick test reaches: it is interrupted, goes on, and judges.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const record = mkdtempSync(join(tmpdir(), 'outrider-mutants-'));
afterAll(() => rmSync(record, { recursive: true, force: true }));

function start() {
  const words = [
    'scripts/mutants/mutants.ts',
    'laboratory/commands/page-figures.ts',
    '--all',
    '--workers',
    '1',
    '--json',
  ];
  return spawn(process.execPath, [...words, '--record', record], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Lines of the record, of one kind. */
function lines(kind: string): string[] {
  const files = readdirSync(record, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.jsonl'));
  const all = files.flatMap((file) => readFileSync(join(record, file), 'utf8').split('\n'));
  return all.filter((line) => line.startsWith(`{"kind":"${kind}"`));
}

it('notices mutants, goes on after an interruption, and prints scores and survivors', {
  timeout: 600_000,
}, async () => {
  const first = start();
  await expect.poll(() => lines('end').length, { timeout: 300_000 }).toBeGreaterThan(0);
  first.kill('SIGTERM');
  expect(await once(first, 'close')).toEqual([143, null]);
  const before = lines('end');
  const second = start();
  let text = '';
  second.stdout.on('data', (part) => (text += part));
  await once(second, 'close');
  const { summary, rows, survivors } = JSON.parse(text);
  expect(lines('end').slice(0, before.length)).toEqual(before);
  expect(summary.tried).toBe(summary.killed + summary.timeout + summary.survived + summary.unreached);
  expect(summary.killed).toBeGreaterThan(5);
  expect(rows).toMatchObject([{ folder: 'laboratory/commands/page-figures.ts', ...summary }]);
  expect(survivors).toHaveLength(summary.survived + summary.unreached);
  expect(summary.score).toBeCloseTo((summary.killed + summary.timeout) / summary.tried);
  // What is known is not tried again.
  const known = lines('begin').length;
  await once(start(), 'close');
  expect(lines('begin')).toHaveLength(known);
});
