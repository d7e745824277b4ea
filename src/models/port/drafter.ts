// The source of drafts for a device, or for an edge with its own draft model: any language model, asked for one token at a time. It
// gets the whole text with all drafts each time and evaluates only the part that differs from its sequence, so a rollback needs no
// call of its own.

import type { AlternativeDraft, AlternativeOrder } from '../../core/decoding/alternative.ts';
import { type Candidates, isAllowed } from '../../core/decoding/candidates.ts';
import { chooseToken } from '../../core/decoding/choose-token.ts';
import { choiceConfidence } from '../../core/decoding/choose-token-distribution.ts';
import { roundConfidence } from '../../core/decoding/confidence.ts';
import type { PassWork } from '../../core/decoding/pass-times.ts';
import { type RunnerUp, runnerUp } from '../../core/decoding/runner-up.ts';
import type { Sampling } from '../../core/decoding/sampling.ts';
import { penaltiesActive, RunningCounts, type TokenCounts } from '../../core/decoding/token-counts.ts';
import { BranchedText, DraftedText, LastText, type TokenList } from '../../core/decoding/token-list.ts';
import type { LanguageModel } from './model.ts';
import { PrefixSequence, type SequencePart } from './prefix-sequence.ts';
import { createSerialQueue } from './serial-queue.ts';
import { type FollowedTexts, TextSequences } from './text-sequences.ts';

function countsOf(text: TokenList, start: number): TokenCounts {
  return text instanceof DraftedText ? text.countsFrom(start) : new RunningCounts(text.slice(start));
}

/** A proposal for the next token. */
export interface Draft {
  readonly token: number;
  /** The chance that it is right if all before it is, as the drafter estimates it, (0, 1], on the grid of decoding/confidence.ts. */
  readonly confidence: number;
  /** The model's second choice under the same noise; absent where only one token could be chosen. */
  readonly runnerUp?: RunnerUp;
  /** Found by prompt look-up: it took no time. */
  readonly isLookedUp?: true;
  /** The next tokens of those alternatives of the request that the same pass has extended. */
  readonly alternatives?: readonly AlternativeDraft[];
  /** What the pass has evaluated. Absent: the drafter does not count it. */
  readonly work?: PassWork;
}

/** The input of a draft. It may be any text: commits and rollbacks change it between calls. */
export interface DraftRequest {
  /** Committed and drafted ids, prompt included. Where `tokens` is given, this copy is made when it is first read. */
  readonly text: readonly number[];
  /** The same ids without a copy, for drafters that read only what has changed. */
  readonly tokens?: DraftedText;
  readonly promptLength: number;
  /**
   * Number of committed tokens of `text`, prompt included, from which a drafter may learn. Absent where nothing is verified: then
   * only the model itself may answer.
   */
  readonly committedLength?: number;
  /** How much less likely than the model's draft a free draft may be, [0, 1]. Default 0. */
  readonly lookUpMargin?: number;
  /** To be extended in the same pass of the model; a drafter may leave out any of them. Default: none. */
  readonly alternatives?: readonly AlternativeOrder[];
  readonly sampling: Sampling;
  /** Ids that may come next by the answer's grammar, as in `RowAsk`; it does not apply to alternatives. Default: all. */
  readonly allowed?: Uint32Array;
}

/** One at a time: a second call waits for the first. */
export interface Drafter extends AsyncDisposable {
  /** Resolves with null without a draft, or without room in the context. */
  draft(request: DraftRequest): Promise<Draft | null>;
}

/** A request for the token after these drafts. */
export function draftRequest(
  tokens: DraftedText,
  rest: Omit<DraftRequest, 'text' | 'tokens'>,
): DraftRequest & { readonly tokens: DraftedText } {
  let text: readonly number[] | undefined;
  return {
    ...rest,
    tokens,
    get text() {
      text ??= tokens.slice();
      return text;
    },
  };
}

/**
 * The draft from these candidates of the draft model at `position`; null without candidates.
 * @param counts of the answer before it, where a penalty is active
 */
export function draftFrom(
  candidates: Candidates,
  sampling: Sampling,
  counts: TokenCounts | undefined,
  position: number,
): Draft | null {
  if (candidates.ids.length === 0) return null;
  const token = chooseToken(candidates, sampling, counts, position);
  const draft = { token, confidence: roundConfidence(choiceConfidence(candidates, sampling, counts, token)) };
  const second = runnerUp(candidates, sampling, counts, position);
  return second === null ? draft : { ...draft, runnerUp: second };
}

/** The draft is the target's choice if the target had these candidates: same noise, same position. */
export class ModelDrafter implements Drafter {
  readonly #contextLength: number;
  readonly #sequences: TextSequences;
  readonly #queue = createSerialQueue();
  /** What the sequences hold must not be reused. */
  #isForeign = false;
  readonly #last = new LastText();

