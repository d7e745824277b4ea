import { describe, expect, it } from 'vitest';
import { isRightAt, traceDraft } from '../../../simulator/traces/trace.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { writeToyText } from '../../../src/models/port/toy-text.ts';
import { runBestRounds, runRounds, runSteady, type SteadyResult, type SteadySettings } from './steady-edge.ts';
import { toySource } from './wall.ts';

const toy = { seed: 3, texts: 12, answerTokens: 40, maxAhead: 8 };
const source = await toySource({ ...toy, agreement: 0.8 });
const pacesOf = ({ answers }: SteadyResult): number[] => answers.map(({ msPerToken }) => msPerToken);
const step = { fixedMs: 40, perRowMs: 2 };
const settings: SteadySettings = {
  sessions: 6,
  source,
  step,
  timeJitter: 0,
  roundTripsMs: [10, 30],
  draftMs: 10,
  maxAhead: 8,
  hedges: 0,
  leastTokens: 16,
  seed: 1,
};

describe('an edge whose places are always taken', () => {
  it('steps with a row for each session in mode ar', () => {
    const found = runSteady('ar', settings);
    const msPerToken = pacesOf(found);
    const { rows, tokens, busyMs, elapsedMs } = found;
    expect(msPerToken).toHaveLength(toy.texts);
    // A place is free for a round trip between two answers.
    expect(mean(msPerToken)).toBeLessThanOrEqual(40 + 6 * 2);
    expect(mean(msPerToken)).toBeGreaterThan(0.96 * (40 + 6 * 2));
    // Rows of a step whose tokens are on their way are counted already.
    expect(Math.abs(rows - tokens)).toBeLessThanOrEqual(6);
    expect(busyMs / elapsedMs).toBeGreaterThan(0.99);
    // A step that runs at the end counts whole.
    expect(busyMs).toBeLessThanOrEqual(elapsedMs + 60);
  });

  it('is quicker with drafts of devices, and more so the nearer they are', () => {
    const msOf = (mode: 'ar' | 'stream' | 'auto', roundTripMs: number): number =>
      mean(pacesOf(runSteady(mode, { ...settings, roundTripsMs: [roundTripMs] })));
    expect(msOf('stream', 10)).toBeLessThan(0.8 * msOf('ar', 10));
    expect(msOf('stream', 10)).toBeLessThan(msOf('stream', 100));
    expect(msOf('auto', 10)).toBeLessThan(0.85 * msOf('ar', 10));
  });

  it('gains nothing from drafts that are always wrong, and loses little', async () => {
    const wrong = await toySource({ ...toy, agreement: 0 });
    const [stream, ar] = (['stream', 'ar'] as const).map((mode) =>
      mean(pacesOf(runSteady(mode, { ...settings, source: wrong }))),
    ) as [number, number];
    expect(stream / ar).toBeGreaterThan(0.99);
    expect(stream / ar).toBeLessThan(1.1);
  });

  it('keeps to a limit of rows', () => {
    const { rows, tokens, elapsedMs } = runSteady('stream', { ...settings, maxRows: 6 });
    // Six sessions, six rows: there is no room for a draft.
    expect(Math.abs(rows - tokens)).toBeLessThanOrEqual(6);
    expect(elapsedMs).toBeGreaterThan(0);
  });

  it('holds the time per token of hard texts where the edge knows the target', () => {
    const crowd = { ...settings, sessions: 16, timeJitter: 0.1 };
    const target = 72;
    const missed = (found: SteadyResult): number => pacesOf(found).filter((ms) => ms > target).length;
    const [plain, aware] = [runSteady('stream', crowd), runSteady('stream', { ...crowd, targetMsPerToken: target })];
    expect(missed(aware)).toBeLessThan(missed(plain));
    // Easy texts are slower than without a target, and keep it.
    expect(Math.min(...pacesOf(aware))).toBeGreaterThan(Math.min(...pacesOf(plain)));
  });

  it('finds no answer where the edge refuses the target', () => {
    expect(runSteady('ar', { ...settings, targetMsPerToken: 45 }).answers).toEqual([]);
  });

  it('has first tokens after a round trip and a step', () => {
    for (const { firstTokenMs } of runSteady('ar', settings).answers) {
      expect(firstTokenMs).toBeGreaterThan(10 + 42);
      expect(firstTokenMs).toBeLessThan(30 + 2 * 54);
    }
  });

  it('depends on the seed alone', () => {
    const jittered = { ...settings, timeJitter: 0.2 };
    expect(runSteady('auto', jittered)).toEqual(runSteady('auto', jittered));
    expect(runSteady('auto', jittered)).not.toEqual(runSteady('auto', { ...jittered, seed: 2 }));
  });
});

