import { describe, expect, it } from 'vitest';
import { predictTokens } from '../../src/allocation/felt/predict-tokens.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import type { ModeName } from '../../src/core/protocol/wire/mode.ts';
import { createPolicy } from '../policies/policies.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import { runSession, runSourceSession, type SessionConditions } from '../virtual-time/run-session.ts';
import { type TraceReplay, traceSource } from '../virtual-time/trace-replay.ts';
import { createSlotRun } from './run-slots.ts';
import type { SessionRecord } from './token-device.ts';
import { draftTimesMs, stepLaws } from './token-hardware.ts';
import { createTokenRun, type TokenRun } from './token-run.ts';
import { drawnSource, type TokenSource } from './token-source.ts';

interface Played {
  readonly records: readonly SessionRecord[];
  readonly rates: ReadonlySet<number>;
  /** Figures of each slot. */
  readonly taskCounts: readonly number[];
  readonly tokens: TokenRun;
  readonly conditions: SessionConditions;
}

const maxSinr = createPolicy('max-sinr');
const lone = ['devices.count=1', 'servers.placement.count=1', 'mobility.model=still'];

function playedOf(
  sets: readonly string[],
  slots: number,
  more: {
    readonly source?: (own: TokenSource) => TokenSource;
    readonly decide?: (state: SlotState) => Assignment;
    readonly mode?: ModeName;
  } = {},
): Played {
  const { decide = maxSinr, mode = 'stream' } = more;
  const scenario = readPreset('paper', sets.map(parseOverride));
  const drawn = drawnSource(scenario.workload, scenario.token.acceptance, 1);
  const records: SessionRecord[] = [];
  const rates = new Set<number>();
  const taskCounts: number[] = [];
  const run = createSlotRun({
    scenario,
    policy: { name: 'tested', decide },
    seed: 1,
    play(outcome) {
      taskCounts.push(outcome.state.deviceCount);
      rates.add(outcome.terms.rateBitPerSecond[0] as number);
      return tokens.play(outcome);
    },
  });
  const source = more.source?.(drawn) ?? drawn;
  const onSession = (record: SessionRecord): void => void records.push(record);
  const tokens = createTokenRun(run.world, { source, mode, seed: 1, onSession });
  for (let slot = 0; slot < slots; slot++) run.step();
  const [step] = stepLaws(scenario, run.world.parts);
  const conditions = {
    mode,
    seed: 1,
    roundTripMs: run.world.parts.roundTripMs[0] as number,
    link: { uplinkBitsPerSecond: [...rates][0] as number },
    draftMs: draftTimesMs(scenario, run.world.parts)[0] as number,
    step: step as SessionConditions['step'],
    limits: { maxRows: 1024, usefulRows: 256, prefillChunk: 512 },
    turn: { draftLength: 25, maxAhead: 25 },
  };
  return { records, rates, taskCounts, tokens, conditions };
}

const msPerTokenOf = ({ startMs, endMs, answerTokens }: SessionRecord): number => (endMs - startMs) / answerTokens;
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
const codeOnly = 'workload.tasks=[{"kind":"code","windowTokens":25}]';

describe('one device on a fixed link', () => {
  const longest = ({ replays }: TokenSource): TraceReplay =>
    replays.reduce((one, other) => (other.session.answer.length > one.session.answer.length ? other : one));

  it.each(['ar', 'stream', 'sd'] as const)('takes as long for a token as a single session: %s', (mode) => {
    let replay: TraceReplay | undefined;
    const source = (own: TokenSource): TokenSource => {
      replay = longest(own);
      return { ...own, replays: [replay], pick: () => 0 };
    };
    const { records, rates, conditions } = playedOf([...lone, codeOnly], 400, { source, mode });
    expect(rates.size).toBe(1);
    expect(records.length).toBeGreaterThan(8);
    const alone = seeds.map((seed) => runSourceSession({ ...conditions, seed }, traceSource(replay as TraceReplay)));
    const expected = mean(alone.map(({ msPerToken }) => msPerToken));
    expect(Math.abs(mean(records.map(msPerTokenOf)) / expected - 1)).toBeLessThan(0.01);
  });

  it('takes as long for a token as the toy language in bench modes', () => {
    const { records, conditions } = playedOf([...lone, codeOnly, 'token.acceptance=0.8'], 1500);
    // Long answers, so that lengths do not matter; each has its own prompt.
    const long = records.filter(({ answerTokens }) => answerTokens > 100);
    const toy = long
      .slice(0, 150)
      .map(({ answerTokens, promptTokens }, index) =>
        runSession({ ...conditions, acceptance: 0.8, answerTokens, promptTokens, seed: index + 1 }),
      );
    expect(toy.length).toBeGreaterThan(60);
    const ratio = mean(long.slice(0, 150).map(msPerTokenOf)) / mean(toy.map(({ msPerToken }) => msPerToken));
    expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
  });
});

