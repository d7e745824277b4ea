// The replay of a trace is the session that the models would have decoded: every round's time, tokens and accepted drafts, all counts, all
// bytes, in every mode. The virtual world can't wait for a model, so answers come from a memo. When it lacks one, the world is discarded, the
// model gives the answer, and the world starts again.

import { expect, it } from 'vitest';
import { parseTrace, writeTrace } from '../simulator/traces/trace-file.ts';
import { TraceRecorder } from '../simulator/traces/trace-recorder.ts';
import { runSourceSession, type SessionConditions, type SessionResult } from '../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../simulator/virtual-time/trace-replay.ts';
import type { Candidates } from '../src/core/decoding/candidates.ts';
import { createEnding } from '../src/core/decoding/ending.ts';
import { LookUp, leastLookUpChance } from '../src/core/decoding/look-up.ts';
import { neutralSampling, type Sampling } from '../src/core/decoding/sampling.ts';
import { withoutWork } from '../src/core/protocol/wire/draft-order.ts';
import { modeNames } from '../src/core/protocol/wire/mode.ts';
import { ModelDrafter } from '../src/models/port/drafter.ts';
import type { LanguageModel } from '../src/models/port/model.ts';
import { PrefixSequence } from '../src/models/port/prefix-sequence.ts';
import { createToyModel } from '../src/models/port/toy.ts';

const [maxAnswerTokens, maxAhead] = [24, 24];
const prompt = [5, 17, 29, 5, 17, 8];
const drawn: Sampling = { ...neutralSampling, temperature: 0.8, topP: 0.95, frequencyPenalty: 0.3, seed: 7n };

/** An answer that the memo lacks. */
class Unanswered extends Error {
  readonly ask: () => Promise<void>;
  constructor(ask: () => Promise<void>) {
    super('the model has not been asked yet');
    this.ask = ask;
  }
}

function createLive(target: LanguageModel, draft: LanguageModel, sampling: Sampling) {
  const reader = new PrefixSequence(target);
  const drafter = new ModelDrafter(draft);
  const memo = new Map<string, unknown>();
  const recall = <Answer>(key: string, ask: () => Promise<Answer>): Answer => {
    if (!memo.has(key)) throw new Unanswered(async () => void memo.set(key, await ask()));
    return memo.get(key) as Answer;
  };
  const rowAfter = (text: readonly number[]): Candidates => recall(`row ${text}`, () => reader.follow(text));
  // In virtual time a pass reads no prompt.
  const draftAfter = (text: readonly number[]) =>
    recall(`draft ${text}`, async () => {
      const made = await drafter.draft({ text, promptLength: prompt.length, sampling });
      return made && withoutWork(made);
    });
  const { vocabularySize, endIds, bytes } = target.tokenizer;
  const source: Parameters<typeof runSourceSession>[1] = {
    turn: { prompt, sampling, endIds, maxAnswerTokens },
    target: {
      vocabularySize,
      endIds,
      contextLength: prompt.length + maxAnswerTokens + 1,
      ending: () => createEnding({ endIds, stopStrings: [], maxAnswerTokens }, bytes),
      // Rows are read when the edge's machine reads them: those behind a wrong draft never are.
      rows: ({ text }, drafts) =>
        [...drafts, 0].map((_, index) => {
          const read = () => rowAfter([...text.slice(0), ...drafts.slice(0, index)]);
          return {
            get ids() {
              return read().ids;
            },
            get logits() {
              return read().logits;
            },
          };
        }),
    },
    drafter: { draft: ({ text, tail }) => draftAfter([...text.slice(0), ...tail]) },
    edgeDrafter: {
      next({ text }, drafts) {
        const believed = [...text.slice(0), ...drafts];
        return endIds.has(believed.at(-1) as number) ? null : draftAfter(believed);
      },
    },
    lookUp: {
      lookUp({ text }, count) {
        const lookUp = new LookUp();
        lookUp.follow(text.slice(0), prompt.length, text.length);
        return lookUp.draft(count, leastLookUpChance);
      },
    },
  };
  return async (conditions: SessionConditions): Promise<SessionResult> => {
    for (;;) {
      try {
        return runSourceSession(conditions, source);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        await error.ask();
      }
    }
  };
}

/** Rates and jitter, so that the size of every frame and its order count. */
const link = { jitterMs: 2, uplinkBitsPerSecond: 250_000, downlinkBitsPerSecond: 1_000_000 };
const pace = { draftMs: 10, step: { fixedMs: 40, perRowMs: 1 }, edgeDraft: { tokenMs: 5 } };
const cases = [...modeNames.map((mode) => ({ mode, isHelped: false })), { mode: 'stream' as const, isHelped: true }];
const conditions = cases.flatMap(({ mode, isHelped }) =>
  [0, 0.3].map((minChainConfidence): SessionConditions => {
    const help = { lookUpTokens: isHelped ? 4 : 0, cutsChains: isHelped };
    return { mode, seed: 1, roundTripMs: 60, link, ...pace, ...help, turn: { maxAhead, minChainConfidence } };
  }),
);

it.each([neutralSampling, drawn])('in every mode, with and without helpers, at $temperature', async (sampling) => {
  const shape = { seed: 6, sequences: 2, contextLength: 2048, vocabularySize: 2048, endRate: 0.02 };
  await using target = createToyModel({ ...shape, role: 'target' });
  await using draft = createToyModel({ ...shape, role: 'draft', agreement: 0.7 });
  await using recorder = new TraceRecorder(target, draft, {
    sampling,
    answerTokens: maxAnswerTokens,
    wrongDepth: maxAhead,
  });
  const recorded = await recorder.record({ id: 'one', task: 'chat', ids: prompt });
  const header = { ...recorder.header, source: 'test', licence: 'none' };
  const { header: read, sessions } = parseTrace(writeTrace({ header, sessions: [recorded] }));
  const replayOf = (session: typeof recorded) => traceSource(new TraceReplay(read, session));
  const session = sessions[0] as typeof recorded;
  const live = createLive(target, draft, sampling);
  const damaged = structuredClone(session);
  damaged.rightUnits[damaged.rightUnits.findIndex((units) => units > 0)] = 0;
  let differences = 0;
  for (const one of conditions) {
    const decoded = await live(one);
    expect(runSourceSession(one, replayOf(session)), `${one.mode}`).toEqual(decoded);
    if (JSON.stringify(runSourceSession(one, replayOf(damaged))) !== JSON.stringify(decoded)) differences += 1;
  }
  // A draft that was recorded wrong is noticed.
  expect(differences).toBeGreaterThan(0);
});
