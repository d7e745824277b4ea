// The draft model of the simulation. It knows the target's own choice, and proposes it with a set probability, independently for each
// token. Its drafts for the same text can be the same, or drawn again each time.

import { philox, type Random } from '../basics/philox.ts';
import { toyContextKey } from '../decoding/toy-language.ts';
import type { DeviceState } from '../protocol/device-state.ts';
import type { VirtualDraft, VirtualDrafter, VirtualEdgeDrafter } from './model.ts';
import { recentIds, type ToyTarget } from './toy-target.ts';

export interface DrafterSettings {
  /** Probability that a draft is the target's own choice, [0, 1]. */
  readonly agreement: number;
  /** Null: the same draft for the same text. Otherwise each draft is drawn from this generator. */
  readonly redraws: Random | null;
  readonly seed: number;
}

const inverseTwo32: number = 2 ** -32;
const draftPurpose = 3;
const block: Uint32Array = new Uint32Array(4);

export function toyDrafter(target: ToyTarget, settings: DrafterSettings): VirtualDrafter {
  return { draft: (state) => draftToken(target, settings, state) };
}

/** The draft model of an edge; each draft is drawn from `random`. */
export function toyEdgeDrafter(target: ToyTarget, agreement: number, random: Random): VirtualEdgeDrafter {
  return {
    next({ text, open }, drafts) {
      const right = target.nextAfter(text, drafts, open);
      return random.uniform() < agreement ? right : target.otherThan(right);
    },
  };
}

function draftToken(target: ToyTarget, settings: DrafterSettings, state: DeviceState): VirtualDraft {
  const { text, tail, turn } = state;
  const position = text.length + tail.length;
  const ids = [...recentIds(text, text.length), ...tail];
  const right = target.nextAfter(text, tail, turn);
  const confidence = Math.max(0.01, settings.agreement);
  const isRight = throwCoin(settings, ids, position) < settings.agreement;
  return { token: isRight ? right : target.otherThan(right), confidence };
}

function throwCoin({ redraws, seed }: DrafterSettings, ids: readonly number[], position: number): number {
  if (redraws !== null) return redraws.uniform();
  const key = toyContextKey(ids, ids.length);
  philox(block, key, Math.floor(key * inverseTwo32), position, draftPurpose, seed, Math.floor(seed * inverseTwo32));
  return (block[0] as number) * inverseTwo32;
}
