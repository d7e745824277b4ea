// Replays one session of a trace in place of models: the target's text, the device's drafts, edge drafts and lookups. One replay serves any
// number of devices and edges at once, because it has no state of them and copies no text.

import { invariant } from '../../src/core/basics/invariant.ts';
import type { AlternativeDraft, AlternativeOrder } from '../../src/core/decoding/alternative.ts';
import type { Candidates } from '../../src/core/decoding/candidates.ts';
import { createEnding, type Ending } from '../../src/core/decoding/ending.ts';
import { LookUp, type LookUpDraft, leastLookUpChance } from '../../src/core/decoding/look-up.ts';
import type { DeviceState } from '../../src/core/protocol/device/device-state.ts';
import type { EdgeState } from '../../src/core/protocol/edge/edge-state.ts';
import type { DraftMade } from '../../src/core/protocol/wire/draft-order.ts';
import type { OpenMessage } from '../../src/core/protocol/wire/messages.ts';
import { runnerUpAt, type TraceDraft, type TraceHeader, type TraceSession, traceDraft } from '../traces/trace.ts';
import type { VirtualDraft, VirtualDrafter, VirtualEdgeDrafter, VirtualLookUp, VirtualTarget } from './model.ts';
import type { SessionSource } from './run-session.ts';

/** A row after a wrong draft or after the end; it is not read. */
const unread: Candidates = { ids: [], logits: [] };
/** The logit of the target's choice, which is the only candidate. */
const onlyLogit: readonly number[] = [0];

/** One recorded session in place of target and drafts; see {@link traceSource}. */
export class TraceReplay implements VirtualDrafter, VirtualEdgeDrafter, VirtualLookUp {
  readonly header: TraceHeader;
  readonly session: TraceSession;
  readonly #endIds: ReadonlySet<number>;
  /** By token count: the lookup at each length of the recorded text. */
  readonly #lookUps = new Map<number, readonly (readonly LookUpDraft[])[]>();

  constructor(header: TraceHeader, session: TraceSession) {
    this.header = header;
    this.session = session;
    this.#endIds = new Set(header.endIds);
  }

