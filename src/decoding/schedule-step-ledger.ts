// Who is served next when there is not enough for all: virtual time, that is what a session was served, divided by its
// share; the lowest goes first (start-time fair queueing, Goyal, Vin, Cheng 1996). What is served (rows, tokens) is the
// caller's matter.

export interface Ledger {
  /** Where a newcomer and who was away start, so that nobody saves up credit by being idle. */
  readonly floor: number;
  /** Virtual time by id: of all who took part in the last round, and of who is away and took more than the floor. */
  readonly virtualTimes: ReadonlyMap<number, number>;
}

export const emptyLedger: Ledger = { floor: 0, virtualTimes: new Map() };

/** The ledger while one step is planned. */
export interface Round {
  /** Lowest virtual time first, ties to the lower id; undefined if `candidates` is empty. */
  next(candidates: Iterable<number>): number | undefined;
  /** Up to `count` candidates in the order in which `next` would name them if each was served once. */
  first(candidates: Iterable<number>, count: number): number[];
  charge(id: number, served: number): void;
  /** `waiting`: those who would have taken more. */
  finish(waiting: ReadonlySet<number>): Ledger;
}

/**
 * `shares`: those who want something in this step, with their relative shares. Who was not away and got all it wanted may
 * still be owed up to `keptServings`, because servings come in whole ones: as many as steps pass until everybody had one.
 */
export function startRound(ledger: Ledger, shares: ReadonlyMap<number, number>, keptServings: number = 1): Round {
  const times = new Map<number, number>();
  for (const [id, share] of shares) {
    times.set(id, startTime(ledger, id, keptServings / share));
  }
  return {
    next: (candidates) => lowest(times, candidates),
    first: (candidates, count) => lowestFew(times, candidates, count),
    charge(id, served) {
      times.set(id, (times.get(id) ?? ledger.floor) + served / (shares.get(id) ?? 1));
    },
    finish: (waiting) => close(ledger, times, waiting),
  };
}

function startTime(ledger: Ledger, id: number, kept: number): number {
  return Math.max(ledger.virtualTimes.get(id) ?? ledger.floor, ledger.floor - kept);
}

function lowest(times: ReadonlyMap<number, number>, candidates: Iterable<number>): number | undefined {
  let best: number | undefined;
  let bestTime = Number.POSITIVE_INFINITY;
  for (const id of candidates) {
    const time = times.get(id) ?? Number.POSITIVE_INFINITY;
    if (time < bestTime || (time === bestTime && best !== undefined && id < best)) {
      best = id;
      bestTime = time;
    }
  }
  return best;
}

function lowestFew(times: ReadonlyMap<number, number>, candidates: Iterable<number>, count: number): number[] {
  const timed = Array.from(candidates, (id) => ({ id, time: times.get(id) ?? Number.POSITIVE_INFINITY }));
  // Hundreds of sessions for a few rows: sorting once is cheaper than searching for each row.
  if (timed.length > count) timed.sort((left, right) => left.time - right.time || left.id - right.id);
  return timed.slice(0, count).map(({ id }) => id);
}

function close(ledger: Ledger, times: ReadonlyMap<number, number>, waiting: ReadonlySet<number>): Ledger {
  const starts = [...times].filter(([id]) => waiting.has(id)).map(([, time]) => time);
  // With somebody waiting, a newcomer starts level with who is to be served next; else all claims are settled.
  const level = starts.length > 0 ? Math.min(...starts) : Math.max(ledger.floor, ...times.values());
  const floor = Math.max(ledger.floor, level);
  const virtualTimes = new Map(times);
  // Who is away keeps what it owes, not what it is owed.
  for (const [id, time] of ledger.virtualTimes) if (!times.has(id) && time > floor) virtualTimes.set(id, time);
  return { floor, virtualTimes };
}
