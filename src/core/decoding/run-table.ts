// The last occurrence of each run of one length in a text: a hash table with open addressing and linear probing. A slot holds the end
// position of a run; the tokens themselves are compared, so a collision of hashes costs time only.

const firstSize = 64;
/** The share of taken slots at which a table grows. Tables of other run lengths grow at other times, so that they never do together. */
const firstLoad = 0.5;
const loadStep = 0.025;
const largestLoad = 0.7;

export class RunTable {
  readonly #run: number;
  readonly #load: number;
  #slots = new Int32Array(firstSize);
  #count = 0;

  /** @param run length of the runs @param index number of the table, from 0 */
  constructor(run: number, index: number) {
    this.#run = run;
    this.#load = Math.min(largestLoad, firstLoad + loadStep * index);
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Makes the run that ends at `end` its last occurrence. @returns the end of the one before; 0: none */
  put(ids: Int32Array, end: number, hash: number, seed: number): number {
    if (this.#count >= this.#load * this.#slots.length) this.#grow(ids, seed);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let other = slots[slot] as number; other !== 0; other = slots[slot] as number) {
      if (this.#isSameRun(ids, other, end)) {
        slots[slot] = end;
        return other;
      }
      slot = (slot + 1) & mask;
    }
    slots[slot] = end;
    this.#count += 1;
    return 0;
  }

  /** Undoes the last {@link put}. @param earlier what it returned */
  remove(ids: Int32Array, end: number, hash: number, earlier: number, seed: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== end) slot = (slot + 1) & mask;
    slots[slot] = earlier;
    if (earlier !== 0) return;
    this.#count -= 1;
    this.#closeGap(ids, slot, seed);
  }

  /** Moves entries back that were pushed beyond the empty slot, so that every probe from their own slot finds them. */
  #closeGap(ids: Int32Array, emptied: number, seed: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = emptied;
    for (let slot = (gap + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const own = this.#hashAt(ids, slots[slot] as number, seed) & mask;
      if (((slot - own) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot] as number;
      slots[slot] = 0;
      gap = slot;
    }
  }

  #grow(ids: Int32Array, seed: number): void {
    const before = this.#slots;
    const slots = new Int32Array(2 * before.length);
    const mask = slots.length - 1;
    for (const end of before) {
      if (end === 0) continue;
      let slot = this.#hashAt(ids, end, seed) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = end;
    }
    this.#slots = slots;
  }

  #isSameRun(ids: Int32Array, left: number, right: number): boolean {
    for (let back = 1; back <= this.#run; back++) if (ids[left - back] !== ids[right - back]) return false;
    return true;
  }

  #hashAt(ids: Int32Array, end: number, seed: number): number {
    let hash = seed;
    for (let back = 1; back <= this.#run; back++) hash = hashMore(hash, ids[end - back] as number);
    return hash;
  }
}

/** The hash of a run that is one token longer. */
export function hashMore(hash: number, id: number): number {
  const mixed = Math.imul(hash ^ id, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
