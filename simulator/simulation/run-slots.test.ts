import { describe, expect, it } from 'vitest';
import { predictPace } from '../../src/allocation/felt/predict-pace.ts';
import type { Assignment, Policy, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { isOutriderError } from '../../src/core/basics/errors.ts';
import { mean } from '../../src/core/basics/statistics.ts';
import { createPolicy } from '../policies/policies.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { townMap } from '../world/radio-map.fixture.ts';
import { runSlots, type SlotOutcome } from './run-slots.ts';
import { createSlotTally, type SlotSummary } from './slot-tally.ts';

function read(name: string, ...sets: string[]): Scenario {
  return readPreset(name, sets.map(parseOverride));
}

const maxSinr = createPolicy('max-sinr');

interface Run {
  readonly outcomes: SlotOutcome[];
  readonly summary: SlotSummary;
}

/** Outcomes are copied: a run reuses its arrays. */
function run(scenario: Scenario, slots: number, decide: Policy = maxSinr, seed = 1): Run {
  const outcomes: SlotOutcome[] = [];
  const tally = createSlotTally(10);
  const policy = { name: 'tried', decide };
  const onSlot = (outcome: SlotOutcome): void => {
    tally.add(outcome);
    const { seen, state, assignment, terms } = structuredClone({ ...outcome, world: null });
    outcomes.push({ world: outcome.world, seen, state, assignment, terms });
  };
  runSlots({ scenario, policy, seed, onSlot }, slots);
  return { outcomes, summary: tally.summary() };
}

describe('a run', () => {
  it('is the same for the same seed, and another for another', () => {
    const scenario = read('paper', 'devices.count=8');
    expect(run(scenario, 20).summary).toEqual(run(scenario, 20).summary);
    expect(run(scenario, 20, maxSinr, 2).summary).not.toEqual(run(scenario, 20).summary);
  });

  it('shows every policy the same places, links and tasks', () => {
    const scenario = read('modern', 'devices.count=30', 'workload.arrivals={kind: one-per-slot}');
    const [one, other] = [run(scenario, 15), run(scenario, 15, createPolicy('random'))];
    for (const [slot, { state }] of one.outcomes.entries()) {
      const { state: same } = other.outcomes[slot] as SlotOutcome;
      for (const field of ['gain', 'payloadBits', 'edgeFlop', 'deviceX', 'transmitPowerW'] as const) {
        expect(same[field]).toEqual(state[field]);
      }
    }
    expect(one.summary.objective).not.toBe(other.summary.objective);
  });

  it('does not change the first devices when more are added', () => {
    const few = run(read('paper', 'devices.count=5'), 1).outcomes[0]?.state as SlotState;
    const many = run(read('paper', 'devices.count=9'), 1).outcomes[0]?.state as SlotState;
    for (const field of ['transmitPowerW', 'battery', 'deviceX', 'deviceFlopPerSecond'] as const) {
      expect(many[field].slice(0, 5)).toEqual(few[field]);
    }
    expect(many.gain.slice(0, 20)).toEqual(few.gain);
  });

  it('gives policies the SNR, bandwidth and weights of the paper', () => {
    const { state } = run(read('paper', 'objective.lambdaUnit=per-s'), 1).outcomes[0] as SlotOutcome;
    expect(state.bandwidthHz[0]).toBe(2.5e6);
    // -174 dBm/Hz, 5 dB noise figure, 2.5 MHz: -105.02 dBm.
    const noiseW = 1e-3 * 10 ** ((-174 + 5) / 10) * 2.5e6;
    const expected = ((state.transmitPowerW[3] as number) * (state.gain[3 * 4 + 2] as number)) / noiseW;
    expect((state.snr[3 * 4 + 2] as number) / expected).toBeCloseTo(1, 12);
    expect(state.objective.lambdaPerMs).toBe(1e-5);
    expect(state.objective.minimumSnr).toBeCloseTo(0.3162, 4);
    for (const power of state.transmitPowerW) {
      expect(power).toBeGreaterThanOrEqual(0.0398);
      expect(power).toBeLessThanOrEqual(0.2512);
    }
  });

  it('adds up the terms like a calculation by hand', () => {
    const { outcomes, summary } = run(read('paper', 'devices.count=6'), 3);
    let objective = 0;
    for (const { state, assignment, terms } of outcomes) {
      for (let device = 0; device < 6; device++) {
        const server = assignment.server[device] as number;
        const deviceMs = (1e3 * (state.deviceFlop[device] as number)) / (state.deviceFlopPerSecond[device] as number);
        const y = assignment.bandwidthShare[device] as number;
        const z = assignment.computeShare[device] as number;
        const rate = y * 2.5e6 * Math.log2(1 + (state.snr[device * 4 + server] as number));
        const uploadMs = (1e3 * (state.payloadBits[device] as number)) / rate;
        const edgeMs = (1e3 * (state.edgeFlop[device] as number)) / (z * (state.serverFlopPerSecond[server] as number));
        const energy =
          1e-9 * (state.deviceFlop[device] as number) + 2.6 * y * 2.5 * (state.transmitPowerW[device] as number);
        objective +=
          deviceMs + edgeMs + 0.01 * (deviceMs - uploadMs) ** 2 + (20 * energy) / (state.battery[device] as number);
        expect(terms.latencyMs[device]).toBeCloseTo(Math.max(deviceMs, uploadMs) + edgeMs, 6);
        expect(terms.serialMs[device]).toBeCloseTo(deviceMs + edgeMs, 6);
      }
    }
    expect((summary.objective as number) / (objective / 3)).toBeCloseTo(1, 10);
  });

  it('says what is felt under that objective only, a device that gets nothing included', () => {
    const scenario = read('paper', 'devices.count=6', 'objective.kind=felt');
    const alone: Policy = (state, ...rest) => {
      const assignment = maxSinr(state, ...rest);
      assignment.bandwidthShare[0] = 0;
      return assignment;
    };
    const { outcomes, summary } = run(scenario, 3, alone);
    const predicted = outcomes.map(({ state, assignment }) => predictPace(state, assignment));
    const times = predicted.flatMap(({ msPerToken }) => [...msPerToken]);
    expect(times.filter((ms) => ms === scenario.slotMs)).toHaveLength(3);
    expect(summary.predictedMsPerTokenMean).toBeCloseTo(mean(times), 9);
    expect(summary.predictedFirstTokenMsMean).toBeCloseTo(mean(predicted.flatMap((one) => [...one.firstTokenMs])), 9);
    const served = times.filter((_, task) => task % 6 > 0);
    expect(summary.predictedTokensPerSecond).toBeCloseTo(mean(served.map((ms) => 1e3 / ms)) * 5, 6);
    expect(Object.keys(run(read('paper', 'devices.count=6', 'objective.kind=paper'), 1).summary)).not.toContain(
      'predictedMsPerTokenMean',
    );
  });

  it('uses batteries up, down to the floor', () => {
    const { outcomes } = run(read('paper', 'devices.count=4', 'energy.computeJoulePerFlop=1e-6'), 30);
    const [first, second] = outcomes as [SlotOutcome, SlotOutcome];
    const usedJ = (first.terms.computeEnergyJ[0] as number) + (first.terms.transmitEnergyJ[0] as number);
    const before = first.state.battery[0] as number;
    expect(second.state.battery[0]).toBeCloseTo(Math.max(0.01, before - usedJ / (3900e-3 * 3.86 * 3600)), 12);
    expect([...(outcomes.at(-1) as SlotOutcome).state.battery]).toEqual([0.01, 0.01, 0.01, 0.01]);
    const kept = run(read('paper', 'devices.count=4', 'devices.battery.drains=false'), 5).outcomes;
    expect(kept[4]?.state.battery).toEqual(kept[0]?.state.battery);
  });

  it('keeps the unfinished work of servers', () => {
    const overloaded = ['devices.count=60', 'servers.placement.count=1', 'servers.reachedComputeShare=0.01'];
    const { outcomes } = run(read('paper', ...overloaded, 'queue.law.maximumSlots=7'), 12);
    const delays = outcomes.map(({ state }) => state.queueDelayMs[0] as number);
    expect(delays[0]).toBe(0);
    expect(delays[1]).toBeGreaterThan(0);
    expect((delays[1] as number) % 500).toBe(0);
    expect(delays.at(-1)).toBe(7 * 500);
    const none = run(read('paper', ...overloaded, 'queue.law={kind: none}'), 3).outcomes;
    expect(none[2]?.state.queueDelayMs[0]).toBe(0);
    const fixed = run(read('paper', 'queue.law={kind: fixed, slots: 2}'), 1).outcomes;
    expect(fixed[0]?.state.queueDelayMs[3]).toBe(1000);
  });

  it('shows only devices with a task while sessions come and go', () => {
    const scenario = read('modern', 'devices.count=40', 'workload.arrivals.sessionsPerMinute=6');
    const { outcomes } = run(scenario, 60);
    const counts = outcomes.map(({ state }) => state.deviceCount);
    expect(Math.min(...counts)).toBeLessThan(5);
    expect(Math.max(...counts)).toBeGreaterThan(9);
    expect(Math.max(...counts)).toBeLessThan(40);
    for (const { state } of outcomes) {
      expect(state.payloadBits).toHaveLength(state.deviceCount);
      expect(state.gain).toHaveLength(state.deviceCount * state.serverCount);
      expect([...state.deviceFlop].every((flop) => flop > 0)).toBe(true);
    }
    expect(outcomes.some(({ state }) => [...state.previousServer].some((server) => server >= 0))).toBe(true);
  });

  it('gives each of these devices its own position, links and battery', () => {
    const scenario = read('modern', 'devices.count=20', 'workload.arrivals.sessionsPerMinute=6');
    let checked = 0;
    const onSlot = ({ world, state }: SlotOutcome): void => {
      const { channel, mobility, transmitPowerW } = world.parts;
      const gain = new Float64Array(20 * 16);
      channel.updateGains(mobility.x, mobility.y, state.slot * 250, gain);
      for (let entry = 0; entry < state.deviceCount; entry++) {
        const device = world.devices[entry] as number;
        expect(state.gain.slice(entry * 16, entry * 16 + 16)).toEqual(gain.slice(device * 16, device * 16 + 16));
        expect(state.deviceX[entry]).toBe(mobility.x[device]);
        expect(state.battery[entry]).toBe(world.battery[device]);
        const noiseW =
          (transmitPowerW[device] as number) * ((gain[device * 16] as number) / (state.snr[entry * 16] as number));
        expect(noiseW / (world.parts.noiseW[0] as number)).toBeCloseTo(1, 9);
        if (device !== entry) checked++;
      }
    };
    runSlots({ scenario, policy: { name: 'tried', decide: maxSinr }, seed: 1, onSlot }, 40);
    expect(checked).toBeGreaterThan(20);
  });

  it('continues through slots without a task', () => {
    const scenario = read('modern', 'devices.count=1', 'workload.arrivals.sessionsPerMinute=0.001');
    const { summary } = run(scenario, 5);
    expect(summary).toMatchObject({ slots: 5, tasks: 0, objective: 0, latencyMsMean: null, latencyMsP95: null });
  });

  it('draws the number of devices from the seed when it is a range', () => {
    const counts = [1, 2, 3, 4, 5].map(
      (seed) => run(read('paper', 'devices.count={minimum: 3, maximum: 9}'), 1, maxSinr, seed).summary.tasks,
    );
    expect(new Set(counts).size).toBeGreaterThan(1);
    for (const count of counts) expect(count >= 3 && count <= 9).toBe(true);
  });

  it('refuses a map that does not fit', () => {
    expect(() => run(read('munich'), 1)).toThrow('the map munich was not read');
    const withMap =
      (...sets: string[]) =>
      () =>
        runSlots({ ...on(read('street-canyon', ...sets)), map: townMap() }, 1);
    const on = (scenario: Scenario) => ({ scenario, policy: { name: 'tried', decide: maxSinr }, seed: 1 });
    expect(withMap()).toThrow(/^channel\.sha256 is 7808d3.*; the map street-canyon has 0000/);
    const anyMap = 'channel.sha256=null';
    expect(withMap(anyMap)).not.toThrow();
    expect(withMap(anyMap, 'servers.placement.count=3')).toThrow('servers.placement.count is 3; the map has 2 sites');
    expect(withMap(`channel.sha256=${'a'.repeat(64)}`)).toThrow(`the map street-canyon has ${'0'.repeat(64)}`);
  });
});

describe('a policy without an assignment is refused, with the allowed form', () => {
  const good = (state: SlotState): Assignment => maxSinr(state);
  const withField = (field: string, value: unknown) => (state: SlotState) =>
    ({ ...good(state), [field]: value }) as Assignment;
  const withShare = (field: 'bandwidthShare' | 'computeShare', share: number) => (state: SlotState) => {
    const given = good(state);
    given[field][2] = share;
    return given;
  };

  it.each<readonly [string, (state: SlotState) => unknown, string, string]>([
    [
      'nothing',
      () => undefined,
      'policy tried, slot 0 gave undefined',
      'an object with server, bandwidthShare and computeShare',
    ],
    ['a promise', async (state) => good(state), 'gave a promise', 'A policy decides at once'],
    ['no servers', withField('server', undefined), 'server is missing', 'an object with server'],
    ['a number of servers', withField('server', 3), 'server is 3', 'an object with server'],
    ['too few servers', withField('server', new Int32Array(3)), 'server has 3 entries', '8, one for each device'],
    [
      'too many shares',
      withField('computeShare', new Float64Array(9)),
      'computeShare has 9 entries',
      '8, one for each device',
    ],
    ['NaN', withShare('bandwidthShare', Number.NaN), 'device 2: bandwidthShare is NaN', 'a number from 0 to 1'],
    ['a share above 1', withShare('computeShare', 1.5), 'device 2: computeShare is 1.5', 'a number from 0 to 1'],
    ['a negative share', withShare('bandwidthShare', -0.1), 'device 2: bandwidthShare is -0.1', 'a number from 0 to 1'],
    [
      'shares of more than all',
      withField('bandwidthShare', new Float64Array(8).fill(0.9)),
      'its bandwidthShares add up to',
      'at most 1',
    ],
    ['a server that is not there', withField('server', new Int32Array(8).fill(4)), 'device 0: server is 4', '0 to 3'],
    ['half a server', withField('server', new Float64Array(8).fill(0.5)), 'device 0: server is 0.5', '0 to 3'],
    [
      'an exception',
      () => {
        throw new TypeError('x is not a function');
      },
      'policy tried, slot 0 threw TypeError: x is not a function',
      'Correct the policy.',
    ],
  ])('%s', (_name, decide, cause, remedy) => {
    try {
      run(read('paper', 'devices.count=8'), 1, decide as Policy);
    } catch (error) {
      if (!isOutriderError(error)) throw error;
      expect(error.code).toBe('bad-argument');
      expect(error.message).toContain(cause);
      expect(error.remedy).toContain(remedy);
      return;
    }
    expect.fail('it was taken');
  });

  it('a server out of reach', () => {
    const decide = (state: SlotState): Assignment => {
      state.snr[5] = 0.01;
      const given = good(state);
      given.server[1] = 1;
      return given;
    };
    expect(() => run(read('paper', 'devices.count=8'), 1, decide)).toThrow('device 1: server is 1, whose SNR is 0.01');
  });
});
