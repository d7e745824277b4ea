// A drafter of a virtual device that tries lookup first, by the same rules as models/port/adaptive-drafter.ts on a live device. It computes the
// time of each draft instead of measuring it. One instance for each turn.

import type { AlternativeOrder } from '../../src/core/decoding/alternative.ts';
import { DraftSource } from '../../src/core/decoding/draft-source.ts';
import { DraftedText } from '../../src/core/decoding/token-list.ts';
import type { DeviceState } from '../../src/core/protocol/device/device-state.ts';
import { workOf } from '../../src/core/protocol/wire/draft-order.ts';
import type { VirtualDraft, VirtualDrafter } from './model.ts';

export class SourcedDrafter implements VirtualDrafter {
  readonly #model: VirtualDrafter;
  readonly #source = new DraftSource();
  /** Number of tokens that the model has not evaluated yet. */
  #behind = 0;

  constructor(model: VirtualDrafter) {
    this.#model = model;
  }

  draft(state: DeviceState, lookUpMargin = 0, alternatives: readonly AlternativeOrder[] = []): VirtualDraft | null {
    const text = new DraftedText(state.text, state.tail);
    this.#source.follow(text, state.turn.prompt.length, state.text.length);
    const found = this.#source.lookUp(lookUpMargin);
    if (found !== null) {
      this.#behind += 1;
      return { ...found, isLookedUp: true };
    }
    const made = this.#model.draft(state, lookUpMargin, alternatives);
    if (made === null) return null;
    const { tokens, ...beside } = workOf(made, alternatives);
    const work = { ...beside, tokens: tokens + this.#behind };
    this.#behind = 0;
    return { ...made, ...this.#source.calibrated(text.length, made), work };
  }
}
