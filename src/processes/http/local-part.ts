// The part of an answer that a model of this device writes while no edge can be reached: until the text ends, or an edge is back.

import { setTimeout } from 'node:timers/promises';
import { OutriderError } from '../../core/basics/errors.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import type { HelloMessage } from '../../core/protocol/wire/messages.ts';
import { startLocalTurn } from '../device/local-turn.ts';
import type { Emission, TurnReport } from '../device/turn-report.ts';
import type { CompletionRequest } from './completion-port.ts';
import type { EdgeWatch } from './edge-watch.ts';
import type { LocalText, LocalWriter, Vocabularies } from './local-writer.ts';

export interface LocalPartSettings {
  readonly request: CompletionRequest;
  readonly writer: LocalWriter;
  readonly vocabularies: Vocabularies;
  readonly watch: EdgeWatch;
  /** Called with the `hello` of an edge that can be reached again. */
  readonly greeted: (hello: HelloMessage) => void;
}

/** One part: the text before it, and when an edge replaces it. */
export interface LocalPart {
  readonly begun: LocalText;
  /** Whether an edge may be back already: its answer is waited for a moment. */
  readonly isSoon: boolean;
  /** Whether an edge that is back is asked. */
  readonly givesWay: boolean;
  /** Aborted when no client waits for the answer. */
  readonly signal: AbortSignal;
  readonly wrote: (emission: Emission) => void;
}

/** After an outage, an edge that answers right away is waited for before a model of this device writes, ms. */
const graceMs = 400;

/** @returns null: an edge is back @throws OutriderError what the model throws; `context-full` when it can't hold the prompt */
export async function writeLocally(settings: LocalPartSettings, part: LocalPart): Promise<TurnReport | null> {
  const { request, writer, vocabularies, watch, greeted } = settings;
  const { begun, signal, isSoon, wrote } = part;
  const { tokenizer, drafter } = writer;
  const prompt = vocabularies.prompt(request.prompt);
  const maxAnswerTokens = Math.max(begun.ids.length + 1, request.maxTokens ?? limits.textTokens);
  const turn = startLocalTurn({
    tokenizer,
    drafter,
    prompt,
    begun: begun.ids,
    stopStrings: request.stopStrings,
    maxAnswerTokens,
    signal,
    sampling: vocabularies.sampling(request.sampling),
  });
  const left = new AbortController();
  let isBack = false;
  const back = async (): Promise<void> => {
    greeted(await watch.back(AbortSignal.any([signal, left.signal]), isSoon));
    isBack = true;
    turn.stop();
  };
  const returned = part.givesWay ? back() : new Promise<void>(() => {});
  const grace = isSoon && part.givesWay ? Promise.race([returned, setTimeout(graceMs)]) : null;
  // What is held back counts only where the text ends: it may become the beginning of a stop text, or a whole character.
  let heldBack: Emission | null = null;
  // A fast model may be at the end of its text before the reader is.
  let isLeft = false;
  try {
    for await (const emission of turn) {
      await grace;
      if (isBack) {
        isLeft = true;
        break;
      }
      if (emission.tokens.length === 0) heldBack = emission;
      else wrote(emission);
    }
  } finally {
    left.abort();
  }
  const report = await turn.report;
  if (isLeft || (isBack && report.outcome.kind === 'stopped')) return null;
  if (heldBack !== null) wrote(heldBack);
  const isFull = report.outcome.kind === 'unverified' && report.outcome.reason === 'context-full';
  if (!isFull || report.tokens.length > 0) return report;
  const cause = `no edge answers, and the model of this device cannot hold a prompt of ${prompt.length} tokens`;
  throw new OutriderError('context-full', cause, 'shorten the prompt, or try again when an edge is back');
}