describe('the rival that drafts on the edge', () => {
  const rounds = { ...settings, edgeDraftShare: 0.125 };

  it('is the edge alone without drafts', () => {
    const msPerToken = pacesOf(runRounds(rounds, 0));
    expect(msPerToken).toHaveLength(toy.texts);
    for (const ms of msPerToken) expect(ms).toBeCloseTo(52, 9);
  });

  it('takes the rounds that the recorded drafts allow', async () => {
    const all = await toySource({ ...toy, agreement: 1 });
    // Rounds of four tokens: three drafts for six sessions, then a step of four rows each.
    const roundMs = 3 * 0.125 * (42 * ((40 + 6 * 2) / 42)) + 40 + 6 * 4 * 2;
    for (const ms of pacesOf(runRounds({ ...rounds, source: all }, 3))) expect(ms).toBeCloseTo(roundMs / 4, 6);
    const none = await toySource({ ...toy, agreement: 0 });
    for (const ms of pacesOf(runRounds({ ...rounds, source: none }, 3))) expect(ms).toBeCloseTo(roundMs, 6);
  });

  it('follows each text draft by draft', () => {
    // One session: three drafts, then a step of four rows.
    const roundMs = 3 * 0.125 * 42 + 40 + 4 * 2;
    const paces = source.replays.map(({ session }) => {
      const gains: number[] = [];
      for (let at = 0; at < session.answer.length; at += gains.at(-1) as number) {
        let right = 0;
        while (right < 3 && isRightAt(session, at + right)) right++;
        gains.push(Math.min(right + 1, session.answer.length - at));
      }
      return ((gains.length - 1) * roundMs) / (session.answer.length - (gains[0] as number));
    });
    const found = pacesOf(runRounds({ ...rounds, sessions: 1 }, 3));
    const sorted = (values: readonly number[]): number[] => values.toSorted((one, other) => one - other);
    for (const [index, ms] of sorted(found).entries()) expect(ms).toBeCloseTo(sorted(paces)[index] as number, 6);
  });

  it('is granted the draft length that is best for the load', async () => {
    const best = runBestRounds(rounds);
    const crowded = runBestRounds({ ...rounds, sessions: 60 });
    expect(best.draftLength).toBeGreaterThan(crowded.draftLength);
    expect(runBestRounds({ ...rounds, source: await toySource({ ...toy, agreement: 0 }) }).draftLength).toBe(0);
  });
});

describe('toy texts as recorded sessions', () => {
  it('are what the toy target writes', async () => {
    for (const { session } of source.replays.slice(0, 3)) {
      expect(session.answer).toEqual(await writeToyText(3, session.prompt, neutralSampling, 40));
    }
  });

  it('have the drafts of the toy draft, right and wrong ones', async () => {
    await using model = createToyModel({ seed: 3, role: 'draft', agreement: 0.8 });
    await using drafter = new ModelDrafter(model);
    const { session } = source.replays[0] as (typeof source.replays)[number];
    const shares: boolean[] = [];
    for (let position = 0; position < session.answer.length; position++) {
      const text = [...session.prompt, ...session.answer.slice(0, position)];
      const made = await drafter.draft({ text, promptLength: 1, sampling: neutralSampling });
      const recorded = traceDraft(session, 8, position, null);
      expect(made).toMatchObject({ token: recorded?.token, confidence: recorded?.confidence });
      shares.push(isRightAt(session, position));
      if (isRightAt(session, position)) continue;
      const next = await drafter.draft({
        text: [...text, made?.token ?? 0],
        promptLength: 1,
        sampling: neutralSampling,
      });
      expect(traceDraft(session, 8, position + 1, position)?.token).toBe(next?.token);
    }
    expect(shares.filter(Boolean).length).toBeGreaterThan(20);
    expect(shares.every(Boolean)).toBe(false);
  });
});
