// What a client has been sent of an answer, against the target's own text: what may follow, and what may be called verified. Pure.

import type { Standing } from './completion-port.ts';

/** New text for the client, perhaps empty, and how far all of it so far is verified. */
export interface TextUpdate {
  readonly text: string;
  readonly standing: Standing | undefined;
}

export class SentText {
  #sent = '';
  /** The target's own text, as far as it is known. */
  #own = '';
  /** UTF-16 units from the start that are known to be equal in both. */
  #same = 0;
  #hasLocal = false;
  #hasLeftOwn = false;

  /** What the client has. It can't be taken back. */
  get text(): string {
    return this.#sent;
  }

  /** The target's own text so far. */
  get own(): string {
    return this.#own;
  }

  /** Whether the client has what the target would not have written. */
  get hasLeftOwn(): boolean {
    return this.#hasLeftOwn;
  }

  /** Undefined: all that the client has came from a target. */
  get standing(): Standing | undefined {
    if (!this.#hasLocal) return undefined;
    if (!this.#hasLeftOwn && this.#same === this.#sent.length) return { verified: true };
    const from = pointsIn(this.#sent, this.#same);
    return this.#hasLeftOwn ? { verified: false, from, differsAt: from } : { verified: false, from };
  }

  /** @param added to what the client has, by a model of this device, or by a target after such text */
  unverified(added: string): TextUpdate {
    this.#sent += added;
    this.#hasLocal = true;
    return { text: added, standing: this.standing };
  }

  /**
   * @param added to the target's own text
   * @param isOver whether that ends there
   * @returns null: nothing to send yet. Afterwards {@link hasLeftOwn} may be true.
   */
  verified(added: string, isOver = false): TextUpdate | null {
    const wasAhead = this.#same === this.#sent.length;
    this.#own += added;
    if (wasAhead) {
      this.#sent = this.#own;
      this.#same = this.#own.length;
      return { text: added, standing: this.standing };
    }
    this.#compare();
    if (this.#same === this.#sent.length) {
      const text = this.#own.slice(this.#same);
      this.#sent = this.#own;
      this.#same = this.#own.length;
      return { text, standing: this.standing };
    }
    if (this.#same === this.#own.length && !isOver) return null;
    this.#hasLeftOwn = true;
    return { text: '', standing: this.standing };
  }

  /** Another target is asked, from the beginning: of the one before nothing counts. */
  forgetOwn(): void {
    this.#own = '';
    this.#same = 0;
    this.#hasLocal ||= this.#sent !== '';
  }

  #compare(): void {
    const [sent, own] = [this.#sent, this.#own];
    const most = Math.min(sent.length, own.length);
    let same = this.#same;
    while (same < most && sent.charCodeAt(same) === own.charCodeAt(same)) same += 1;
    // Two characters may share their first half.
    const isHalf = same > 0 && /[\uD800-\uDBFF]/.test(sent.charAt(same - 1));
    this.#same = isHalf ? same - 1 : same;
  }
}

/** Unicode code points before an index. */
function pointsIn(text: string, end: number): number {
  let points = 0;
  for (const _ of text.slice(0, end)) points += 1;
  return points;
}
