import { describe, expect, it } from 'vitest';
import { compareWays } from './compare.ts';
import type { FoundWay } from './lm-eval.ts';

const found = (way: string, samples: FoundWay['samples'], scores: FoundWay['scores']): FoundWay => {
  return { way, samples, scores };
};
const texts = { write: [[['a']], [['b']], [['c']]] };
const values = { ...texts, read: [[[-1.5, true]], [[-2, false]]] };
const plain = found('plain', texts, { write: 1 / 3 });
const edge = found('edge', values, { write: 1 / 3, read: 0.5 });
const serve = found('serve', values, { write: 1 / 3, read: 0.5 });

describe('ways of running a model', () => {
  it('are compared with the first that has the task', () => {
    const { rows, ...rest } = compareWays([plain, edge, serve]);
    expect(rest).toEqual({ samples: 5, equalOutputs: 5, equalScores: true, edgeAgainstServe: 0, tellingTasks: 2 });
    expect(rows.map(({ task, way }) => `${task} ${way}`)).toEqual([
      ...['write plain', 'write edge', 'write serve', 'read edge', 'read serve'],
    ]);
    expect(rows[4]).toEqual({
      task: 'read',
      way: 'serve',
      samples: 2,
      equalOutputs: 2,
      score: 0.5,
      equalScores: true,
    });
  });

  it('differ by one character of one answer, with the same score', () => {
    const other = found('serve', { ...values, write: [[['a']], [['b ']], [['c']]] }, serve.scores);
    const { rows, ...rest } = compareWays([plain, edge, other]);
    expect(rest).toMatchObject({ samples: 5, equalOutputs: 4, equalScores: true, edgeAgainstServe: 1 });
    expect(rows.find(({ task, way }) => task === 'write' && way === 'serve')).toMatchObject({ equalOutputs: 2 });
  });

  it('differ by the last bit of a log-likelihood', () => {
    const near = -1.5 + 2 ** -52;
    expect(near).not.toBe(-1.5);
    const other = found('serve', { ...values, read: [[[near, true]], [[-2, false]]] }, serve.scores);
    expect(compareWays([plain, edge, other])).toMatchObject({ equalOutputs: 4, edgeAgainstServe: 1 });
  });

  it('differ by a score, and by a sample that is missing', () => {
    const scored = found('serve', values, { write: 1 / 3, read: 0.25 });
    expect(compareWays([plain, edge, scored])).toMatchObject({ equalOutputs: 5, equalScores: false });
    const short = found('serve', { ...values, read: [[[-1.5, true]]] }, serve.scores);
    expect(compareWays([plain, edge, short])).toMatchObject({
      equalOutputs: 4,
      equalScores: false,
      edgeAgainstServe: 1,
    });
  });

  it('differ from the model alone, and not from each other', () => {
    const other = found('plain', { write: [[['a']], [['x']], [['c']]] }, { write: 1 / 3 });
    expect(compareWays([other, edge, serve])).toMatchObject({ samples: 5, equalOutputs: 4, edgeAgainstServe: 0 });
  });

  it('say nothing where the model is always right, or always wrong', () => {
    const sure = (way: string): FoundWay => found(way, values, { write: 1, read: 0 });
    expect(compareWays([sure('edge'), sure('serve')])).toMatchObject({ tellingTasks: 0, equalScores: true });
  });
});
