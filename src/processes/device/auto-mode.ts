// Mode `auto` on a device: keeps measurements of edges and drafts from turn to turn, and passes them to the pure decisions of
// core/protocol/device/auto-mode.ts. The measurements stay in memory; nothing is stored.

import { Recent } from '../../core/basics/recent.ts';
import {
  beginDrafting,
  type DraftingJudgement,
  type DraftingOrder,
  freshJudgement,
  judgeDrafting,
  leastGainAt,
  modeInForce,
  noPaces,
  type Paces,
} from '../../core/protocol/device/auto-mode.ts';
import type { DraftingAdvice, DraftingSwitch, TurnMeasures } from '../../core/protocol/device/drafting-advice.ts';
import type { TimingKnowledge } from '../../core/protocol/device/stream-forecast.ts';
import type { EdgeTiming } from '../../core/protocol/wire/messages.ts';
import type { ModeName } from '../../core/protocol/wire/mode.ts';

/** Tokens between two judgements of a turn. */
const judgeEveryTokens = 16;
/** Sum of the weights of the comparisons of earlier turns; when more arrive, the older ones are scaled down. */
const memory = 200;
/** Weight of all of them together in the judgement of a new turn. */
const rememberedWeight = 8;
/** Number of edges that are remembered: the last ones used. */
const mostEdges = 32;

/** What is remembered of one edge. */
interface EdgeMemory {
  readonly timing: EdgeTiming;
  readonly roundTripMs: number | null;
  readonly paces: Paces;
}

/** What a turn leaves to the next ones. */
interface TurnMemory extends Pick<TurnMeasures, 'drafts' | 'draftMs' | 'roundTripMs'> {
  /** The edge that greeted last; null: none did. */
  readonly edge: string | null;
  readonly paces: Paces;
}

/** Why the device drafts from this token of the answer on, or does not; and the mode that this is. */
export interface ModeChange {
  readonly fromToken: number;
  readonly mode: ModeName;
  readonly reason: string;
  /** For a few tokens, to see what drafts do. */
  readonly isTrial?: true;
}

/** What mode `auto` must know of a turn. */
export interface AutoTurn {
  /** False: the device has no draft. */
  readonly canDraft: boolean;
  /** Charge of the battery, 0 to 1; undefined: on mains, or not known. */
  readonly batteryLevel?: number | undefined;
}

/** The measurements of a device's earlier turns, from which it decides in the next one. */
export class AutoMode {
  /** By name; the last one used comes last. */
  readonly #edges = new Recent<EdgeMemory>(mostEdges);
  #draftMs: number | null = null;
  #matched = 0;
  #mismatched = 0;

  /** Advice for the next turn. It keeps the turn's measurements when the turn ends. */
  follow(turn: AutoTurn): TurnAdvice {
    return new TurnAdvice({
      ...turn,
      memory: this,
      lastEdge: [...this.#edges.keys()].at(-1) ?? null,
      ended: (left) => this.#remember(left),
    });
  }

  /** What is known of an edge before a turn. */
  knowledgeOf(edge: string | null): TimingKnowledge & Pick<EdgeMemory, 'paces'> {
    const known = edge === null ? undefined : this.#edges.get(edge);
    const compared = this.#matched + this.#mismatched;
    return {
      draftMs: this.#draftMs,
      roundTripMs: known?.roundTripMs ?? null,
      acceptance: compared === 0 ? null : this.#matched / compared,
      edge: known?.timing ?? null,
      paces: known?.paces ?? noPaces,
    };
  }

  /** Takes the times that an edge announced in `hello`. Paces measured under another announcement say nothing now. */
  greeted(edge: string, timing: EdgeTiming): void {
    const { roundTripMs = null, paces = noPaces, timing: before } = this.#edges.get(edge) ?? {};
    const isSame = before === undefined || (before.edgeDraftMs === null) === (timing.edgeDraftMs === null);
    this.#edges.set(edge, { timing, roundTripMs, paces: isSame ? paces : noPaces });
  }

  #remember({ edge, drafts, draftMs, roundTripMs, paces }: TurnMemory): void {
    this.#draftMs = draftMs ?? this.#draftMs;
    const matched = this.#matched + drafts.matched;
    const mismatched = this.#mismatched + drafts.mismatched;
    const faded = memory / Math.max(memory, matched + mismatched);
    this.#matched = matched * faded;
    this.#mismatched = mismatched * faded;
    if (edge === null) return;
    const known = this.#edges.get(edge);
    if (known === undefined) return;
    this.#edges.set(edge, { ...known, roundTripMs: roundTripMs ?? known.roundTripMs, paces });
  }
}

/** For a turn with a named mode: it uses no earlier measurements, and keeps none. */
export function adviseTurn(): TurnAdvice {
  return new TurnAdvice({ canDraft: true, memory: new AutoMode(), lastEdge: null, ended: () => {} });
}

interface AdviceSettings extends AutoTurn {
  readonly memory: AutoMode;
  readonly lastEdge: string | null;
  readonly ended: (left: TurnMemory) => void;
}

/** Switches the drafting of one turn. */
export class TurnAdvice implements DraftingAdvice {
  readonly #settings: AdviceSettings;
  readonly #leastGain: number;
  #edge: string | null = null;
  #timing: EdgeTiming | null = null;
  #judgement: DraftingJudgement;
  /** The controller's decision about drafting, and the edge for which it is; null: this device decides. */
  #order: (DraftingOrder & { readonly edge: string }) | null = null;
  #isOrderNew = false;
  #seen = { matched: 0, mismatched: 0, tokens: 0, commits: 0, decodedTokens: 0, decodeMs: 0 };
  readonly #changes: ModeChange[] = [];
  /** How often drafting was switched off. */
  pauses = 0;

