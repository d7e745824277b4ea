// The speed of the token fidelity relative to real time: simulated time over processor time, on one thread.

import { readPreset } from '../../../simulator/scenario/presets.ts';
import { parseOverride } from '../../../simulator/scenario/read-scenario.ts';
import { createSlotRun, type SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import { createTokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import { bestRepeat, type RepeatOptions } from './best-repeat.ts';

export interface TokenSpeed {
  readonly realtimeFactor: number;
  /** Simulated tokens of all devices. */
  readonly tokensPerSecond: number;
  /** Events of the queue for each token that reached a reader. */
  readonly eventsPerToken: number;
  /** Processor time per event, with the work of slots. */
  readonly nanosecondsPerEvent: number;
}

const size = ['devices.count=180', 'servers.placement.count=20'];
const warmSlots = 4;

/**
 * Preset `paper`, 180 devices, 20 servers, Max-SINR, mode stream, no tables; the best of the repeats.
 * @param duty share of the devices at work at a time; undefined: each begins its next answer at once
 */
export function timeTokens(duty: number | undefined, options: RepeatOptions): TokenSpeed {
  const arrivals = duty === undefined ? [] : [`workload.arrivals={"kind":"duty-cycle","share":${duty}}`];
  const scenario = readPreset('paper', [...size, ...arrivals].map(parseOverride));
  const source = drawnSource(scenario.workload, scenario.token.acceptance, 1);
  const policy = { name: 'max-sinr', decide: createPolicy('max-sinr') };
  const play = (outcome: SlotOutcome): Float64Array => tokens.play(outcome);
  const run = createSlotRun({ scenario, policy, seed: 1, play });
  const tokens = createTokenRun(run.world, { source, mode: 'stream', seed: 1 });
  for (let slot = 0; slot < warmSlots; slot++) run.step();
  let before = tokens.totals();
  return bestRepeat(
    options,
    () => run.step(),
    (slots, elapsedMs) => {
      const after = tokens.totals();
      const [made, events] = [after.tokens - before.tokens, after.events - before.events];
      const simulatedMs = slots * scenario.slotMs;
      before = after;
      return {
        realtimeFactor: simulatedMs / elapsedMs,
        tokensPerSecond: (1e3 * made) / simulatedMs,
        eventsPerToken: events / made,
        nanosecondsPerEvent: (1e6 * elapsedMs) / events,
      };
    },
  );
}