describe('many devices', () => {
  it('get the same texts with the same seed, and hand over when their assignment changes', () => {
    const [one, other] = [playedOf(['devices.count=12'], 40), playedOf(['devices.count=12'], 40)];
    expect(one.records).toEqual(other.records);
    expect(one.tokens.totals()).toEqual(other.tokens.totals());
    // Another server in every slot: answers are still completed.
    const decide = (state: SlotState): Assignment => {
      const assignment = maxSinr({
        ...state,
        snr: state.snr.map((snr, link) => (link % 4 === state.slot % 4 ? 1e9 : snr)),
      });
      return assignment;
    };
    const moved = playedOf(['devices.count=12', 'radio.minimumSnrDb=-50'], 40, { decide });
    expect(moved.tokens.totals().handovers).toBeGreaterThan(300);
    expect(mean(moved.records.map(msPerTokenOf))).toBeGreaterThan(mean(one.records.map(msPerTokenOf)));
    expect(moved.records.length).toBeGreaterThan(20);
    // Each handover sends the text again, about three bytes a token; what closed connections have carried counts.
    for (const { uplinkBytes, promptTokens, handovers } of moved.records)
      expect(uplinkBytes).toBeGreaterThan(3 * handovers * promptTokens);
  });

  it('send nothing while they are not served', () => {
    const nobody = ({ deviceCount }: SlotState): Assignment => ({
      server: new Int32Array(deviceCount).fill(-1),
      bandwidthShare: new Float64Array(deviceCount),
      computeShare: new Float64Array(deviceCount),
    });
    const { tokens } = playedOf(['devices.count=3', 'radio.minimumSnrDb=50'], 10, { decide: nobody });
    expect(tokens.totals()).toMatchObject({ tokens: 0, engineSteps: 0 });
  });

  it('say before a slot where their sessions stand, and the tokens that are expected of it are those that come', () => {
    const scenario = readPreset('paper', [parseOverride('devices.count=12')]);
    const source = drawnSource(scenario.workload, scenario.token.acceptance, 1);
    let expected = 0;
    let expectedMoved = 0;
    let moved = 0;
    const isMoving = (slot: number): boolean => slot >= 24;
    // In the later slots everybody moves to another server in each, where it can.
    const decide = (state: SlotState): Assignment =>
      maxSinr({
        ...state,
        snr: state.snr.map((snr, link) => (isMoving(state.slot) && link % 4 === state.slot % 4 && snr > 1 ? 1e9 : snr)),
      });
    const run = createSlotRun({
      scenario,
      policy: { name: 'tested', decide },
      seed: 1,
      play(outcome) {
        const { state, assignment, world } = outcome;
        const standings = tokens.standings(world.devices.subarray(0, state.deviceCount));
        if (state.slot === 0) for (const { texts } of standings) expect(texts).toEqual([]);
        const sum = predictTokens(state, assignment, standings).tokens.reduce((all, one) => all + one, 0);
        if (isMoving(state.slot)) expectedMoved += sum;
        else expected += sum;
        for (const { texts, textTokens } of standings) {
          for (const { aheadTokens, leftTokens } of texts)
            expect(leftTokens).toBeLessThan(textTokens + aheadTokens + 1);
        }
        if (state.slot === 25) moved = standings.filter(({ texts }) => texts.length > 1).length;
        return tokens.play(outcome);
      },
    });
    const tokens = createTokenRun(run.world, { source, mode: 'stream', seed: 1 });
    for (let slot = 0; slot < 24; slot++) run.step();
    const before = tokens.totals().tokens;
    for (let slot = 24; slot < 32; slot++) run.step();
    expect(Math.abs(expected / before - 1)).toBeLessThan(0.1);
    expect(moved).toBeGreaterThan(0);
    expect(Math.abs(expectedMoved / (tokens.totals().tokens - before) - 1)).toBeLessThan(0.15);
  });

  it('wait for first tokens from their requests on, and with another seed from a time on they differ from then on', () => {
    const scenario = readPreset('paper', [parseOverride('devices.count=6')]);
    const source = drawnSource(scenario.workload, scenario.token.acceptance, 1);
    const play = (reseeded?: { fromMs: number; seed: number }) => {
      const run = createSlotRun({
        scenario,
        policy: { name: 'tested', decide: maxSinr },
        seed: 1,
        play: (outcome) => tokens.play(outcome),
      });
      const records: SessionRecord[] = [];
      const onSession = (record: SessionRecord): void => void records.push(record);
      const tokens = createTokenRun(run.world, { source, mode: 'stream', seed: 1, reseeded, onSession });
      const counts = Array.from({ length: 12 }, () => {
        run.step();
        return tokens.deviceTokens().join();
      });
      return { counts, records, waitedMs: tokens.waitedMs() };
    };
    const one = play();
    const first = one.records.filter(({ device, startMs }) => device === 0 && startMs >= 0);
    const waited = first.reduce((sum, { startMs, firstTokenMs }) => sum + firstTokenMs - startMs, 0);
    // Beside the answers that ended there is the one that runs.
    expect(one.waitedMs[0]).toBeGreaterThanOrEqual(waited);
    expect(one.waitedMs[0]).toBeLessThan(waited + 2_000);
    const other = play({ fromMs: 6 * scenario.slotMs, seed: 2 });
    expect(other.counts.slice(0, 6)).toEqual(one.counts.slice(0, 6));
    expect(other.counts.slice(6)).not.toEqual(one.counts.slice(6));
    expect(play().counts).toEqual(one.counts);
  });

  it('have the weight of their slot on a server from the first chunk of their prompt on', () => {
    const shares: number[] = [];
    const scenario = readPreset('paper', ['devices.count=6', 'servers.placement.count=1'].map(parseOverride));
    const source = drawnSource(scenario.workload, scenario.token.acceptance, 1);
    const decide = (state: SlotState): Assignment => ({
      ...maxSinr(state),
      computeShare: Float64Array.of(0.9, 0.02, 0.02, 0.02, 0.02, 0.02),
    });
    const run = createSlotRun({
      scenario,
      policy: { name: 'tested', decide },
      seed: 1,
      play(outcome) {
        const answered = tokens.play(outcome);
        for (const { texts } of tokens.standings(outcome.world.devices))
          for (const { share } of texts) shares.push(share);
        return answered;
      },
    });
    const tokens = createTokenRun(run.world, { source, mode: 'stream', seed: 1 });
    run.step();
    expect(shares).toEqual([0.9, 0.02, 0.02, 0.02, 0.02, 0.02]);
  });

  it('read the same texts one after the other, however long each of them takes', () => {
    const rare = 'workload.arrivals={"kind":"poisson-sessions","sessionsPerMinute":20,"keptShare":0.6}';
    const textsOf = (trips: number): readonly (readonly string[])[] => {
      const { records } = playedOf(['devices.count=4', rare, `token.roundTripMs=${trips}`], 120);
      return [0, 1, 2, 3].map((index) => {
        const own = records
          .filter(({ device }) => device === index)
          .toSorted((one, other) => one.startMs - other.startMs);
        return own.map(({ task, promptTokens, answerTokens }) => `${task} ${promptTokens} ${answerTokens}`);
      });
    };
    const [near, far] = [textsOf(10), textsOf(150)];
    for (const [device, texts] of near.entries()) {
      const both = Math.min(texts.length, far[device]?.length ?? 0);
      expect(both).toBeGreaterThan(3);
      expect(far[device]?.slice(0, both)).toEqual(texts.slice(0, both));
    }
  });

  it('wait for the round trip of their own server', () => {
    const rare = 'workload.arrivals={"kind":"poisson-sessions","sessionsPerMinute":20,"keptShare":0.6}';
    // The same texts in all cases.
    const firstTokenMs = (trips: string): number => {
      const { records } = playedOf([...lone, rare, trips], 120);
      expect(records.length).toBeGreaterThan(5);
      return mean(records.slice(0, 5).map(({ startMs, firstTokenMs: firstMs }) => firstMs - startMs));
    };
    const near = firstTokenMs('token.roundTripMs={"minimum":10,"maximum":10}');
    expect(near).toBe(firstTokenMs('token.roundTripMs=10'));
    expect(firstTokenMs('token.roundTripMs={"minimum":110,"maximum":110}') - near).toBeGreaterThan(90);
  });

  it('spend drafts and air: all that they drafted, and the bits of their frames at the rate of the slot', () => {
    const { records, tokens, rates } = playedOf(lone, 40);
    const [{ drafts, airMs } = { drafts: 0, airMs: 0 }] = tokens.deviceEfforts();
    const ended = records.reduce((sum, { drafted }) => sum + drafted, 0);
    expect(drafts).toBeGreaterThanOrEqual(ended);
    expect(drafts).toBeLessThan(ended + 2 * (ended / records.length));
    const sentMs = records.reduce((sum, { uplinkBytes }) => sum + (8e3 * uplinkBytes) / ([...rates][0] as number), 0);
    expect(airMs).toBeGreaterThan(0.99 * sentMs);
    expect(airMs).toBeLessThan(1.5 * sentMs);
    const alone = playedOf(lone, 10, { mode: 'ar' }).tokens.deviceEfforts();
    expect(alone[0]?.drafts).toBe(0);
    expect(alone[0]?.airMs).toBeGreaterThan(0);
  });

  it('are active in the share of the duty cycle', () => {
    const duty = 'workload.arrivals={"kind":"duty-cycle","share":0.1}';
    const { taskCounts, records } = playedOf(['devices.count=40', duty], 60);
    expect(new Set(taskCounts)).toEqual(new Set([4]));
    expect(new Set(records.map(({ device }) => device)).size).toBeGreaterThan(8);
  });
});
