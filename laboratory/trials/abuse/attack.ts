// The shape of an attack of trial abuse.

import type { Target } from './intruder.ts';

export interface Attack {
  readonly name: string;
  /** What it does, in a few words. */
  readonly words: string;
  /** It shows only after this time: the edge gives a peer so long. */
  readonly leastSeconds?: number;
  /** Attacks until the target is over, then lets go of its connections. */
  run(target: Target): Promise<void>;
}
