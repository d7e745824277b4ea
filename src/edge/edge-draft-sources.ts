// What the edge itself takes to come next: n-gram look-up for steps at which no draft of the device has arrived, and drafts of a model of its own
// for sessions in modes edge-sd and mix. A guess is only a proposal, like a device's draft.

import { LookUp, leastLookUpChance } from '../decoding/look-up.ts';
import { chainOf, lookedUpDrafts } from '../protocol/edge-chain.ts';
import type { EdgeDrafts, EdgeState } from '../protocol/edge-state.ts';
import { modeOf } from '../protocol/mode.ts';
import type { EdgeDrafter, EdgeDrafters } from './edge-drafters.ts';

export interface EdgeDraftLimits {
  /** Tokens looked up at most for a step without drafts, mode `stream`; 0: none. */
  readonly lookUpTokens: number;
  /** For modes edge-sd and mix; null: this edge does not draft. */
  readonly drafters: EdgeDrafters | null;
}

/** One session's edgeDrafter. */
export class EdgeDraftSources {
  readonly #sources: EdgeDraftLimits;
  #lookUp: LookUp | null = null;
  #drafter: EdgeDrafter | null = null;
  #isDrafting = false;

  constructor(sources: EdgeDraftLimits) {
    this.#sources = sources;
  }

  /** Looked up at once; undefined where that is not wanted. */
  lookUp(state: EdgeState): EdgeDrafts | undefined {
    const { text, open } = state;
    const { lookUpTokens } = this.#sources;
    if (lookUpTokens === 0 || !modeOf(open.mode).edgeLooksUp) return undefined;
    this.#lookUp ??= new LookUp();
    this.#lookUp.follow(text.slice(0), open.prompt.length, text.length);
    return lookedUpDrafts(state, this.#lookUp.draft(lookUpTokens, leastLookUpChance));
  }

  /** Adds one draft to what there is, unless one is being made; resolves with undefined where there is no draft model. */
  async draftOn(state: EdgeState, endIds: ReadonlySet<number>): Promise<EdgeDrafts | undefined> {
    const { drafters } = this.#sources;
    if (drafters === null || this.#isDrafting) return undefined;
    this.#isDrafting = true;
    try {
      const { open, text } = state;
      const { tokens } = chainOf(state);
      this.#drafter ??= drafters.take(`${open.credentials}\n${open.conversation}`);
      const believed = [...text.slice(0), ...tokens];
      const asked = { text: believed, promptLength: open.prompt.length, sampling: open.sampling };
      const next = await this.#drafter.next(asked);
      const { length } = text;
      if (next === null) return { length, tokens, isComplete: true };
      return { length, tokens: [...tokens, next], isComplete: endIds.has(next) };
    } finally {
      this.#isDrafting = false;
    }
  }

  /** The session is over; what was remembered is the conversation's next turn's. */
  close(): void {
    this.#drafter?.leave();
    this.#drafter = null;
  }
}