  /**
   * The caller keeps the model. It extends as many alternatives as it has sequences beside the first, which are opened when they are
   * needed.
   * @param mostSequences default: all that the model has
   * @throws OutriderError `edge-full` when it has no sequence left
   */
  constructor(model: LanguageModel, mostSequences: number = model.limits.maxSequences) {
    this.#contextLength = model.limits.contextLength;
    this.#sequences = new TextSequences(model, mostSequences);
  }

  draft(request: DraftRequest): Promise<Draft | null> {
    return this.#queue.run(() => this.#draft(request));
  }

  async #draft(request: DraftRequest): Promise<Draft | null> {
    const text = request.tokens ?? request.text;
    if (text.length > this.#contextLength) return null;
    if (this.#isForeign) await this.#sequences.forget();
    this.#isForeign = false;
    const branches = (request.alternatives ?? [])
      .map(({ id, position, tokens }) => ({
        id,
        isNew: tokens.length === 1,
        text: new BranchedText(text, position, tokens),
      }))
      .filter((one) => one.text.length <= this.#contextLength);
    const others = branches.map((one) => one.text);
    const followed = await this.#sequences.follow(text, this.#last.sharedWith(text), others);
    const [found, ...beside] = followed.candidates;
    const draft = draftAfter(text, allowedOf(found, request.allowed), request);
    if (draft === null) return null;
    const work = workOf(followed, branches);
    const alternatives = branches.flatMap((one, index): AlternativeDraft[] => {
      const candidates = beside[index] ?? null;
      const made = candidates === null ? null : draftAfter(one.text, candidates, request);
      return made === null ? [] : [{ id: one.id, position: one.text.length, ...made }];
    });
    return alternatives.length === 0 ? { ...draft, work } : { ...draft, alternatives, work };
  }

  /**
   * A draft of each of several drafters of one model, in one call of it. None of them may be asked for another one meanwhile.
   * @returns the drafts, null where there is none, and the tokens that the call has evaluated
   */
  static async draftTogether(
    model: LanguageModel,
    parts: readonly { readonly drafter: ModelDrafter; readonly request: DraftRequest }[],
  ): Promise<{ readonly drafts: readonly (Draft | null)[]; readonly rows: number }> {
    const found = await Promise.all(parts.map(({ drafter, request }) => drafter.#approach(request)));
    const ready = found.filter((part) => part !== null);
    const candidates = ready.length === 0 ? [] : await PrefixSequence.appendTogether(model, ready);
    const drafts = parts.map(({ request }, index) => {
      const part = found[index] ?? null;
      const own = part === null ? undefined : candidates[ready.indexOf(part)];
      if (own === undefined) return null;
      return draftAfter(request.tokens ?? request.text, allowedOf(own, request.allowed), request);
    });
    return { drafts, rows: ready.reduce((sum, { tokens }) => sum + tokens.length, 0) };
  }

  /** All of a draft but its last call. @returns null: no room in the context */
  #approach(request: DraftRequest): Promise<SequencePart | null> {
    return this.#queue.run(async () => {
      const text = request.tokens ?? request.text;
      if (text.length > this.#contextLength) return null;
      if (this.#isForeign) await this.#sequences.forget();
      this.#isForeign = false;
      return await this.#sequences.approach(text, this.#last.sharedWith(text));
    });
  }

  /** How much of a text it has evaluated already, and how much a draft for that text would replace; tokens. */
  overlapWith(text: TokenList): { readonly shared: number; readonly held: number } {
    return this.#isForeign ? { shared: 0, held: 0 } : this.#sequences.overlapWith(text);
  }

  /** The next draft reuses nothing of the texts before it. */
  forget(): void {
    this.#isForeign = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#queue.run(() => this.#sequences.release());
  }
}

/** A draft model is asked for its largest logits as always: a grammar that allows none of them is not worth a pass over all ids. */
function allowedOf(candidates: Candidates, allowed: Uint32Array | undefined): Candidates {
  if (allowed === undefined) return candidates;
  const kept = candidates.ids
    .map((_, index) => index)
    .filter((index) => isAllowed(allowed, candidates.ids[index] as number));
  return {
    ids: kept.map((index) => candidates.ids[index] as number),
    logits: kept.map((index) => candidates.logits[index] as number),
  };
}

function workOf({ tokens, isCopied }: FollowedTexts, branches: readonly { readonly isNew: boolean }[]): PassWork {
  const uncopied = branches.filter((_, index) => isCopied[index] === false);
  const started = uncopied.filter(({ isNew }) => isNew).length;
  const copied = isCopied.filter((one) => one === true).length;
  return { tokens, continued: uncopied.length - started, started, copied };
}

function draftAfter(text: TokenList, candidates: Candidates, { promptLength, sampling }: DraftRequest) {
  const counts = penaltiesActive(sampling) ? countsOf(text, promptLength) : undefined;
  return draftFrom(candidates, sampling, counts, text.length);
}