  /** Settings with which a turn gives the recorded text; `maxAnswerTokens` may be smaller. */
  get turn(): SessionSource['turn'] {
    const { sampling, answerTokens } = this.header;
    return { prompt: this.session.prompt, sampling, endIds: this.#endIds, maxAnswerTokens: answerTokens };
  }

  /** The device's draft after its text and tail. The text equals the recorded one; only the tail can differ. */
  draft(
    { text, tail }: DeviceState,
    _lookUpMargin?: number,
    orders: readonly AlternativeOrder[] = [],
  ): VirtualDraft | null {
    return this.#withAlternatives(text.length, tail, orders);
  }

  /** The edge draft after the session's text and these drafts. */
  next(
    { text }: Pick<EdgeState, 'text'>,
    drafts: readonly number[],
    orders: readonly AlternativeOrder[] = [],
  ): DraftMade | null {
    return this.#withAlternatives(text.length, drafts, orders);
  }

  lookUp({ text }: EdgeState, count: number): readonly LookUpDraft[] {
    const known = this.#lookUps.get(count) ?? lookUpEverywhere(this.session, count);
    this.#lookUps.set(count, known);
    return known[text.length - this.session.prompt.length] ?? [];
  }

  /** For `VirtualTarget`. */
  rows({ text }: EdgeState, drafts: readonly number[]): readonly Candidates[] {
    const { answer, prompt } = this.session;
    const from = text.length - prompt.length;
    // Made at each call: rows that are kept for all texts are in no cache when they are read.
    const rows = answer
      .slice(from, from + drafts.length + 1)
      .map((id): Candidates => ({ ids: [id], logits: onlyLogit }));
    while (rows.length < drafts.length + 1) rows.push(unread);
    return rows;
  }

  ending({ stopStrings, maxAnswerTokens }: Pick<OpenMessage, 'stopStrings' | 'maxAnswerTokens'>): Ending {
    invariant(stopStrings.length === 0, 'a trace knows no bytes, so no stop strings');
    invariant(
      maxAnswerTokens <= this.header.answerTokens,
      `the answers of this trace end at ${this.header.answerTokens} tokens`,
    );
    return createEnding({ stopStrings, maxAnswerTokens, endIds: this.#endIds }, noBytes);
  }

  #withAlternatives(length: number, drafts: readonly number[], orders: readonly AlternativeOrder[]): DraftMade | null {
    const draft = this.#after(length, drafts);
    if (draft === null || orders.length === 0) return draft;
    const alternatives = orders.flatMap(({ id, position, tokens }): AlternativeDraft[] => {
      const own = this.#after(length, [...drafts.slice(0, position - length), ...tokens]);
      return own === null ? [] : [{ id, position: position + tokens.length, ...own }];
    });
    return { ...draft, alternatives };
  }

  #after(length: number, drafts: readonly number[]): TraceDraft | null {
    const { answer, prompt } = this.session;
    const from = length - prompt.length;
    const position = from + drafts.length;
    const wrongAt = drafts.findIndex((id, index) => id !== answer[from + index]);
    const leftAt = wrongAt === -1 ? null : from + wrongAt;
    if (leftAt !== null && leftAt >= answer.length) return null;
    // What follows a wrong runner-up was not recorded, and can never be accepted: the drafts of the true text stand for it.
    const isOther = leftAt !== null && runnerUpAt(this.session, leftAt)?.token === drafts[wrongAt];
    if (isOther) return traceDraft(this.session, this.header.wrongDepth, position, null);
    return traceDraft(this.session, this.header.wrongDepth, position, leftAt);
  }
}

/** The target of an edge that serves many recorded sessions of the same target model. */
export function traceTarget(
  { vocabularySize, endIds }: Pick<TraceHeader, 'vocabularySize' | 'endIds'>,
  contextLength: number,
  replayOf: (open: OpenMessage) => TraceReplay,
): VirtualTarget {
  return {
    vocabularySize,
    contextLength,
    endIds: new Set(endIds),
    ending: (open) => replayOf(open).ending(open),
    rows: (state, drafts) => replayOf(state.open).rows(state, drafts),
  };
}

/** Edge drafter and lookup for many recorded sessions. */
export function traceEdgeDrafter(replayOf: (open: OpenMessage) => TraceReplay): VirtualEdgeDrafter & VirtualLookUp {
  return {
    next: (state, drafts, alternatives) => replayOf(state.open).next(state, drafts, alternatives),
    lookUp: (state, count) => replayOf(state.open).lookUp(state, count),
  };
}

/** A source for `runSourceSession`. @param maxAnswerTokens at most the recorded length, which is the default */
export function traceSource(replay: TraceReplay, maxAnswerTokens: number = replay.header.answerTokens): SessionSource {
  const { prompt, answer } = replay.session;
  const contextLength = prompt.length + maxAnswerTokens + 1;
  return {
    turn: { ...replay.turn, maxAnswerTokens },
    target: traceTarget(replay.header, contextLength, () => replay),
    drafter: replay,
    edgeDrafter: replay,
    lookUp: replay,
    reference: [...prompt, ...answer.slice(0, maxAnswerTokens)],
  };
}

const nothing: Uint8Array = new Uint8Array(0);
const noBytes = (): Uint8Array => nothing;

function lookUpEverywhere({ prompt, answer }: TraceSession, count: number): readonly (readonly LookUpDraft[])[] {
  const lookUp = new LookUp();
  const text = [...prompt];
  return answer.map((id) => {
    lookUp.follow(text, prompt.length, text.length);
    text.push(id);
    return lookUp.draft(count, leastLookUpChance);
  });
}
