// Data of earlier slots: positions of devices, and the gains of the last measurement. Arrays are reused.

export interface PastSlots {
  /** Gains as policies see them (stale CSI); filled by {@link PastSlots.note}; the same array each slot. */
  readonly seenGain: Float64Array;
  /** Age of these gains; less than the setting at the start of a run. */
  readonly gainAgeSlots: number;
  /** Positions one slot ago, two slots ago, ...; one more than the age of gains. Before a run's start: the first positions. */
  readonly x: readonly Float64Array[];
  readonly y: readonly Float64Array[];
  /** Call it once in each slot, with its gains and positions. */
  note(slot: number, gain: Float64Array, x: Float64Array, y: Float64Array): void;
}

/** @param gainAgeSlots 0: the present gains */
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
