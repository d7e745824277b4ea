import { describe, expect, it } from 'vitest';
import { modeNames } from '../../src/core/protocol/wire/mode.ts';
import { runSession, type SessionSettings } from './run-session.ts';

const settings: SessionSettings = {
  mode: 'stream',
  seed: 1,
  roundTripMs: 10,
  acceptance: 0.8,
  draftMs: 10,
  step: { fixedMs: 40, perRowMs: 0.4 },
  answerTokens: 200,
};

describe('a session without faults', () => {
  it('takes one step per token with the edge alone, with the time of the step law', () => {
    const result = runSession({ ...settings, mode: 'ar' });
    expect(result.account.steps).toBe(200);
    expect(result.rows).toBe(200);
    expect(Math.abs(result.engineBusyMs / 200 - 40.4)).toBeLessThan(1);
    expect(result.durationMs).toBeGreaterThanOrEqual(result.engineBusyMs + 10);
    expect(result.durationMs).toBeLessThan(result.engineBusyMs + 11);
    expect(result.emissions.reduce((sum, { tokenCount }) => sum + tokenCount, 0)).toBe(200);
  });

  it('ends after a long prompt whose every token is a row of an expensive step', () => {
    const step = { fixedMs: 4, perRowMs: 36 };
    const prompt = { promptTokens: 1200, answerTokens: 20 };
    const { answerTokens, emissions } = runSession({ ...settings, mode: 'ar', roundTripMs: 0, step, ...prompt });
    expect(answerTokens).toBe(20);
    expect(emissions[0]?.atMs).toBeGreaterThan(30_000);
  });

  it('writes the same text with hedges of the edge, in less time', () => {
    for (const mode of ['edge-sd', 'mix'] as const) {
      const runs = [0, 3].map((hedges) => {
        const edgeDraft = { tokenCount: 3, tokenMs: 5, hedges };
        const seeds = [1, 2, 3, 4, 5, 6];
        const own = seeds.map((seed) =>
          runSession({ ...settings, mode, seed, roundTripMs: 30, edgeDraft, runnerUpAgreement: 0.5 }),
        );
        return { ids: own.map(({ ids }) => ids), ms: own.reduce((sum, { msPerToken }) => sum + msPerToken, 0) };
      });
      expect(runs[1]?.ids).toEqual(runs[0]?.ids);
      expect(runs[1]?.ms, mode).toBeLessThan(0.97 * (runs[0]?.ms ?? 0));
    }
  });

  it('gives the drafts of an edge the classes that those of a device have', () => {
    const windowed = { ...settings, mode: 'edge-sd', acceptance: 0.65, answerTokens: 600 } as const;
    const edgeDraft = { tokenCount: 1, tokenMs: 5, hedges: 8, widthCost: 0.02 };
    const [alike, classes] = [false, true].map((hasClasses) =>
      runSession({ ...windowed, edgeDraft, hasClasses, runnerUpAgreement: [0.5, 0.2] }),
    );
    expect(classes?.ids).toEqual(alike?.ids);
    const { matched = 0, mismatched = 0 } = classes?.edgeDrafts ?? {};
    expect(matched / (matched + mismatched)).toBeCloseTo(0.65, 1);
    expect(classes?.durationMs).not.toBe(alike?.durationMs);
  });

  it('ends a window after a draft of little confidence, and writes the same text', () => {
    const windowed = { ...settings, mode: 'psd', acceptance: 0.65, hasClasses: true, roundTripMs: 30 } as const;
    const turn = { draftLength: 8, windowsInFlight: 2 };
    const [all, sure] = [0, 0.5].map((minDraftConfidence) => runSession({ ...windowed, turn, minDraftConfidence }));
    expect(sure?.ids).toEqual(all?.ids);
    // Beyond an unsure draft nothing is made before its verdict.
    expect(sure?.drafts.drafted).toBeLessThan(0.7 * (all?.drafts.drafted ?? 0));
    // No draft is sure enough, so each window has one.
    const one = runSession({ ...windowed, turn, minDraftConfidence: 1 });
    expect(one.ids).toEqual(all?.ids);
    expect(one.drafts.drafted).toBeLessThanOrEqual(one.answerTokens);
  });

  it('writes the same text in every mode and over every network', () => {
    for (const mode of modeNames) {
      for (const roundTripMs of [0, 200]) {
        const result = runSession({ ...settings, mode, roundTripMs });
        expect(result.answerTokens, mode).toBe(200);
        expect(result.account.acceptedRows, mode).toBeLessThanOrEqual(result.account.draftRows);
      }
    }
  });

  it('is the same with the same seed, and different with another seed', () => {
    expect(runSession(settings)).toEqual(runSession(settings));
    expect(runSession({ ...settings, seed: 2 }).durationMs).not.toBe(runSession(settings).durationMs);
  });

  it('is faster with better drafts and a shorter round trip, and has the set acceptance', () => {
    const mean = (changes: Partial<SessionSettings>): number => {
      const seeds = [1, 2, 3, 4, 5, 6];
      return (
        seeds.reduce((sum, seed) => sum + runSession({ ...settings, ...changes, seed }).msPerToken, 0) / seeds.length
      );
    };
    expect(mean({ acceptance: 0.95 })).toBeLessThan(mean({}));
    expect(mean({ roundTripMs: 60 })).toBeGreaterThan(mean({}));
    // The prototype of the protocol took 21.7 ms.
    expect(Math.abs(mean({ answerTokens: 400 }) - 21.7)).toBeLessThan(1);
    const { matched, mismatched } = runSession({ ...settings, answerTokens: 4000 }).drafts;
    expect(matched / (matched + mismatched)).toBeCloseTo(0.8, 1);
  });

  it('needs fewer steps with good drafts, and never more than the edge alone', () => {
    const stepsOf = (acceptance: number): number => runSession({ ...settings, acceptance }).account.steps;
    expect(stepsOf(0.95)).toBeLessThan(0.45 * 200);
    expect(stepsOf(0)).toBe(200);
  });

  it('is at most 2 % slower in mix than in edge-sd, with a good draft and a short round trip', () => {
    const msPerTokenOf = (mode: 'mix' | 'edge-sd', roundTripMs: number): number => {
      const given = { ...settings, acceptance: 0.95, roundTripMs, answerTokens: 400, mode };
      const edgeDraft = { tokenMs: 5, tokenCount: 12 };
      const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
      return seeds.reduce((sum, seed) => sum + runSession({ ...given, edgeDraft, seed }).msPerToken, 0) / seeds.length;
    };
    for (const roundTripMs of [0, 10]) {
      expect(msPerTokenOf('mix', roundTripMs)).toBeLessThan(1.02 * msPerTokenOf('edge-sd', roundTripMs));
    }
  });

  it('shows new text at least every step and round trip while it moves to another edge', () => {
    const fixedMs = 63.4;
    const perRowMs = 2.46;
    const rows = 1 + 24;
    for (const mode of ['ar', 'stream', 'mix', 'edge-sd'] as const) {
      for (const roundTripMs of [0, 10, 60]) {
        for (let seed = 1; seed <= 4; seed += 1) {
          const step = { fixedMs, perRowMs };
          const movesAtTokens = [40 + seed, 80 + seed, 120 + seed];
          const changes = { mode, seed, roundTripMs, step, timeJitter: 0, promptTokens: 100, movesAtTokens };
          const { emissions, answerTokens } = runSession({ ...settings, ...changes });
          expect(answerTokens).toBe(200);
          const gaps = emissions.slice(1).map(({ atMs }, index) => atMs - (emissions[index]?.atMs ?? 0));
          const limitMs = roundTripMs + fixedMs + perRowMs * rows;
          expect(Math.max(...gaps), `${mode}, ${roundTripMs} ms`).toBeLessThanOrEqual(limitMs);
        }
      }
    }
  });

  it('continues with flow-control windows that are smaller than the bandwidth-delay product', () => {
    const paused = runSession({ ...settings, roundTripMs: 2000, turn: { flowControlWindow: 16 }, mode: 'ar' });
    expect(paused.durationMs).toBeGreaterThan(
      1.05 * runSession({ ...settings, roundTripMs: 2000, mode: 'ar' }).durationMs,
    );
    expect(paused.account.steps).toBe(200);
  });

  it('takes few bytes per committed token', () => {
    // Ids below 128 take one byte each, as they would in a vocabulary of 50.
    const { up, down } = runSession({ ...settings, vocabularySize: 1024, answerTokens: 1000 });
    expect((up.payloadBytes + down.payloadBytes) / 1000).toBeLessThan(7);
  });

  it('counts bytes with and without headers', () => {
    const { up, down } = runSession(settings);
    for (const [traffic, header] of [
      [up, 46],
      [down, 42],
    ] as const) {
      expect(traffic.wireBytes).toBeGreaterThanOrEqual(traffic.payloadBytes + header * traffic.frameCount);
      expect(traffic.payloadBytes).toBeGreaterThan(0);
    }
  });

  it('waits for the additional bytes of a draft on the air', () => {
    const window = 4;
    const common = { ...settings, mode: 'sd', acceptance: 1, timeJitter: 0, turn: { draftLength: window } } as const;
    const link = { uplinkBitsPerSecond: 50e6 };
    const [lean, heavy] = [0, 100_000].map((bytesPerDraft) => runSession({ ...common, link, bytesPerDraft }));
    const drafts = heavy?.drafts.sent ?? 0;
    expect((heavy?.up.payloadBytes ?? 0) - (lean?.up.payloadBytes ?? 0)).toBe(100_000 * drafts);
    // Headers add a twentieth at most; the session may end before the last window arrives.
    const airMs = (drafts * 100_000 * 8) / 50e3;
    const moreMs = (heavy?.durationMs ?? 0) - (lean?.durationMs ?? 0);
    expect(moreMs).toBeGreaterThan(airMs - (window * 100_000 * 8) / 50e3);
    expect(moreMs).toBeLessThan(airMs * 1.05);
  });
});
