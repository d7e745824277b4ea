// A bar shows on a terminal and leaves no trace in a pipe.

import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAcquireReport } from '../models/acquire-report.ts';
import { type BarStream, createProgressBar, formatBytes } from './progress-bar.ts';
import { hideWaiting } from './waiting-line.ts';

function fakeStream(isTTY: boolean, columns = 120): { stream: BarStream; written: string[] } {
  const written: string[] = [];
  const write = (text: string | Uint8Array): boolean => written.push(String(text)) > 0;
  return { stream: { write, isTTY, columns } as BarStream, written };
}

beforeEach(() => vi.stubEnv('TERM', 'xterm'));
afterEach(() => {
  hideWaiting();
  vi.unstubAllEnvs();
});

describe('a progress bar', () => {
  it('shows share, amount, rate and time left, and clears its line', () => {
    const { stream, written } = fakeStream(true);
    let now = 0;
    const bar = createProgressBar(stream, { label: 'model', nowMs: () => now });
    bar.update(20_000_000, 100_000_000);
    now = 2_000;
    bar.update(60_000_000, 100_000_000);
    const last = stripVTControlCharacters(written.at(-1) ?? '');
    expect(last).toMatch(/^\rmodel {3}60 % █{14}░{10} {2}60\.0 MB of 100\.0 MB {2}20\.0 MB\/s {2}2 s$/);
    bar.stop();
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  it('draws at most ten times a second, and always the end', () => {
    const { stream, written } = fakeStream(true);
    let now = 0;
    const bar = createProgressBar(stream, { label: 'model', nowMs: () => now });
    for (let done = 0; done <= 100; done++) {
      bar.update(done, 100);
      now += 10;
    }
    expect(written).toHaveLength(11);
    bar.update(100, 100);
    expect(written).toHaveLength(12);
  });

  it('fits into a narrow terminal and copes with an unknown total', () => {
    const { stream, written } = fakeStream(true, 30);
    createProgressBar(stream, { label: 'a very long label indeed' }).update(1, 100);
    createProgressBar(stream, { label: 'model' }).update(5_000, undefined);
    expect(written.map((line) => stripVTControlCharacters(line).length <= 30)).toEqual([true, true]);
    expect(stripVTControlCharacters(written[1] ?? '')).toBe('\rmodel  5 kB');
  });

  it('writes nothing where a line cannot be drawn again', () => {
    const pipe = fakeStream(false);
    const bar = createProgressBar(pipe.stream, { label: 'model' });
    bar.update(1, 2);
    bar.stop();
    vi.stubEnv('TERM', 'dumb');
    const dumb = fakeStream(true);
    createProgressBar(dumb.stream, { label: 'model' }).update(1, 2);
    expect([...pipe.written, ...dumb.written]).toEqual([]);
  });

  it('names amounts', () => {
    expect([999, 5_000, 98_362_432, 1_500_000_000].map(formatBytes)).toEqual(['999 B', '5 kB', '98.4 MB', '1.50 GB']);
  });
});

describe('the report of models being got', () => {
  it('is one line for each stage in a pipe', () => {
    const { stream, written } = fakeStream(false);
    const report = createAcquireReport(stream);
    for (const doneBytes of [1, 2, 3])
      report.onProgress({ model: 'tiny', stage: 'downloading', from: 'hub x', doneBytes, totalBytes: 3 });
    report.onProgress({ model: 'tiny', stage: 'verifying', doneBytes: 3, totalBytes: 3 });
    report.stop();
    expect(written).toEqual(['tiny: downloading from hub x (3 B)\n', 'tiny: verifying SHA-256 (3 B)\n']);
  });

  it('is one line and one bar for a file in parts; the bar says which part', () => {
    const pipe = fakeStream(false);
    const terminal = fakeStream(true);
    for (const { stream } of [pipe, terminal]) {
      const report = createAcquireReport(stream);
      for (const number of [1, 2]) {
        const bytes = { part: { number, count: 2 }, doneBytes: number * 5, totalBytes: 10 };
        report.onProgress({ model: 'tiny', stage: 'downloading', from: 'x', ...bytes });
      }
    }
    expect(pipe.written).toEqual(['tiny: downloading from x (10 B)\n']);
    expect(terminal.written.map((line) => stripVTControlCharacters(line).slice(1, 27))).toEqual([
      'tiny: part 1 of 2   50 % █',
      'tiny: part 2 of 2  100 % █',
    ]);
  });

  it('keeps what was deleted or passed over in sight on a terminal', () => {
    const { stream, written } = fakeStream(true);
    const report = createAcquireReport(stream);
    report.onProgress({ model: 'tiny', stage: 'discarding', from: 'tiny.gguf', doneBytes: 3, totalBytes: 3 });
    report.onProgress({ model: 'tiny', stage: 'passing-over', from: './tiny', doneBytes: 3, totalBytes: 3 });
    report.stop();
    expect(written).toEqual([
      'tiny: deleted, because it was damaged: tiny.gguf\n',
      'tiny: the model of that name is taken, not the file ./tiny\n',
    ]);
  });
});
