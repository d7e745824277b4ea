import { describe, expect, it } from 'vitest';
import { readRecording } from './recording.ts';

const head = '{"kind":"outrider-fleet","version":1,"began":"2026-11-29T12:00:00.000Z"}';
const line = (atMs: number, isWhole: boolean, slot: number, more: unknown[] = [], drop: string[] = []): string =>
  JSON.stringify({ kind: 'fleet', atMs, isWhole, put: [['fleet', { slot }], ...more], drop });
const edge = ['e:a', { state: 'serving' }];
const good = [head, line(500, true, 1, [edge]), line(1500, false, 2), line(3500, false, 3, [], ['e:a'])];
const text = `${good.join('\n')}\n`;
const noon = Date.parse('2026-11-29T12:00:00.000Z') / 1000;

describe('a recording', () => {
  it('has the table of each line, forwards and backwards', () => {
    const read = readRecording('x', text);
    expect([read.wholes.length, read.damagedFrom]).toEqual([3, null]);
    expect(read.wholes.map(({ atSeconds }) => atSeconds - noon)).toEqual([0, 1, 3]);
    for (const at of [0, 2, 1, 1, 0, 2]) {
      const { table, atSeconds } = read.at(at);
      expect([table.get('fleet')?.['slot'], table.has('e:a')]).toEqual([at + 1, at < 2]);
      expect(atSeconds).toBe(noon + ([0, 1, 3][at] as number));
    }
  });

  it('goes on after a restart of its controller', () => {
    const again = head.replace('12:00', '12:30');
    const read = readRecording('x', `${text}${again}\n${line(70, true, 1)}\n`);
    expect(read.wholes.map(({ atSeconds }) => atSeconds - noon)).toEqual([0, 1, 3, 1800]);
    expect([...read.at(3).table.keys()]).toEqual(['fleet']);
  });

  it.each([
    ['half a line', (lines: string[]) => [...lines.slice(0, 3), (lines[3] as string).slice(0, 40)], 2, 4],
    ['words', (lines: string[]) => [...lines.slice(0, 2), 'hello', ...lines.slice(2)], 1, 3],
  ])('is shown up to %s', (_, damage, count, from) => {
    const read = readRecording('x', damage(good).join('\n'));
    expect([read.wholes.length, read.damagedFrom]).toEqual([count, from]);
  });

  it.each([
    ['', 'nothing'],
    ['{}', 'another file'],
    [head, 'a head alone'],
    [[head, line(0, false, 1)].join('\n'), 'changes of nothing'],
    [head.replace('2026-11-29', 'yesterday'), 'no time'],
  ])('is not %j', (other) => expect(() => readRecording('x', other)).toThrow());
});
