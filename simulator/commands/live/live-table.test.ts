import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import type { ReaderState } from '../../fleet/fleet-reader.ts';
import { createLiveTable, endTable, runningTable } from './live-table.ts';

const reader: ReaderState = {
  name: 'device-1',
  edge: 'edge-2',
  mode: 'stream',
  msPerToken: 41.26,
  predictedMs: 40,
  answers: 3,
  handovers: 1,
  pauseMs: 1234.5,
  why: 'policy best: 41.3 ms a token predicted, 65.4 at edge-1 after reading 46 tokens again',
};

function stream(columns: number, rows: number, isTTY = true) {
  const written: string[] = [];
  return { isTTY, columns, rows, written, write: (text: string) => written.push(text) > 0 };
}

it('has a line for each device: edge, mode, ms a token, handovers, why', () => {
  const table = runningTable([reader, { ...reader, name: 'device-2', edge: null, why: null }], { isTTY: false });
  expect(table.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['device', 'edge', 'mode', 'ms a token', 'handovers', 'why'],
    expect.anything(),
    ['device-1', 'edge-2', 'stream', '41.3', '1', reader.why],
    ['device-2', '-', 'stream', '41.3', '1', 'thinks'],
  ]);
});

it('wraps reasons where there is room, else it leaves them to be cut', () => {
  const wide = runningTable([reader], { isTTY: true, columns: 80, rows: 24 }).split('\n');
  expect(wide.every((line) => line.length < 80 || /^[- ]+$/.test(line))).toBe(true);
  expect(
    wide
      .slice(2)
      .map((line) => line.slice(49))
      .join(' '),
  ).toBe(reader.why);
  expect(runningTable([reader], { isTTY: true, columns: 80, rows: 5 }).split('\n')).toHaveLength(3);
});

it('replaces what it has drawn on a terminal, and keeps notes above', () => {
  const out = stream(20, 10);
  const table = createLiveTable(out, { TERM: 'xterm' });
  table.draw(`one\n${'long '.repeat(10)}`);
  table.draw('two');
  table.note('a \u001b[31mnote');
  table.end();
  table.note('last');
  const up = (lines: number): string => `\u001b[${lines}A\u001b[J`;
  expect(out.written.slice(0, 5)).toEqual([
    `one\n${'long '.repeat(10).slice(0, 18)}…\n`,
    up(2),
    'two\n',
    up(1),
    expect.anything(),
  ]);
  // A line of others can't move the cursor.
  expect(stripVTControlCharacters(out.written[4] as string)).toMatch(/^a .*note\ntwo\n$/);
  expect(out.written.slice(5)).toHaveLength(1);
});

it('draws no more lines than a terminal has', () => {
  const out = stream(20, 8);
  createLiveTable(out, { TERM: 'xterm' }).draw(Array.from({ length: 30 }, (_, at) => `${at}`).join('\n'));
  expect(out.written.join('').trimEnd().split('\n').slice(-2)).toEqual(['5', '… 24 more']);
});

it('adds one table after the other elsewhere, and less often', () => {
  const out = stream(20, 8, false);
  const table = createLiveTable(out, {});
  table.draw('one');
  table.draw('two');
  expect(out.written).toEqual(['one\n\n', 'two\n\n']);
  expect(table.everyMs).toBeGreaterThan(createLiveTable(stream(9, 9), { TERM: 'xterm' }).everyMs);
});

it('says at the end who has read from where, and the longest pause', () => {
  const answer = (edges: string[]) => ({ device: 0, report: { servedBy: edges.map((edge) => ({ edge, fromMs: 0 })) } });
  const table = endTable([reader], [answer(['edge-2', 'edge-1']), answer(['edge-2'])] as never);
  expect(table.split('\n').at(-1)?.split(/ {2,}/)).toEqual([
    'device-1',
    '41.3',
    '3',
    '1',
    '1235 ms',
    'edge-1 (1), edge-2 (2)',
  ]);
});
