// How capacity grows with edges: the devices that several edges hold when none of them has more sessions than one holds. Spread evenly, or
// where a device takes the edge of the strongest signal, which fills one edge before the others. It does not model time.

import { createPolicy } from '../../../simulator/policies/policies.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { slotsOf } from '../first-slots.ts';
import { Measured } from './search.ts';

export const spreads = ['even', 'max-sinr'] as const;
export type Spread = (typeof spreads)[number];

export const edgeCounts = [1, 2, 4] as const;

export interface EdgesRow {
  readonly what: 'edges';
  readonly edges: number;
  readonly spread: Spread;
  readonly mode: string;
  /** Mean over the seeds, rounded down. */
  readonly sessionsPerEdge: number;
  /** Mean over the worlds. */
  readonly devices: number;
  /** Devices over edges times sessions of an edge. */
  readonly used: number;
}

/** Devices at places drawn by this preset, with this many edges on its grid. */
export const spreadPreset = 'paper';
const worlds = 5;

export async function edgesRow(
  mode: string,
  sessionsPerEdge: number,
  edges: number,
  spread: Spread,
): Promise<EdgesRow> {
  const most = edges * sessionsPerEdge;
  const devices = spread === 'even' ? most : mean(await strongestSignal(sessionsPerEdge, edges));
  return { what: 'edges', edges, spread, mode, sessionsPerEdge, devices, used: most === 0 ? 0 : devices / most };
}

/** By world: the most devices of which no edge gets more than it holds. They come one after the other. */
async function strongestSignal(sessionsPerEdge: number, edges: number): Promise<number[]> {
  const most = edges * sessionsPerEdge;
  if (most === 0) return [0];
  const choose = createPolicy('max-sinr');
  const overrides = [{ path: ['devices', 'maximumCount'], value: Math.max(180, most) }];
  const world = { scenario: spreadPreset, deviceCount: most, serverCount: edges, overrides };
  const states = await slotsOf(
    world,
    Array.from({ length: worlds }, (_, index) => index + 1),
  );
  return states.map((state) => {
    const busiest = busiestBy(choose(state).server, edges);
    return new Measured((devices) => busiest[devices - 1] as number, Number).largestWithin(sessionsPerEdge, most, most);
  });
}

/** Sessions of the busiest edge with the first device, the first two, and so on. */
export function busiestBy(edgeOf: ArrayLike<number>, edges: number): number[] {
  const counts = new Array<number>(edges).fill(0);
  return Array.from(edgeOf, (edge) => {
    if (edge >= 0) counts[edge] = (counts[edge] as number) + 1;
    return Math.max(...counts);
  });
}
