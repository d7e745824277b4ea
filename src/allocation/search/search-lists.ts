// The two lists of a local search: changes that are worth an exact evaluation, and devices that wait for an examination.

/** Changes in the order of their floors, of equal ones the first to be added; entry n is one change. */
export class Offers {
  /** The link over which a device would come. */
  readonly linkIn: number[] = [];
  /** The link of the device that takes its place, or -1 for a move. */
  readonly otherIn: number[] = [];
  readonly #floors: number[] = [];
  /** Entries that are not taken: a heap with the least at the top, once `takeBest` has ordered it. */
  readonly #heap: number[] = [];
  #count = 0;
  #isOrdered = false;

  clear(): void {
    this.#count = 0;
    this.#isOrdered = false;
  }

  add(floorMs: number, linkIn: number, otherIn: number): void {
    this.#floors[this.#count] = floorMs;
    this.linkIn[this.#count] = linkIn;
    this.otherIn[this.#count] = otherIn;
    this.#heap[this.#count] = this.#count;
    this.#count++;
    this.#isOrdered = false;
  }

  /** Removes and returns the entry with the lowest floor below `belowMs`; -1 for none. Nothing is added after the first one is taken. */
  takeBest(belowMs: number): number {
    if (!this.#isOrdered) for (let at = (this.#count >> 1) - 1; at >= 0; at--) this.#sink(at);
    this.#isOrdered = true;
    const best = this.#heap[0] as number;
    if (this.#count === 0 || (this.#floors[best] as number) >= belowMs) return -1;
    this.#count--;
    this.#heap[0] = this.#heap[this.#count] as number;
    this.#sink(0);
    return best;
  }

  #sink(from: number): void {
    const entry = this.#heap[from] as number;
    let at = from;
    for (let child = 2 * at + 1; child < this.#count; child = 2 * at + 1) {
      if (child + 1 < this.#count && this.#isBefore(child + 1, child)) child++;
      if (!this.#isLess(this.#heap[child] as number, entry)) break;
      this.#heap[at] = this.#heap[child] as number;
      at = child;
    }
    this.#heap[at] = entry;
  }

  #isBefore(one: number, other: number): boolean {
    return this.#isLess(this.#heap[one] as number, this.#heap[other] as number);
  }

  #isLess(one: number, other: number): boolean {
    const oneMs = this.#floors[one] as number;
    const otherMs = this.#floors[other] as number;
    return oneMs < otherMs || (oneMs === otherMs && one < other);
  }
}

/** Devices, first in, first out; each is in the queue at most once. */
export class DeviceQueue {
  readonly #room: Int32Array;
  readonly #isWaiting: Uint8Array;
  #head = 0;
  #tail = 0;

  constructor(deviceCount: number) {
    this.#room = new Int32Array(deviceCount + 1);
    this.#isWaiting = new Uint8Array(deviceCount);
  }

  /** No effect if the device is in the queue already. */
  push(device: number): void {
    if (this.#isWaiting[device] === 1) return;
    this.#isWaiting[device] = 1;
    this.#room[this.#tail] = device;
    this.#tail = (this.#tail + 1) % this.#room.length;
  }

  /** -1 when the queue is empty. */
  pop(): number {
    if (this.#head === this.#tail) return -1;
    const device = this.#room[this.#head] as number;
    this.#head = (this.#head + 1) % this.#room.length;
    this.#isWaiting[device] = 0;
    return device;
  }
}
