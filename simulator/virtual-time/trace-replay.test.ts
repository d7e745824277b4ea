import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { idealLink } from '../../src/core/protocol/wire/link-model-settings.ts';
import { modeNames } from '../../src/core/protocol/wire/mode.ts';
import { byteWire } from '../../src/core/protocol/wire/wire.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { madeUpHeader, throwTrace } from '../traces/trace.fixture.ts';
import { type TraceSession, TraceSessionBuilder } from '../traces/trace.ts';
import { traceStatistics } from '../traces/trace-statistics.ts';
import { type DeviceWorld, VirtualDevice } from './device.ts';
import { VirtualEdge } from './edge.ts';
import { EventQueue } from './event-queue.ts';
import { VirtualLink } from './link.ts';
import { protocolMachines } from './machines.ts';
import { runSourceSession, type SessionConditions } from './run-session.ts';
import { TraceReplay, traceEdgeDrafter, traceSource, traceTarget } from './trace-replay.ts';

const conditions: SessionConditions = {
  mode: 'stream',
  seed: 3,
  roundTripMs: 20,
  draftMs: 5,
  step: { fixedMs: 20, perRowMs: 0.5 },
};
const header = madeUpHeader();

/** An answer that repeats its prompt; every fifth draft is wrong. */
function session(length = 120): TraceSession {
  const prompt = Array.from({ length: 30 }, (_, index) => 100 + index);
  const answer = Array.from({ length }, (_, index) => 100 + ((index + 1) % 30));
  const builder = new TraceSessionBuilder();
  for (const position of answer.keys()) {
    if (position % 5 < 4) builder.addRight(50_000);
    else builder.addWrong([7, 8, 9].map((token) => ({ token, units: 30_000 })));
  }
  return builder.build({ id: 'a', task: 'b', prompt, answer });
}

/** Every fifth draft is wrong and unsure, and its runner-up is right or not. */
function hedgeable(isRight: boolean): TraceSession {
  const answer = Array.from({ length: 120 }, (_, index) => 100 + index);
  const builder = new TraceSessionBuilder();
  for (const [position, token] of answer.entries()) {
    if (position % 5 < 4) builder.addRight(64_000, { token: 9, units: 100 });
    else {
      const runnerUp = { token: isRight ? token : 8, units: 30_000 };
      builder.addWrong(
        [7, 6, 5].map((wrong, depth) => ({ token: wrong, units: 20_000, runnerUp: depth === 0 ? runnerUp : null })),
      );
    }
  }
  return builder.build({ id: 'a', task: 'b', prompt: [5, 6], answer });
}

describe('a replayed session', () => {
  it('ends with the recorded text in every mode, for any recorded drafts', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...modeNames), fc.constantFrom(0, 4), (seed, mode, lookUpTokens) => {
        const trace = throwTrace(seed);
        for (const recorded of trace.sessions) {
          const source = traceSource(new TraceReplay(trace.header, recorded));
          const { ids, account } = runSourceSession({ ...conditions, mode, lookUpTokens }, source);
          expect(ids).toEqual([...recorded.prompt, ...recorded.answer]);
          if (mode === 'ar') expect(account.steps).toBe(recorded.answer.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('ends with the recorded text also with alternatives, in fewer rounds where runners-up are right', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1, 3), fc.constantFrom(0, 60), (seed, hedges, roundTripMs) => {
        const trace = throwTrace(seed);
        for (const recorded of trace.sessions) {
          const source = traceSource(new TraceReplay(trace.header, recorded));
          const { ids } = runSourceSession({ ...conditions, hedges, roundTripMs }, source);
          expect(ids).toEqual([...recorded.prompt, ...recorded.answer]);
        }
      }),
      { numRuns: 40 },
    );
    const source = (isRight: boolean) => traceSource(new TraceReplay(header, hedgeable(isRight)));
    const plain = runSourceSession(conditions, source(true));
    const hedged = runSourceSession({ ...conditions, hedges: 1 }, source(true));
    expect(hedged.durationMs).toBeLessThan(0.9 * plain.durationMs);
    expect(hedged.drafts.alternativesTaken).toBeGreaterThan(10);
    const useless = runSourceSession({ ...conditions, hedges: 1 }, source(false));
    expect(useless.drafts.alternativesTaken).toBe(0);
    expect(useless.drafts.alternativeTokens).toBeGreaterThan(10);
  });

  it('accepts the drafts that were recorded as right, and no others', () => {
    const replay = new TraceReplay(header, session());
    const { drafts, account, answerTokens } = runSourceSession(conditions, traceSource(replay));
    expect(answerTokens).toBe(120);
    expect(drafts.mismatched).toBeGreaterThan(0);
    // Wrong drafts are exactly at the recorded positions.
    expect(drafts.mismatched).toBeLessThanOrEqual(24);
    expect(account.acceptedRows).toBeLessThanOrEqual(traceStatistics([replay.session]).right);
    expect(account.steps).toBeLessThan(100);
  });

  it('may end before the recorded answer, not after it', () => {
    const replay = new TraceReplay(header, session());
    expect(runSourceSession(conditions, traceSource(replay, 50)).answerTokens).toBe(50);
    expect(() => runSourceSession(conditions, traceSource(replay, 121))).toThrow(/end at 120 tokens/);
  });

  it('looks up in the prompt and the recorded text', () => {
    const replay = new TraceReplay(header, session());
    const slow = { ...conditions, draftMs: 1000 };
    const alone = runSourceSession(slow, traceSource(replay));
    const helped = runSourceSession({ ...slow, lookUpTokens: 4 }, traceSource(replay));
    expect(helped.account.acceptedEdgeDraftRows).toBeGreaterThan(60);
    expect(helped.account.steps).toBeLessThan(0.6 * alone.account.steps);
  });

  it('copies no text per draft: many sessions share one replay', () => {
    const replay = new TraceReplay(header, session());
    const source = traceSource(replay);
    const results = [1, 2, 3].map((seed) => runSourceSession({ ...conditions, seed }, source));
    expect(new Set(results.map(({ durationMs }) => durationMs)).size).toBe(3);
    expect(runSourceSession({ ...conditions, seed: 1 }, source)).toEqual(results[0]);
  });
});

