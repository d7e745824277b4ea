// A virtual device's drafter that looks back in the text first, as models/adaptive-drafter.ts does on a live one: the same rules, and
// the time that each draft takes in place of a clock. One for each turn.

import { DraftSource } from '../decoding/draft-source.ts';
import { catchUpShare } from '../decoding/draft-timing.ts';
import type { DeviceState } from '../protocol/device-state.ts';
import type { VirtualDraft, VirtualDrafter } from './model.ts';

export class SourcedDrafter implements VirtualDrafter {
  readonly looksBack = true;
  readonly #model: VirtualDrafter;
  readonly #source = new DraftSource();
  /** Tokens that the model has not read yet. */
  #behind = 0;

  constructor(model: VirtualDrafter) {
    this.#model = model;
  }

  draft(state: DeviceState, lookUpMargin: number = 0): VirtualDraft | null {
    const text = [...state.text.slice(0), ...state.tail];
    this.#source.follow(text, state.turn.prompt.length, state.text.length);
    const found = this.#source.lookUp(lookUpMargin);
    if (found !== null) {
      this.#behind += 1;
      return { ...found, isLookedUp: true, effort: 0 };
    }
    const made = this.#model.draft(state);
    if (made === null) return null;
    const effort = (made.effort ?? 1) + this.#behind * catchUpShare;
    this.#behind = 0;
    return { ...this.#source.calibrated(text.length, made), effort };
  }
}
