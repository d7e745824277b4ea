// The two lists of a local search: changes that are worth an exact evaluation, and devices that wait for an examination.

/** Changes in the order of their floors; entry n is one change. */
export class Offers {
  /** The link over which a device would come. */
  readonly linkIn: number[] = [];
  /** The link of the device that takes its place, or -1 for a move. */
  readonly otherIn: number[] = [];
  readonly #floors: number[] = [];
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  add(floorMs: number, linkIn: number, otherIn: number): void {
    this.#floors[this.#count] = floorMs;
    this.linkIn[this.#count] = linkIn;
    this.otherIn[this.#count] = otherIn;
    this.#count++;
  }

  /** Removes and returns the entry with the lowest floor below `belowMs`; -1 for none. */
  takeBest(belowMs: number): number {
    let best = -1;
    let least = belowMs;
    for (let entry = 0; entry < this.#count; entry++) {
      const floor = this.#floors[entry] as number;
      if (floor >= least) continue;
      least = floor;
      best = entry;
    }
    if (best >= 0) this.#floors[best] = Number.POSITIVE_INFINITY;
    return best;
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