/** One edge, and a device in each mode for each replay; every session has its own name. */
function crowd(replays: readonly TraceReplay[]): VirtualDevice[] {
  const queue = new EventQueue();
  const bySession = new Map<string, TraceReplay>();
  const replayOf = ({ session: id }: { readonly session: string }) => bySession.get(id) as TraceReplay;
  const edgeDrafter = traceEdgeDrafter(replayOf);
  const edge = new VirtualEdge(
    queue,
    {},
    {
      name: 'edge',
      target: traceTarget(header, 256, replayOf),
      engine: {
        stepTime: linearStepTime(20, 0.5),
        stepJitter: 0.2,
        limits: { maxRows: 64, usefulRows: 32, prefillChunk: 63 },
        lookUp: { source: edgeDrafter, tokenCount: 4 },
      },
      capacity: 100,
      keepLostMs: 60_000,
      shareOf: () => 1,
      rate: { framesPerSecond: 1e6, bytesPerSecond: 1e9, burstFrames: 1e6, burstBytes: 1e9 },
      tokenizerHash: header.tokenizerHash,
      edgeDraft: { edgeDrafter, tokenCount: 4, tokenMs: 5 },
      random: createRandom(1, 1),
      machines: protocolMachines,
      wire: byteWire,
    },
  );
  const connect: DeviceWorld['connect'] = (_device, _edge, end) => {
    const link = new VirtualLink(queue, { ...idealLink, roundTripMs: 20 });
    link.join('device', end);
    edge.accept(link);
    return link;
  };
  const devices = replays.flatMap((replay, index) =>
    modeNames.map((mode, place) => {
      const number = index * modeNames.length + place;
      const id = number.toString(16).padStart(32, '0');
      bySession.set(id, replay);
      const names = { session: id, conversation: id, credentials: '', padding: 0, tokenizerHash: header.tokenizerHash };
      const rules = { stopStrings: [], flowControlWindow: 256, maxAhead: 24, draftLength: 4, minChainConfidence: 0 };
      return new VirtualDevice(
        queue,
        { connect },
        {
          name: id,
          turn: { ...names, ...rules, mode, ...replay.turn },
          drafter: replay,
          draftMs: 5,
          draftJitter: 0.2,
          connectMs: 1,
          random: createRandom(1, 100 + number),
          machines: protocolMachines,
          wire: byteWire,
        },
      );
    }),
  );
  for (const device of devices) device.connect('edge');
  while (devices.some(({ state }) => state.outcome === null) && queue.nowMs() < 60_000 && queue.runNext());
  return devices;
}

describe('many replaying devices', () => {
  it('get their own texts from one edge', () => {
    const other = { ...session(120), prompt: [7, 7, 9] };
    const replays = [new TraceReplay(header, session()), new TraceReplay(header, other)];
    for (const { state, settings } of crowd(replays)) {
      const { answer } = session();
      expect(state.outcome).toMatchObject({ kind: 'ended', reason: 'length' });
      expect(state.text.slice(0)).toEqual([...settings.turn.prompt, ...answer]);
    }
  });
});
