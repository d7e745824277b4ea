import { describe, expect, it } from 'vitest';
import { edgeLines, measuredOrder } from './edge-order.ts';

const edge = (name: string, roundTripMs: number, stepMs: number | null = null) => {
  return { name, found: { model: 'm', contextLength: 64, roundTripMs, stepMs } };
};

describe('the order of edges by what is measured', () => {
  it('begins with the one whose token would come soonest; those without an answer are last', () => {
    const gone = { name: 'gone', found: null };
    expect(measuredOrder([gone, edge('far', 60, 10), edge('near', 5, 30), edge('loaded', 5, 90)])).toEqual([
      ...['near', 'far', 'loaded', 'gone'],
    ]);
  });

  it('is the given one where nothing differs', () => {
    expect(measuredOrder([edge('a', 5), edge('b', 5), edge('c', 5)])).toEqual(['a', 'b', 'c']);
  });

  it('is told with what was found', () => {
    expect(edgeLines([edge('a', 5.4), { name: 'b', found: null }])).toEqual([
      ...['a: m, 64 tokens, 5 ms away', 'b: does not answer yet'],
    ]);
  });
});
