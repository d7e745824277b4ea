// Drafts for an answer that follows a grammar: what must come costs no pass of the draft model, and the model drafts only what may come.

import { isAllowed } from '../../core/decoding/candidates.ts';
import { roundConfidence } from '../../core/decoding/confidence.ts';
import type { Draft, Drafter, DraftRequest } from './drafter.ts';
import type { GrammarMatcher } from './grammar-engine.ts';
import type { Tokenizer } from './model.ts';

/** The text is certain; the target may cut it into other tokens. */
const forcedConfidence = 0.95;

/** The drafter of one answer. Disposing it leaves the other drafter open. */
export class GrammarDrafter implements Drafter {
  readonly #inner: Drafter;
  readonly #tokenizer: Pick<Tokenizer, 'encode'>;
  readonly #opened: Promise<GrammarMatcher | null>;
  #matcher: GrammarMatcher | null = null;
  #isOver = false;

  /** @param opened drafts ignore the grammar until it is there, and where it can't be: the edge has its own */
  constructor(inner: Drafter, tokenizer: Pick<Tokenizer, 'encode'>, opened: Promise<GrammarMatcher>) {
    this.#inner = inner;
    this.#tokenizer = tokenizer;
    this.#opened = opened.then(
      (matcher) => {
        if (this.#isOver) matcher.close();
        else this.#matcher = matcher;
        return matcher;
      },
      () => null,
    );
  }

  async draft(request: DraftRequest): Promise<Draft | null> {
    const { promptLength, committedLength } = request;
    const matcher = this.#matcher;
    if (matcher === null || committedLength === undefined) return this.#inner.draft(request);
    const text = request.tokens ?? request.text;
    const from = (index: number): readonly number[] => text.slice(promptLength + index, committedLength);
    const next = await this.#next(matcher, committedLength - promptLength, from, text.slice(committedLength));
    if (next === undefined) return this.#inner.draft(request);
    // What the drafts so far have become is wrong, or at its end.
    if (next === null) return null;
    const [forced] = next.forced === '' ? [] : this.#tokenizer.encode(next.forced);
    if (forced !== undefined && isAllowed(next.allowed, forced))
      return { token: forced, confidence: roundConfidence(forcedConfidence), isLookedUp: true };
    return this.#inner.draft({ ...request, text: request.text, allowed: next.allowed });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#matcher?.close();
    await this.#opened;
  }

  /** Undefined: the matcher is of no use any more. */
  async #next(
    matcher: GrammarMatcher,
    ...text: Parameters<GrammarMatcher['next']>
  ): Promise<Awaited<ReturnType<GrammarMatcher['next']>> | undefined> {
    try {
      return await matcher.next(...text);
    } catch {
      this.#matcher = null;
      matcher.close();
      return undefined;
    }
  }
}
