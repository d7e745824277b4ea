import { describe, expect, it } from 'vitest';
import { createEdgeList, type EdgeList, type TurnEdge, whyOf } from './edge-list.ts';

function listOf(...edges: readonly (string | Pick<TurnEdge, 'name' | 'why'>)[]): EdgeList {
  const connect = () => Promise.reject(new Error('not connected to'));
  return createEdgeList(edges.map((edge) => ({ connect, ...(typeof edge === 'string' ? { name: edge } : edge) })));
}

describe('why a turn reads from an edge', () => {
  it('is nothing to say of the only one', () => {
    expect(whyOf(listOf('a'), 'a', 0)).toBeUndefined();
  });

  it('is what was said of it, of the only one as well', () => {
    const stated = { name: 'a', why: 'policy best' };
    expect(whyOf(listOf(stated), 'a', 0)).toBe('policy best');
    expect(whyOf(listOf('b', stated), 'a', 0)).toBe('policy best');
  });

  it('is its place among several, and what has happened to those before it', () => {
    const list = listOf('a', 'b', 'c');
    expect(whyOf(list, 'a', 0)).toBe('it is the first of the list');
    expect(whyOf(list, 'b', 0)).toBe('the edge before it leaves, or a move was ordered');
    list.routes.failed('a', 0);
    expect(whyOf(list, 'b', 0)).toBe('a has failed, and it is the next of the list');
    list.routes.failed('b', 0);
    expect(whyOf(list, 'c', 0)).toBe('a, b have failed, and it is the next of the list');
  });
});
