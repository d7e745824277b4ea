// The links of a live fleet: devices walk in a scenario's world, and each link to an edge has the rate of the radio there. Edges stand at
// sites that are near each other, and devices walk around them: a few edges in a whole town would leave most devices without any.

import type { Scenario } from '../scenario/scenario.ts';
import { createWorld } from '../simulation/slot-world.ts';
import { draftTimesMs, type StepLaw, stepLaws } from '../simulation/token-hardware.ts';
import type { RadioMap } from '../world/radio-map.ts';
import type { Walk } from './fleet.ts';

/** Devices stay within about this distance of the edges, m. */
const aroundM = 150;
/** The share of devices that do. */
const shareAround = 0.95;

export interface ScenarioWalk extends Walk {
  /** What the scenario's hardware takes, and its network behind the radio. */
  stepLaw(edge: number): StepLaw;
  draftMs(device: number): number;
  roundTripMs(edge: number): number;
}

/** @param scenario with a task in every slot, so that every device has its links in every slot */
export function createWalk(scenario: Scenario, edges: number, seed: number, map: RadioMap | undefined): ScenarioWalk {
  const sites = nearSites(createWorld(scenario, seed, map).parts.sites, edges);
  const hotSpots = sites.map(({ x, y }) => ({ xM: x, yM: y, radiusM: aroundM, share: shareAround / edges }));
  const world = createWorld({ ...scenario, mobility: { ...scenario.mobility, hotSpots } }, seed, map);
  world.next();
  const least = 10 ** (scenario.radio.minimumSnrDb / 10);
  const serverOf = (edge: number): number => sites[edge]?.server ?? 0;
  const laws = stepLaws(scenario, world.parts);
  const draftMs = draftTimesMs(scenario, world.parts);
  return {
    slotMs: scenario.slotMs,
    stepLaw: (edge) => laws[serverOf(edge)] as StepLaw,
    draftMs: (device) => draftMs[device] as number,
    roundTripMs: (edge) => world.parts.roundTripMs[serverOf(edge)] as number,
    step: () => void world.next(),
    deviceAt(device) {
      const { deviceX, deviceY } = world.actual;
      return { xM: deviceX[device] as number, yM: deviceY[device] as number };
    },
    edgeAt(edge) {
      const { serverX, serverY } = world.actual;
      return { xM: serverX[serverOf(edge)] as number, yM: serverY[serverOf(edge)] as number };
    },
    rate(device, edge) {
      const { snr, bandwidthHz, serverCount } = world.actual;
      const server = serverOf(edge);
      const one = snr[device * serverCount + server] ?? 0;
      return one < least ? 0 : (bandwidthHz[server] as number) * Math.log2(1 + one);
    },
  };
}

interface Site {
  readonly server: number;
  readonly x: number;
  readonly y: number;
}

/** The site whose nearest neighbours are nearest, and these. */
function nearSites(all: readonly { readonly x: number; readonly y: number }[], count: number): Site[] {
  const sites = all.map(({ x, y }, server) => ({ server, x, y }));
  const groups = sites.map((site) => {
    const near = sites
      .map((other) => ({ other, distance: Math.hypot(other.x - site.x, other.y - site.y) }))
      .sort((one, two) => one.distance - two.distance)
      .slice(0, count);
    return { sites: near.map(({ other }) => other), spread: near.reduce((sum, { distance }) => sum + distance, 0) };
  });
  return groups.reduce((best, group) => (group.spread < best.spread ? group : best)).sites;
}
