// Draws whether a run has a controller, and how: its policy, its network, what its devices know without it.

import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import type { LinkSettings } from '../../../src/core/protocol/wire/link-model.ts';
import { addressOf } from './addresses.ts';
import { type FalseEdgeKind, falseEdgeKinds } from './false-edge.ts';
import { pick, streams } from './scene.ts';

export interface ControlScene {
  readonly random: Random;
  readonly policy: string;
  readonly slotMs: number;
  readonly reportEveryMs: number;
  /** Of members to their controller. */
  readonly link: LinkSettings;
  /** The edges' ids at the controller, by name: the same names as in the lists of devices, or others. */
  readonly ids: ReadonlyMap<string, string>;
  /** Addresses of the edges of each device's own list, by its name; empty: it knows none without the controller. */
  readonly ownAddresses: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether members check the certificate of who answers as their controller. */
  readonly isChecked: boolean;
  /** Devices that go on with a text at an edge with another target. */
  readonly allowsOtherTarget: ReadonlySet<string>;
  /** What is at the address of an edge that is none. */
  readonly falseEdge: FalseEdgeKind;
}

interface Participants {
  readonly edges: readonly string[];
  readonly devices: readonly { readonly name: string; readonly keepsTarget?: boolean }[];
}

/** Null: the run has no controller, as every second one. */
export function createControlScene(
  seed: number,
  link: LinkSettings,
  { edges, devices }: Participants,
): ControlScene | null {
  const random = createRandom(seed, streams.control);
  if (random.uniform() < 0.5) return null;
  const prefix = pick(random, ['', 'id-of-']);
  const ownAddresses = new Map<string, ReadonlySet<string>>();
  for (const { name } of devices) {
    const own = pick(random, [[], edges, edges, edges.slice(0, 1)]);
    ownAddresses.set(name, new Set(own.map(addressOf)));
  }
  return {
    random,
    // The random one moves sessions all the time.
    policy: pick(random, ['random', 'random', 'greedy', 'max-sinr']),
    slotMs: pick(random, [200, 1000]),
    reportEveryMs: pick(random, [100, 500]),
    link: { ...link, seed: seed + 7 },
    ids: new Map(edges.map((edge) => [edge, `${prefix}${edge}`])),
    ownAddresses,
    falseEdge: pick(random, falseEdgeKinds),
    isChecked: random.uniform() < 0.5,
    allowsOtherTarget: new Set(devices.flatMap(({ name, keepsTarget }) => (keepsTarget === true ? [] : [name]))),
  };
}
