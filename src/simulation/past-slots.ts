// What is kept of earlier slots: where devices were, and how strong their links were when they were last measured. Arrays are used again.

export interface PastSlots {
  /** Gains as policies know them; filled by {@link PastSlots.note}; the same array each slot. */
  readonly seenGain: Float64Array;
  /** Of the gains seen last; less than the setting while a run is younger. */
  readonly gainAgeSlots: number;
  /** One slot ago, two slots ago, ...; as far back as gains are old, and one more. First places before a run's start. */
  readonly x: readonly Float64Array[];
  readonly y: readonly Float64Array[];
  /** Call once in each slot, with its gains and places. */
  note(slot: number, gain: Float64Array, x: Float64Array, y: Float64Array): void;
}

/** @param gainAgeSlots 0: gains are seen as they are */
export function createPastSlots(gainAgeSlots: number, deviceCount: number, serverCount: number): PastSlots {
  const rooms = (count: number, length: number): Float64Array[] =>
    Array.from({ length: count }, () => new Float64Array(length));
  const gains = rooms(gainAgeSlots, deviceCount * serverCount);
  const seenGain = new Float64Array(gainAgeSlots === 0 ? 0 : deviceCount * serverCount);
  const x = rooms(gainAgeSlots + 1, deviceCount);
  const y = rooms(gainAgeSlots + 1, deviceCount);
  const now = { x: new Float64Array(deviceCount), y: new Float64Array(deviceCount) };
  let age = 0;
  return {
    seenGain,
    x,
    y,
    get gainAgeSlots() {
      return age;
    },
    note(slot, gain, nowX, nowY) {
      if (slot === 0) {
        for (const one of x) one.set(nowX);
        for (const one of y) one.set(nowY);
      } else {
        pushPlaces(x, now.x);
        pushPlaces(y, now.y);
      }
      now.x.set(nowX);
      now.y.set(nowY);
      if (gainAgeSlots === 0) return;
      age = Math.min(slot, gainAgeSlots);
      const place = slot % gainAgeSlots;
      seenGain.set(
        age < gainAgeSlots ? (slot === 0 ? gain : (gains[0] as Float64Array)) : (gains[place] as Float64Array),
      );
      (gains[place] as Float64Array).set(gain);
    },
  };
}

/** The newest comes first; the oldest array takes it. */
function pushPlaces(places: Float64Array[], newest: Float64Array): void {
  const oldest = places.pop();
  if (oldest === undefined) return;
  oldest.set(newest);
  places.unshift(oldest);
}