  constructor(settings: AdviceSettings) {
    this.#settings = settings;
    this.#leastGain = settings.canDraft ? leastGainAt(settings.batteryLevel) : Number.POSITIVE_INFINITY;
    this.#judgement = this.#begin(settings.lastEdge);
  }

  begins(): DraftingSwitch | null {
    const { isDrafting, reason } = this.#judgement;
    return isDrafting ? null : { on: false, reason };
  }

  /** The modes of the turn so far, the present one last. Until an edge has greeted, that of the edge used last. */
  get changes(): readonly ModeChange[] {
    return this.#changes;
  }

  greeted(edge: string, timing: EdgeTiming): DraftingSwitch | null {
    const { memory } = this.#settings;
    const isAgain = edge === this.#edge;
    memory.greeted(edge, timing);
    this.#edge = edge;
    this.#timing = timing;
    const before = this.#judgement;
    // After a handover, the paces of the other edge say nothing about this one.
    if (!isAgain && this.#seen.tokens > 0) this.#judgement = { ...before, paces: memory.knowledgeOf(edge).paces };
    if (this.#seen.tokens === 0) this.#judgement = this.#begin(edge);
    return this.#note(before.isDrafting);
  }

  /** The order is followed while this edge writes, within the limits of `isFollowed`. @param order null: the device decides again */
  order(order: (DraftingOrder & { readonly edge: string }) | null): void {
    const before = this.#order;
    if (before?.edge === order?.edge && before?.on === order?.on && before?.reason === order?.reason) return;
    this.#order = order;
    this.#isOrderNew = true;
    // Before there is an edge.
    if (this.#seen.tokens === 0 && this.#edge === null) this.#judgement = this.#begin(this.#settings.lastEdge);
  }

  isDue(committedTokens: number): boolean {
    if (this.#isOrderNew && committedTokens > this.#seen.tokens) return true;
    return committedTokens - this.#seen.tokens >= judgeEveryTokens;
  }

  judge(measures: TurnMeasures): DraftingSwitch | null {
    const { matched, mismatched } = measures.drafts;
    const { committedTokens: tokens, commits, decodedTokens, decodeMs, draftMs, roundTripMs } = measures;
    const now = { matched, mismatched, tokens, commits, decodedTokens, decodeMs };
    const since = difference(now, this.#seen);
    this.#seen = now;
    this.#isOrderNew = false;
    const before = this.#judgement.isDrafting;
    // Without drafts in this turn, those of earlier ones say how long one takes.
    const known = this.#settings.memory.knowledgeOf(this.#edge);
    const times = { draftMs: draftMs ?? known.draftMs, roundTripMs: roundTripMs ?? known.roundTripMs };
    const news = {
      ...since,
      ...times,
      edge: this.#timing,
      leastGain: this.#leastGain,
      order: this.#orderFor(this.#edge),
    };
    if (this.#settings.canDraft) this.#judgement = judgeDrafting(this.#judgement, news);
    return this.#note(before);
  }

  ended({ drafts, draftMs, roundTripMs }: TurnMeasures): void {
    const { paces } = this.#judgement;
    this.#settings.ended({ edge: this.#edge, drafts, draftMs, roundTripMs, paces });
  }

  #begin(edge: string | null): DraftingJudgement {
    const { canDraft, memory } = this.#settings;
    if (!canDraft) return { ...freshJudgement, isDrafting: false, reason: 'this device has no draft' };
    const known = memory.knowledgeOf(edge);
    const { acceptance, paces } = known;
    const expected =
      acceptance === null
        ? {}
        : { matched: rememberedWeight * acceptance, mismatched: rememberedWeight * (1 - acceptance) };
    return {
      ...freshJudgement,
      ...expected,
      paces,
      ...beginDrafting(known, paces, this.#leastGain, this.#orderFor(edge)),
    };
  }

  #orderFor(edge: string | null): DraftingOrder | null {
    return this.#order !== null && (edge === null || this.#order.edge === edge) ? this.#order : null;
  }

  /** @param before whether the device was drafting */
  #note(before: boolean): DraftingSwitch | null {
    const { isDrafting: on, reason, isTrial } = this.#judgement;
    const mode = modeInForce(on, this.#timing?.edgeDraftMs != null);
    const change = { fromToken: this.#seen.tokens, mode, reason, ...(isTrial ? ({ isTrial } as const) : {}) };
    // What was chosen before the first token is replaced by what the edge's greeting changes.
    if (this.#changes.at(-1)?.fromToken === change.fromToken) this.#changes.pop();
    const last = this.#changes.at(-1);
    if (last?.mode !== mode || last.isTrial !== change.isTrial) this.#changes.push(change);
    if (on === before) return null;
    if (!on) this.pauses += 1;
    return { on, reason };
  }
}

type Counts = Readonly<Record<'matched' | 'mismatched' | 'tokens' | 'commits' | 'decodedTokens' | 'decodeMs', number>>;

function difference(now: Counts, before: Counts): Counts {
  return {
    matched: now.matched - before.matched,
    mismatched: now.mismatched - before.mismatched,
    tokens: now.tokens - before.tokens,
    commits: now.commits - before.commits,
    decodedTokens: now.decodedTokens - before.decodedTokens,
    decodeMs: now.decodeMs - before.decodeMs,
  };
}
