// The pause before the next attempt to connect. It grows with the outage, and is drawn from a range, so that the devices of an edge that was
// away do not come back at the same moment. Pure: chance is an argument.

const shortestMs = 50;
const longestMs = 4000;
/** An outage of T costs at most T times one more than this, and the shortest pause. */
const shareOfOutage = 0.5;
/** A pause is drawn from this part of its range to the whole of it. */
const leastPart = 0.5;

/** @param outageMs time since the connection was lost @param uniform random number in [0, 1) @returns ms */
export function reconnectPauseMs(outageMs: number, uniform: number): number {
  const rangeMs = Math.min(longestMs, shortestMs + shareOfOutage * outageMs);
  return rangeMs * (leastPart + (1 - leastPart) * uniform);
}
