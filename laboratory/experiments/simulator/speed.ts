// `outrider bench simulate`: the speed of the simulator, beside another one on the same machine in the same run. Speeds are by processor
// time, on which other programs have little effect.

import type { Experiment } from '../../../simulator/runner/experiment.ts';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import { parseOverride } from '../../../simulator/scenario/read-scenario.ts';
import { createSlotRun, type SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import { createTokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { type MobileEnvResult, timeMobileEnv } from './mobile-env.ts';

interface SlotCase {
  readonly name: string;
  readonly devices: number;
  readonly servers: number;
}

const paperCase: SlotCase = { name: 'paper', devices: 30, servers: 4 };
const largeCase: SlotCase = { name: 'large', devices: 180, servers: 20 };
/** Slots between two checks of the time. */
const slotsPerCheck = 20;
const dutyShare = 0.05;
/** Slots of a token run that do not count: until then the compiler meets paths that it does not know. */
const warmSlots = 20;
/** Steps of mobile-env on the machine of the goals: 730 slots for each are 16,000 a second there. */
const goalStepsPerSecond = 22;
/** Steps in each repeat. */
const mobileEnvSteps = 200;

const options = {
  repeats: { flag: '--repeats <count>', help: 'the best of so many', whole: [1, 100], default: 5 },
  repeatMs: { flag: '--repeat-ms <ms>', help: 'processor time of each', whole: [10, 600_000], default: 1000 },
  mobileEnv: { flag: '--no-mobile-env', help: 'leave mobile-env out', default: true as boolean },
} as const;

type Options = OptionsOf<typeof options>;

type Repeats = Pick<Options, 'repeats' | 'repeatMs'>;

interface TokenSpeed {
  /** Simulated time over processor time. */
  readonly realtimeFactor: number;
  /** Simulated tokens of all devices. */
  readonly tokensPerSecond: number;
  /** Events of the queue for each token that reached a reader. */
  readonly eventsPerToken: number;
  /** Processor time per event, with the work of slots. */
  readonly nanosecondsPerEvent: number;
}

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
  lasts: '1 minute',
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
    const { stepsPerSecond } = mobileEnv;
    const perStep = (speed: number): number | null => (stepsPerSecond === null ? null : speed / stepsPerSecond);
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
        // A machine has much effect on the rates, and less on their ratio.
        slotsPaperOverMobileEnv: perStep(paper),
        tokenRealtimeFactorScaled: perStep(goalStepsPerSecond * always.realtimeFactor),
        mobileEnvSkipped: mobileEnv.skipped,
      },
      params: { repeatMs, repeats, mobileEnvSteps: isAsked ? mobileEnvSteps : 0, policy: 'max-sinr' },
      seed: 1,
    };
  },
  goals: () => ({ slotsPaperOverMobileEnv: { atLeast: 730 }, tokenRealtimeFactorScaled: { atLeast: 4 } }),
};

function tokenRow(name: string, speed: TokenSpeed): object {
  return { simulator: 'outrider', ...largeCase, name, ...speed };
}

function scenarioOf({ devices, servers }: SlotCase, ...overrides: readonly string[]) {
  const sets = [`devices.count=${devices}`, `servers.placement.count=${servers}`, ...overrides];
  return readPreset('paper', sets.map(parseOverride));
}

const policy = { name: 'max-sinr', decide: createPolicy('max-sinr') };

function timeSlots(size: SlotCase, asked: Repeats): number {
  const run = createSlotRun({ scenario: scenarioOf(size), policy, seed: 1 });
  const step = (): void => {
    for (let slot = 0; slot < slotsPerCheck; slot++) run.step();
  };
  return bestRepeat(asked, step, (checks, elapsedMs) => (1000 * checks * slotsPerCheck) / elapsedMs);
}

/**
 * The token fidelity in mode stream, with the large case.
 * @param duty share of the devices at work at a time; undefined: each begins its next answer at once
 */
function timeTokens(duty: number | undefined, asked: Repeats): TokenSpeed {
  const arrivals = duty === undefined ? [] : [`workload.arrivals={"kind":"duty-cycle","share":${duty}}`];
  const scenario = scenarioOf(largeCase, ...arrivals);
  const source = drawnSource(scenario.workload, scenario.token.acceptance, 1);
  const play = (outcome: SlotOutcome): Float64Array => tokens.play(outcome);
  const run = createSlotRun({ scenario, policy, seed: 1, play });
  const tokens = createTokenRun(run.world, { source, mode: 'stream', seed: 1 });
  const step = (): void => void run.step();
  for (let slot = 0; slot < warmSlots; slot++) step();
  let before = tokens.totals();
  return bestRepeat(asked, step, (slots, elapsedMs) => {
    const after = tokens.totals();
    const made = after.tokens - before.tokens;
    const events = after.events - before.events;
    const simulatedMs = slots * scenario.slotMs;
    before = after;
    return {
      realtimeFactor: simulatedMs / elapsedMs,
      tokensPerSecond: (1e3 * made) / simulatedMs,
      eventsPerToken: events / made,
      nanosecondsPerEvent: (1e6 * elapsedMs) / events,
    };
  });
}

/**
 * The best of a few repeats by processor time, because it is the least disturbed one.
 * @param describe called after each repeat, with its steps and processor time
 * @returns the result of `describe` for the repeat with the most steps in a millisecond
 */
function bestRepeat<Found>(
  { repeatMs, repeats }: Repeats,
  step: () => void,
  describe: (steps: number, elapsedMs: number) => Found,
): Found {
  const found = Array.from({ length: repeats + 1 }, () => {
    const startMs = processorMs();
    let steps = 0;
    let elapsedMs = 0;
    while (elapsedMs < repeatMs) {
      step();
      steps += 1;
      elapsedMs = processorMs() - startMs;
    }
    return { rate: steps / elapsedMs, described: describe(steps, elapsedMs) };
  });
  // The first repeat is a warm-up for the compiler.
  return found.slice(1).reduce((best, one) => (one.rate > best.rate ? one : best)).described;
}

/** Processor time of the whole process, with the threads of the garbage collector. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
