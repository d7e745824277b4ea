// What a device remembers of its edge and its draft from turn to turn, so that mode `auto` can choose: measurements in, the pure
// decisions of protocol/auto-mode.ts out. It lives as long as its owner; nothing is stored.

import {
  canDraftsPay,
  chooseMode,
  type DraftingJudgement,
  freshJudgement,
  judgeDrafting,
  type ModeChoice,
} from '../protocol/auto-mode.ts';
import type { DraftAccount } from '../protocol/device-state.ts';
import type { EdgeTiming } from '../protocol/messages.ts';

/** What a turn has measured so far; times in ms, null: not yet. */
export interface TurnMeasures {
  readonly drafts: DraftAccount;
  readonly committedTokens: number;
  readonly draftMs: number | null;
  readonly roundTripMs: number | null;
}

/** Tokens between two judgements of a turn. */
const judgeEveryTokens = 16;
/** Comparisons that are remembered in full from earlier turns. */
const memory = 200;
/** With which they enter the judgement of a new turn. */
const rememberedWeight = 8;

/** What a device has measured of its edge and its draft so far, from which it chooses the mode of a turn. */
export class AutoMode {
  #edge: EdgeTiming | null = null;
  #draftMs: number | null = null;
  #roundTripMs: number | null = null;
  #matched = 0;
  #mismatched = 0;

  /** The mode of the next turn. */
  choose(canDraft: boolean): ModeChoice {
    const { draftMs, roundTripMs, edge } = { draftMs: this.#draftMs, roundTripMs: this.#roundTripMs, edge: this.#edge };
    return chooseMode({ canDraft, draftMs, roundTripMs, acceptance: this.#acceptance(), edge });
  }

  #acceptance(): number | null {
    const compared = this.#matched + this.#mismatched;
    return compared === 0 ? null : this.#matched / compared;
  }

  /** The edge has said how quick it is. */
  greeted(edge: EdgeTiming): void {
    this.#edge = edge;
  }

  /** A turn that can switch its drafting by what it measures; it is remembered when it ends. */
  follow({ drafts }: ModeChoice): TurnAdvice {
    const acceptance = this.#acceptance();
    const expected =
      acceptance === null
        ? {}
        : { matched: rememberedWeight * acceptance, mismatched: rememberedWeight * (1 - acceptance) };
    return new TurnAdvice({ ...freshJudgement, ...expected, isDrafting: drafts }, this.#edge, (measures) =>
      this.#remember(measures),
    );
  }

  #remember({ drafts, draftMs, roundTripMs }: TurnMeasures): void {
    this.#draftMs = draftMs ?? this.#draftMs;
    this.#roundTripMs = roundTripMs ?? this.#roundTripMs;
    const [matched, mismatched] = [this.#matched + drafts.matched, this.#mismatched + drafts.mismatched];
    const faded = memory / Math.max(memory, matched + mismatched);
    [this.#matched, this.#mismatched] = [matched * faded, mismatched * faded];
  }
}

/** For a turn whose mode was named: what it measures is its own. */
export function adviseTurn(): TurnAdvice {
  return new TurnAdvice(freshJudgement, null, () => {});
}

/** Of one turn. */
export class TurnAdvice {
  #edge: EdgeTiming | null;
  readonly #onEnd: (measures: TurnMeasures) => void;
  #judgement: DraftingJudgement;
  #seen = { matched: 0, mismatched: 0, tokens: 0 };
  /** Times that drafting was switched off. */
  pauses = 0;

  constructor(begin: DraftingJudgement, edge: EdgeTiming | null, onEnd: (measures: TurnMeasures) => void) {
    this.#judgement = begin;
    this.#edge = edge;
    this.#onEnd = onEnd;
  }

  /** The edge has said how quick it is. @returns false: no drafts to begin with; null: as it is */
  greeted(edge: EdgeTiming): false | null {
    this.#edge = edge;
    if (!this.#judgement.isDrafting || this.#seen.tokens > 0 || canDraftsPay(edge)) return null;
    this.#judgement = { ...this.#judgement, isDrafting: false, tokensSince: 0 };
    this.pauses += 1;
    return false;
  }

  /** Whether there is enough news since the last judgement. */
  isDue(committedTokens: number): boolean {
    return committedTokens - this.#seen.tokens >= judgeEveryTokens;
  }

  /** Whether the device should draft from now on; null: as it does. */
  judge({ drafts, committedTokens, draftMs, roundTripMs }: TurnMeasures): boolean | null {
    const tokens = committedTokens - this.#seen.tokens;
    const [matched, mismatched] = [drafts.matched - this.#seen.matched, drafts.mismatched - this.#seen.mismatched];
    this.#seen = { matched: drafts.matched, mismatched: drafts.mismatched, tokens: committedTokens };
    const before = this.#judgement.isDrafting;
    const news = { matched, mismatched, tokens, draftMs, roundTripMs, edge: this.#edge };
    this.#judgement = judgeDrafting(this.#judgement, news);
    const { isDrafting } = this.#judgement;
    if (isDrafting === before) return null;
    if (!isDrafting) this.pauses += 1;
    return isDrafting;
  }

  ended(measures: TurnMeasures): void {
    this.#onEnd(measures);
  }
}
