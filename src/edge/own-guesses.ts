// What the edge itself takes to come next: n-gram look-up for steps at which no draft of the device has arrived, and a draft model of its own
// for sessions in modes edge-sd and mix. A guess is only a proposal, like a device's draft.

import { NgramIndex } from '../decoding/ngram-index.ts';
import { ModelDrafter } from '../models/drafter.ts';
import type { LanguageModel } from '../models/model.ts';
import type { EdgeState, OwnGuess } from '../protocol/edge-state.ts';
import type { TokenText } from '../protocol/token-text.ts';

export interface GuessSettings {
  /** Tokens looked up for a step without drafts, mode `stream`; 0: none. */
  readonly lookUpTokens: number;
  /** For modes edge-sd and mix; the model stays the caller's. */
  readonly draft?: { readonly model: LanguageModel; readonly windowSize: number } | undefined;
}

/** One session's guesser. */
export class OwnGuesses {
  readonly #settings: GuessSettings;
  #index: NgramIndex | null = null;
  #indexed: TokenText | null = null;
  #drafter: ModelDrafter | null = null;
  #isDrafting = false;

  constructor(settings: GuessSettings) {
    this.#settings = settings;
  }

  /** Looked up at once; undefined where that is not wanted. */
  lookUp({ text, open }: EdgeState): OwnGuess | undefined {
    if (this.#settings.lookUpTokens === 0 || open.pacing !== 'stream') return undefined;
    this.#index ??= new NgramIndex();
    const kept = this.#indexed?.isPrefixOf(text) === true ? this.#indexed.length : 0;
    this.#index.truncate(kept);
    for (const id of text.slice(kept)) this.#index.append(id);
    this.#indexed = text;
    return { length: text.length, tokens: this.#index.guess(this.#settings.lookUpTokens) };
  }

  /** Drafts a window, unless one is being drafted; resolves with undefined where there is no draft model. */
  async draft({ text, open, rules }: EdgeState): Promise<OwnGuess | undefined> {
    const { draft } = this.#settings;
    if (draft === undefined || this.#isDrafting) return undefined;
    this.#isDrafting = true;
    try {
      this.#drafter ??= new ModelDrafter(draft.model);
      const believed = text.slice(0);
      const lastPosition = Math.min(rules.contextLength, open.prompt.length + open.maxAnswerTokens) - 1;
      const tokens: number[] = [];
      while (tokens.length < draft.windowSize && believed.length < lastPosition) {
        const request = { text: believed, promptLength: open.prompt.length, sampling: open.sampling };
        const made = await this.#drafter.draft(request);
        if (made === null) break;
        tokens.push(made.token);
        believed.push(made.token);
      }
      return { length: text.length, tokens };
    } finally {
      this.#isDrafting = false;
    }
  }

  async close(): Promise<void> {
    const drafter = this.#drafter;
    this.#drafter = null;
    await drafter?.[Symbol.asyncDispose]();
  }
}
