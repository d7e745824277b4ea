// Mode `auto` on a device: keeps measurements of the edge and the draft from turn to turn, and passes them to the pure decisions of
// protocol/auto-mode.ts. The measurements stay in memory; nothing is stored.

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

/** Measurements of a turn so far; times in ms, null: not measured yet. */
export interface TurnMeasures {
  readonly drafts: DraftAccount;
  readonly committedTokens: number;
  readonly draftMs: number | null;
  readonly roundTripMs: number | null;
}

/** Tokens between two judgements of a turn. */
const judgeEveryTokens = 16;
/** Sum of the weights of the comparisons of earlier turns; when more arrive, the older ones are scaled down. */
const memory = 200;
/** Weight of all of them together in the judgement of a new turn. */
const rememberedWeight = 8;

/** The measurements of a device's earlier turns, from which it chooses the mode of the next one. */
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

  /** Takes the times that the edge announced in `hello`. */
  greeted(edge: EdgeTiming): void {
    this.#edge = edge;
  }

  /** Advice for a turn of this choice. It switches drafting by the turn's measurements, and keeps them when the turn ends. */
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

/** For a turn with a named mode: it uses no earlier measurements, and keeps none. */
export function adviseTurn(): TurnAdvice {
  return new TurnAdvice(freshJudgement, null, () => {});
}

/** Switches the drafting of one turn. */
export class TurnAdvice {
  #edge: EdgeTiming | null;
  /** Takes the measurements of the complete turn. */
  readonly ended: (measures: TurnMeasures) => void;
  #judgement: DraftingJudgement;
  #seen = { matched: 0, mismatched: 0, tokens: 0 };
  /** How often drafting was switched off. */
  pauses = 0;

  constructor(begin: DraftingJudgement, edge: EdgeTiming | null, ended: (measures: TurnMeasures) => void) {
    this.#judgement = begin;
    this.#edge = edge;
    this.ended = ended;
  }

  /** Takes the times that the edge announced in `hello`. @returns false: begin without drafts; null: no change */
  greeted(edge: EdgeTiming): false | null {
    this.#edge = edge;
    if (!this.#judgement.isDrafting || this.#seen.tokens > 0 || canDraftsPay(edge)) return null;
    this.#judgement = { ...this.#judgement, isDrafting: false, tokensSince: 0 };
    this.pauses += 1;
    return false;
  }

  /** Whether enough tokens were committed since the last judgement. */
  isDue(committedTokens: number): boolean {
    return committedTokens - this.#seen.tokens >= judgeEveryTokens;
  }

  /** Whether the device should draft from now on; null: no change. */
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
}
