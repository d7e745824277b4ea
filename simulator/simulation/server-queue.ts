// Server queues: k, the slots that a task waits before it starts (Koh & Yang 2025, eq. 6), by one of four laws.

import { createRandom } from '../../src/core/basics/philox.ts';
import type { Scenario } from '../scenario/scenario.ts';

export interface ServerQueues {
  /** k_j * kappa; [E]. */
  readonly delayMs: Float64Array;
  /** Unfinished work, ms of a server's whole time; 0 except with law `backlog`; [E]. */
  readonly backlogMs: Float64Array;
  /** kappa with law `backlog`, otherwise 0: the delay for a slot of unfinished work. */
  readonly backlogKappaMs: number;
  /** Sets the delays of the next slot. */
  draw(): void;
  /** Records the work of a slot. @param workMs time that each server needs for its tasks; [E] */
  settle(workMs: Float64Array): void;
}

/** Stream of createRandom, for the random law. */
const queueStream = 0x53200000;

export function createServerQueues(
  settings: Scenario['queue'],
  serverCount: number,
  slotMs: number,
  seed: number,
): ServerQueues {
  const { law, kappaMs } = settings;
  const delayMs = new Float64Array(serverCount);
  const backlogMs = new Float64Array(serverCount);
  const random = createRandom(seed, queueStream);

  function slots(server: number): number {
    switch (law.kind) {
      case 'none':
        return 0;
      case 'fixed':
        return law.slots;
      case 'uniform':
        return random.integer(law.maximumSlots + 1);
      case 'backlog':
        return Math.floor((backlogMs[server] as number) / slotMs);
    }
  }

  return {
    delayMs,
    backlogMs,
    backlogKappaMs: law.kind === 'backlog' ? kappaMs : 0,
    draw() {
      for (let server = 0; server < serverCount; server++) delayMs[server] = kappaMs * slots(server);
    },
    settle(workMs) {
      if (law.kind !== 'backlog') return;
      for (let server = 0; server < serverCount; server++) {
        const left = (backlogMs[server] as number) + (workMs[server] as number) - slotMs;
        // Work above the law's limit is dropped: an overloaded server rejects it.
        backlogMs[server] = Math.min(law.maximumSlots * slotMs, Math.max(0, left));
      }
    },
  };
}
