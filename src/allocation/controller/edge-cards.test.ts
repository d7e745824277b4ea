import { describe, expect, it } from 'vitest';
import { EdgeCards } from './edge-cards.ts';
import type { LiveEdge } from './live-slot.ts';
import type { EdgeReport } from './messages.ts';

function edge(id: string, changes: Partial<EdgeReport> = {}): LiveEdge {
  const report: EdgeReport = {
    kind: 'edge-report',
    seq: 1,
    address: `ws://${id}:1`,
    certificate: null,
    model: 'toy',
    fingerprint: 'f',
    tokenizerHash: 'ab'.repeat(32),
    places: 8,
    contextLength: 4096,
    stepFixedMs: 40,
    stepRowMs: 1,
    sessions: 0,
    waiting: 0,
    busyShare: 0,
    bitsPerSecond: 1e9,
    draftMs: null,
    isDraining: false,
    place: null,
    ...changes,
  };
  return { id, report, correction: 1 };
}

/** Edges on a grid of 100 m. */
function grid(columns: number): LiveEdge[] {
  return Array.from({ length: columns * columns }, (_, index) =>
    edge(`edge-${index}`, { place: { xM: 100 * (index % columns), yM: 100 * Math.floor(index / columns) } }),
  );
}

describe('the edges that devices know', () => {
  it('are all of them where there are few, the same list until one changes', () => {
    const cards = new EdgeCards();
    cards.update([edge('a'), edge('b')]);
    const first = cards.around(null);
    expect(first?.map(({ id }) => id)).toEqual(['a', 'b']);
    cards.update([edge('a', { sessions: 5 }), edge('b')]);
    expect(cards.around({ xM: 5, yM: 5 })).toBe(first);
    expect(cards.around(undefined)).toBe(first);
    cards.update([edge('a', { address: 'ws://a:2' }), edge('b')]);
    expect(cards.around(null)).not.toBe(first);
    cards.update([edge('b')]);
    expect(cards.around(null)?.map(({ id }) => id)).toEqual(['b']);
  });

  it('are those around a device where there are many', () => {
    const cards = new EdgeCards();
    const edges = grid(30);
    cards.update(edges);
    const near = cards.around({ xM: 1450, yM: 1450 }) ?? [];
    expect(near).toHaveLength(32);
    const ids = near.map(({ id }) => id);
    // The four corners of the square in which it is.
    for (const index of [14 * 30 + 14, 14 * 30 + 15, 15 * 30 + 14, 15 * 30 + 15])
      expect(ids).toContain(`edge-${index}`);
    expect(ids).not.toContain('edge-0');
    // One that has not reported gets them when it says where it is; one that never says gets as many as a message holds.
    expect(cards.around(undefined)).toBeNull();
    expect(cards.around(null)).toHaveLength(256);
  });

  it('stay the same list when an edge far away changes', () => {
    const cards = new EdgeCards();
    const edges = grid(30);
    cards.update(edges);
    const [here, corner] = [
      { xM: 1450, yM: 1450 },
      { xM: 0, yM: 0 },
    ];
    const [before, atCorner] = [cards.around(here), cards.around(corner)];
    const changed = edges.map((one) =>
      one.id === 'edge-0' ? edge('edge-0', { ...one.report, address: 'ws://new:1' }) : one,
    );
    cards.update(changed);
    expect(cards.around(here)).toBe(before);
    expect(cards.around(corner)).not.toBe(atCorner);
  });
});
