import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceReport, edgeReport, reading } from './controller.fixture.ts';
import { fitPlaces } from './fit-places.ts';
import { type LiveDevice, type LiveEdge, liveSlot } from './live-slot.ts';

const ids = ['a', 'b', 'c'];
const links = ids.map((edge, index) => ({ edge, roundTripMs: 10 * (index + 1), bitsPerSecond: null }));

function edgesWith(places: readonly number[]): LiveEdge[] {
  return ids.map((id, index) => ({ id, report: edgeReport({ places: places[index] as number }), correction: 1 }));
}

function devicesAt(present: readonly number[]): LiveDevice[] {
  return present.map((edge, index) => ({
    id: `phone-${index}`,
    report: deviceReport({ links, ...reading(index + 1, ids[edge] ?? null, 10) }),
    previousEdge: ids[edge] ?? null,
    lengthShare: null,
    predictedMs: null,
  }));
}

/** The edges of devices that run at the one list of edges, and that a policy wants at the other. */
function fitted(places: readonly number[], present: readonly number[], wanted: readonly number[]): number[] {
  const [edges, devices] = [edgesWith(places), devicesAt(present)];
  const settings = { slot: 1, slotMs: 1000, kind: 'felt', energyWeight: 0, gainLastsMs: 1000 } as const;
  const state = liveSlot(edges, devices, settings);
  const share = new Float64Array(wanted.length).fill(0.1);
  const assignment = { server: Int32Array.from(wanted), bandwidthShare: share, computeShare: share };
  return [...fitPlaces(state, assignment, edges, devices).server];
}

describe('sessions beyond the places of an edge', () => {
  it('are the only ones that get another edge, and of those that run there as few as possible', () => {
    const some = fc.array(fc.tuple(fc.integer({ min: -1, max: 2 }), fc.nat(2)), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(some, fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)), (sessions, spare) => {
        const [present, wanted] = [sessions.map(([at]) => at), sessions.map(([, to]) => to)];
        // Together the edges have a place for each.
        const places = spare.map((count, index) => 1 + count + (index === 2 ? sessions.length : 0));
        const got = fitted(places, present, wanted);
        for (const [edge, most] of places.entries()) {
          const asked = [...wanted.keys()].filter((index) => wanted[index] === edge);
          const excess = Math.max(0, asked.length - most);
          const running = asked.filter((index) => present[index] === edge);
          const sentAway = asked.filter((index) => got[index] !== edge);
          expect(sentAway).toHaveLength(excess);
          const leastMoved = Math.max(0, excess - (asked.length - running.length));
          expect(sentAway.filter((index) => running.includes(index))).toHaveLength(leastMoved);
          expect(got.filter((one) => one === edge).length).toBeLessThanOrEqual(Math.max(most, asked.length - excess));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('go to the nearest edge with room, and stay where none has room', () => {
    expect(fitted([1, 2, 9], [0, -1, -1, -1], [0, 0, 0, 0])).toEqual([0, 1, 1, 2]);
    expect(fitted([1, 1, 1], [0, 1, 2, -1], [0, 1, 2, 0])).toEqual([0, 1, 2, 0]);
  });
});
