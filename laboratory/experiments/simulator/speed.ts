// `outrider bench simulate`: the speed of the simulator, beside another one on the same machine in the same run. Speeds are by processor
// time, on which other programs have little effect.

import type { Experiment } from '../../../simulator/runner/experiment.ts';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import { parseOverride } from '../../../simulator/scenario/read-scenario.ts';
import { createSlotRun } from '../../../simulator/simulation/run-slots.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { bestRepeat } from './best-repeat.ts';
import { type MobileEnvResult, timeMobileEnv } from './mobile-env.ts';
import { type TokenSpeed, timeTokens } from './token-speed.ts';

interface SlotCase {
  readonly name: string;
  readonly devices: number;
  readonly servers: number;
}

const paperCase: SlotCase = { name: 'paper', devices: 30, servers: 4 };
const largeCase: SlotCase = { name: 'large', devices: 180, servers: 20 };
const slotsPerLook = 20;
const dutyShare = 0.05;
/** Steps in each repeat. */
const mobileEnvSteps = 200;

const options = {
  repeats: { flag: '--repeats <count>', help: 'the best of so many', whole: [1, 100], default: 5 },
  repeatMs: { flag: '--repeat-ms <ms>', help: 'processor time of each', whole: [10, 600_000], default: 1000 },
  mobileEnv: { flag: '--no-mobile-env', help: 'leave mobile-env out', default: true as boolean },
} as const;

type Options = OptionsOf<typeof options>;

interface SpeedFound {
  /** Slots a second of processor time. */
  readonly paper: number;
  readonly large: number;
  readonly always: TokenSpeed;
  readonly seldom: TokenSpeed;
  readonly mobileEnv: MobileEnvResult;
}

/** Channel updated each slot, Max-SINR with equal shares, no tables; the best repeat, which is the least disturbed. */
export const simulatorExperiment: Experiment<typeof options, SpeedFound> = {
  name: 'bench simulate',
  description: 'how fast the simulator is on one core, slots and tokens, beside mobile-env (Python, fetched once)',
  options,
  async measure(asked, run) {
    const [paper, large] = await run.all('slots', [
      { key: 'slots, paper', measure: () => timeSlots(paperCase, asked) },
      { key: 'slots, large', measure: () => timeSlots(largeCase, asked) },
    ]);
    const [always, seldom] = await run.all('tokens', [
      { key: 'tokens', measure: () => timeTokens(undefined, asked) },
      { key: 'tokens, duty cycle', measure: () => timeTokens(dutyShare, asked) },
    ]);
    const [mobileEnv] = asked.mobileEnv
      ? await run.all('mobile-env', [
          { key: 'mobile-env', measure: () => timeMobileEnv(mobileEnvSteps, asked.repeats) },
        ])
      : [{ stepsPerSecond: null, skipped: 'it was not asked for' }];
    return { paper, large, always, seldom, mobileEnv } as SpeedFound;
  },
  conclude({ paper, large, always, seldom, mobileEnv }, { repeatMs, repeats, mobileEnv: isAsked }) {
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
      params: { repeatMs, repeats, mobileEnvSteps: isAsked ? mobileEnvSteps : 0, policy: 'max-sinr' },
      seed: 1,
    };
  },
};

function tokenRow(name: string, speed: TokenSpeed): object {
  return { simulator: 'outrider', ...largeCase, name, ...speed };
}

/** Slots a second of processor time. */
function timeSlots({ devices, servers }: SlotCase, asked: Options): number {
  const sets = [`devices.count=${devices}`, `servers.placement.count=${servers}`];
  const scenario = readPreset('paper', sets.map(parseOverride));
  const run = createSlotRun({ scenario, policy: { name: 'max-sinr', decide: createPolicy('max-sinr') }, seed: 1 });
  const step = (): void => {
    for (let slot = 0; slot < slotsPerLook; slot++) run.step();
  };
  return bestRepeat(asked, step, (looks, elapsedMs) => (1000 * looks * slotsPerLook) / elapsedMs);
}
