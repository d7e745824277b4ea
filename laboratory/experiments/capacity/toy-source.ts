// Texts of a toy target and the drafts of its toy draft, as recorded sessions: what the models of an edge process and of a device would write, so
// that virtual time plays the same texts with the same drafts.

import { type TokenSource, traceSourceOf } from '../../../simulator/simulation/token-source.ts';
import { type RecordedDraft, type TraceSession, TraceSessionBuilder } from '../../../simulator/traces/trace.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { confidenceUnits } from '../../../src/core/decoding/confidence.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { type ToyLanguage, toyCandidates } from '../../../src/core/decoding/toy-language.ts';
import { draftFrom } from '../../../src/models/port/drafter.ts';

export interface ToySourceSettings {
  readonly seed: number;
  /** How often a draft is right, [0, 1]. */
  readonly agreement: number;
  readonly texts: number;
  readonly answerTokens: number;
  /** A device drafts no further ahead, so no longer wrong chain is asked for. */
  readonly maxAhead: number;
}

/** Of `createToyModel`. */
const vocabularySize = 49_152;
/** Any word; the prompts differ in it. */
const firstPrompt = 1000;

export function toySource(settings: ToySourceSettings): TokenSource {
  const { seed, agreement, texts, answerTokens, maxAhead } = settings;
  const language = { seed, agreement, vocabularySize, endRate: 0 };
  const target: ToyLanguage = { ...language, role: 'target' };
  const draft: ToyLanguage = { ...language, role: 'draft' };
  const sessions = Array.from({ length: texts }, (_, index): TraceSession => {
    const prompt = [firstPrompt + index];
    const ids = [...prompt];
    for (let count = 0; count < answerTokens; count++) {
      ids.push(chooseToken(toyCandidates(ids, target), neutralSampling, undefined, ids.length));
    }
    const builder = new TraceSessionBuilder();
    for (let position = 1; position < ids.length; position++) {
      const first = draftAfter(ids.slice(0, position), draft);
      if (first.token === ids[position]) builder.addRight(first.units);
      else builder.addWrong(wrongChain(ids.slice(0, position), first, draft, maxAhead));
    }
    return builder.build({ id: `toy/${index}`, task: 'toy', prompt, answer: ids.slice(1) });
  });
  const header = {
    target: { name: `toy:${seed}`, fingerprint: 'toy' },
    draft: { name: `toy:${seed}:${agreement}`, fingerprint: 'toy' },
    tokenizerHash: '00'.repeat(32),
    vocabularySize,
    endIds: [],
    sampling: neutralSampling,
    answerTokens,
    wrongDepth: maxAhead,
    hasRunnerUps: false,
    source: 'toy',
    licence: 'none needed',
  };
  return traceSourceOf({ header, sessions }, `toy, each draft right with chance ${agreement}`);
}

function wrongChain(
  before: readonly number[],
  first: RecordedDraft,
  language: ToyLanguage,
  length: number,
): RecordedDraft[] {
  const chain = [first];
  const ids = [...before, first.token];
  while (chain.length < length) {
    const next = draftAfter(ids, language);
    chain.push(next);
    ids.push(next.token);
  }
  return chain;
}

function draftAfter(ids: readonly number[], language: ToyLanguage): RecordedDraft {
  const draft = draftFrom(toyCandidates(ids, language), neutralSampling, undefined, ids.length);
  return { token: draft?.token ?? 0, units: confidenceUnits(draft?.confidence ?? 1) };
}
