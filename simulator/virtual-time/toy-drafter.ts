// The draft model of the simulation. It reads the target's own choice, and proposes it with a set probability, independently for each
// token. Its drafts for the same text can be the same, or drawn again each time.

import { philox, type Random } from '../../src/core/basics/philox.ts';
import type { AlternativeOrder } from '../../src/core/decoding/alternative.ts';
import type { RunnerUp } from '../../src/core/decoding/runner-up.ts';
import { toyContextKey } from '../../src/core/decoding/toy-language.ts';
import type { DeviceState } from '../../src/core/protocol/device/device-state.ts';
import type { VirtualDraft, VirtualDrafter, VirtualEdgeDrafter } from './model.ts';
import { recentIds, type ToyTarget, type TurnRule } from './toy-target.ts';

export interface DrafterSettings {
  /** Probability that a draft is the target's own choice, [0, 1]. */
  readonly agreement: number;
  /** Two kinds of positions with this mean in place of one; see {@link twoClasses}. Default: all positions are alike. */
  readonly classes?: ToyClasses;
  /**
   * Probability that the second choice is the target's own where the draft is not, [0, 1]; a list: of the second, third, ... choice, which
   * sum to at most 1. Default: the drafter gives none.
   */
  readonly runnerUpAgreement?: number | readonly number[];
  /** Null: the same draft for the same text. Otherwise each draft is drawn from this generator. */
  readonly redraws: Random | null;
  readonly seed: number;
}

/**
 * A draft is right with probability `unsure` at a share of positions, with `sure` at the others, and its confidence distinguishes the two.
 */
export interface ToyClasses {
  readonly unsure: number;
  readonly sure: number;
  readonly unsureShare: number;
}

/** Drafts are right in 35 % of the unsure positions and in 95 % of the sure ones, or as near as this mean allows. */
export function twoClasses(agreement: number): ToyClasses {
  const [unsure, sure] = [Math.min(0.35, agreement), Math.max(0.95, agreement)];
  return { unsure, sure, unsureShare: sure === unsure ? 0 : (sure - agreement) / (sure - unsure) };
}

const inverseTwo32: number = 2 ** -32;
const draftPurpose = 3;
const block: Uint32Array = new Uint32Array(4);

export function toyDrafter(target: ToyTarget, settings: DrafterSettings): VirtualDrafter {
  return {
    draft: (state, _lookUpMargin, orders = []) => withAlternatives(target, settings, state, orders),
  };
}

/** What a drafter knows beside its draft. */
export type DrafterHints = Pick<DrafterSettings, 'classes' | 'runnerUpAgreement'>;

/** The draft model of an edge; each draft is drawn from `random`. */
export function toyEdgeDrafter(
  target: ToyTarget,
  agreement: number,
  random: Random,
  hints: DrafterHints = {},
): VirtualEdgeDrafter {
  const settings: DrafterSettings = { agreement, redraws: random, seed: 0, ...hints };
  return {
    next({ text, open: turn }, tail, orders = []) {
      return withAlternatives(target, settings, { text, tail, turn }, orders);
    },
  };
}

type Believed = Pick<DeviceState, 'text' | 'tail'> & { readonly turn: TurnRule };

function withAlternatives(
  target: ToyTarget,
  settings: DrafterSettings,
  state: Believed,
  orders: readonly AlternativeOrder[],
): VirtualDraft {
  const draft = draftToken(target, settings, state, state.tail);
  const alternatives = orders.map(({ id, position, tokens }) => {
    const drafts = [...state.tail.slice(0, position - state.text.length), ...tokens];
    return { id, position: position + tokens.length, ...draftToken(target, settings, state, drafts) };
  });
  return alternatives.length === 0 ? draft : { ...draft, alternatives };
}

function draftToken(
  target: ToyTarget,
  settings: DrafterSettings,
  { text, turn }: Omit<Believed, 'tail'>,
  drafts: readonly number[],
): VirtualDraft {
  const { classes, runnerUpAgreement } = settings;
  const position = text.length + drafts.length;
  const ids = [...recentIds(text, text.length), ...drafts];
  const right = target.nextAfter(text, drafts, turn);
  const [coin, kind, second] = throwCoins(settings, ids, position);
  const agreement =
    classes === undefined ? settings.agreement : kind < classes.unsureShare ? classes.unsure : classes.sure;
  const confidence = Math.max(0.01, agreement);
  const wrong = target.otherThan(right);
  const isRight = coin < agreement;
  const draft = { token: isRight ? right : wrong, confidence };
  if (runnerUpAgreement === undefined) return draft;
  const shares = typeof runnerUpAgreement === 'number' ? [runnerUpAgreement] : runnerUpAgreement;
  return { ...draft, ...laterChoices(target, isRight ? null : right, draft, shares, second) };
}

/** @param missed the target's own token; null: the draft is right @param coin decides which of the choices is right */
function laterChoices(
  target: ToyTarget,
  missed: number | null,
  { token, confidence }: VirtualDraft,
  shares: readonly number[],
  coin: number,
): { runnerUp?: RunnerUp } {
  let wrong = token;
  let below = 0;
  const choices = shares.map((share): RunnerUp => {
    const isHit = missed !== null && coin >= below && coin < below + share;
    below += share;
    if (!isHit) wrong = target.otherThan(wrong);
    return { token: isHit ? missed : wrong, confidence: laterConfidence(confidence, share) };
  });
  let runnerUp: RunnerUp | undefined;
  for (const choice of choices.toReversed()) runnerUp = runnerUp === undefined ? choice : { ...choice, next: runnerUp };
  return runnerUp === undefined ? {} : { runnerUp };
}

/** The chance of a later choice, given that it is that one or the first. */
function laterConfidence(confidence: number, share: number): number {
  const chance = (1 - confidence) * share;
  return Math.min(0.5, Math.max(0.001, chance / (confidence + chance)));
}

type Coins = readonly [number, number, number];

/** Drawn again each time: one number where nothing else is asked for. */
function throwCoins(settings: DrafterSettings, ids: readonly number[], position: number): Coins {
  const { redraws, seed, classes, runnerUpAgreement } = settings;
  if (redraws !== null) {
    const coin = redraws.uniform();
    const isPlain = classes === undefined && runnerUpAgreement === undefined;
    return isPlain ? [coin, 0, 0] : [coin, redraws.uniform(), redraws.uniform()];
  }
  const key = toyContextKey(ids, ids.length);
  philox(block, key, Math.floor(key * inverseTwo32), position, draftPurpose, seed, Math.floor(seed * inverseTwo32));
  const at = (index: number): number => (block[index] as number) * inverseTwo32;
  return [at(0), at(1), at(2)];
}
