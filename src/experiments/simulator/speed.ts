// `outrider bench simulate`: how fast the simulator is, beside another on the same machine in the same run. Speeds are by processor time,
// so that what else the machine does changes little.

import { createPolicy } from '../../allocation/policies.ts';
import type { Result } from '../../files/document.ts';
import { readPreset } from '../../scenario/presets.ts';
import { parseOverride } from '../../scenario/read-scenario.ts';
import { createSlotRun } from '../../simulation/run-slots.ts';
import { timeMobileEnv } from './mobile-env.ts';
import { type TokenSpeed, timeTokens } from './token-speed.ts';

export interface SimulateBenchOptions {
  /** Processor time that each repeat lasts at least, ms. */
  readonly repeatMs: number;
  readonly repeats: number;
  /** Steps of mobile-env in each repeat; 0 leaves it out. */
  readonly mobileEnvSteps: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

interface SlotCase {
  readonly name: string;
  readonly devices: number;
  readonly servers: number;
}

const paperCase: SlotCase = { name: 'paper', devices: 30, servers: 4 };
const largeCase: SlotCase = { name: 'large', devices: 180, servers: 20 };
const slotsPerLook = 20;
const dutyShare = 0.05;

/** Channel updated each slot, Max-SINR with equal shares, no tables; the best of the repeats, as the least disturbed. */
export async function benchSimulate(options: SimulateBenchOptions): Promise<Result> {
  const { repeats, mobileEnvSteps, onProgress } = options;
  onProgress?.('slots', 0, 2);
  const paper = timeSlots(paperCase, options);
  onProgress?.('slots', 1, 2);
  const large = timeSlots(largeCase, options);
  onProgress?.('tokens', 0, 2);
  const always = timeTokens(undefined, options, processorMs);
  onProgress?.('tokens', 1, 2);
  const seldom = timeTokens(dutyShare, options, processorMs);
  if (mobileEnvSteps > 0) onProgress?.('mobile-env', 0, 1);
  const mobileEnv =
    mobileEnvSteps > 0
      ? await timeMobileEnv(mobileEnvSteps, repeats)
      : { stepsPerSecond: null, skipped: 'it was not asked for' };
  return {
    rows: [
      { simulator: 'outrider', ...paperCase, stepsPerSecond: paper },
      { simulator: 'outrider', ...largeCase, stepsPerSecond: large },
      tokenRow('tokens', always),
      tokenRow('tokens-duty-5', seldom),
      { simulator: 'mobile-env', name: 'large', devices: 30, servers: 13, stepsPerSecond: mobileEnv.stepsPerSecond },
    ],
    summary: {
      slotsPerSecondPaper: paper,
      slotsPerSecondLarge: large,
      tokenRealtimeFactor: always.realtimeFactor,
      tokenRealtimeFactorDuty5: seldom.realtimeFactor,
      mobileEnvStepsPerSecond: mobileEnv.stepsPerSecond,
      mobileEnvSkipped: mobileEnv.skipped,
    },
    params: { repeatMs: options.repeatMs, repeats, mobileEnvSteps, policy: 'max-sinr' },
    seed: 1,
  };
}

function tokenRow(name: string, speed: TokenSpeed): object {
  return { simulator: 'outrider', ...largeCase, name, ...speed };
}

/** Slots a second of processor time. */
function timeSlots({ devices, servers }: SlotCase, { repeatMs, repeats }: SimulateBenchOptions): number {
  const sets = [`devices.count=${devices}`, `servers.placement.count=${servers}`];
  const scenario = readPreset('paper', sets.map(parseOverride));
  const run = createSlotRun({ scenario, policy: { name: 'max-sinr', decide: createPolicy('max-sinr') }, seed: 1 });
  let best = 0;
  // The first repeat is for the compiler.
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const startMs = processorMs();
    let slots = 0;
    let elapsedMs = 0;
    while (elapsedMs < repeatMs) {
      for (let slot = 0; slot < slotsPerLook; slot++) run.step();
      slots += slotsPerLook;
      elapsedMs = processorMs() - startMs;
    }
    if (repeat > 0) best = Math.max(best, (slots / elapsedMs) * 1000);
  }
  return best;
}

/** Of the whole process, the collector's threads included. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
