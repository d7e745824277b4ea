// Changes that are worth an exact evaluation: a growing list, taken in the order of the floors.

/** Parallel lists; entry n is one change. */
export interface Offers {
  clear(): void;
  /** @param linkIn the link over which a device would come @param otherIn the link of the device that takes its place, or -1 for a move */
  add(floorMs: number, linkIn: number, otherIn: number): void;
  /** Removes and returns the entry with the lowest floor below `belowMs`; -1 for none. */
  takeBest(belowMs: number): number;
  linkIn(entry: number): number;
  otherIn(entry: number): number;
}

export function createOffers(): Offers {
  let floors = new Float64Array(256);
  let ins = new Int32Array(256);
  let others = new Int32Array(256);
  let count = 0;
  function grow(): void {
    const size = 2 * count;
    const old = { floors, ins, others };
    floors = new Float64Array(size);
    ins = new Int32Array(size);
    others = new Int32Array(size);
    floors.set(old.floors);
    ins.set(old.ins);
    others.set(old.others);
  }
  return {
    clear() {
      count = 0;
    },
    add(floorMs, linkIn, otherIn) {
      if (count === floors.length) grow();
      floors[count] = floorMs;
      ins[count] = linkIn;
      others[count] = otherIn;
      count++;
    },
    takeBest(belowMs) {
      let best = -1;
      let least = belowMs;
      for (let entry = 0; entry < count; entry++) {
        const floor = floors[entry] as number;
        if (floor < least) {
          least = floor;
          best = entry;
        }
      }
      if (best >= 0) floors[best] = Number.POSITIVE_INFINITY;
      return best;
    },
    linkIn: (entry) => ins[entry] as number,
    otherIn: (entry) => others[entry] as number,
  };
}
