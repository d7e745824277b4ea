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

/** Who takes part in a round, by place in the list that it was started with. */
export interface Claimant {
  readonly id: number;
  /** Relative, above 0. */
  readonly share: number;
}

/** The ledger while one step is planned. */
export interface Round {
  /** Whose virtual time is lowest among the places that `isCandidate` names, ties to the lower id; -1 if there is none. */
  next(isCandidate: (place: number) => boolean): number;
  /** The first `count` places in the order in which `next` would name them if each was served once. */
  first(count: number): readonly number[];
  charge(place: number, served: number): void;
  /** `isWaiting`: those who would have taken more. */
  finish(isWaiting: (place: number) => boolean): Ledger;
}

/**
 * `claimants`: those who want something in this step. Who was not away and got all it wanted may still be owed up to `keptServings`,
 * because servings come in whole ones: as many as steps pass until everybody had one.
 */
export function startRound(ledger: Ledger, claimants: readonly Claimant[], keptServings: number = 1): Round {
  const { floor, virtualTimes } = ledger;
  const times: number[] = [];
  for (const { id, share } of claimants) {
    times.push(Math.max(virtualTimes.get(id) ?? floor, floor - keptServings / share));
  }
  return {
    next: (isCandidate) => lowest(claimants, times, isCandidate),
    first(count) {
      const places = claimants.map((_, place) => place);
      if (places.length > count) places.sort((left, right) => compare(claimants, times, left, right));
      return places.slice(0, count);
    },
    charge(place, served) {
      times[place] = (times[place] as number) + served / (claimants[place] as Claimant).share;
    },
    finish: (isWaiting) => close(ledger, claimants, times, isWaiting),
  };
}

function compare(claimants: readonly Claimant[], times: readonly number[], left: number, right: number): number {
  const difference = (times[left] as number) - (times[right] as number);
  return difference || (claimants[left] as Claimant).id - (claimants[right] as Claimant).id;
}

function lowest(
  claimants: readonly Claimant[],
  times: readonly number[],
  isCandidate: (place: number) => boolean,
): number {
  let best = -1;
  for (let place = 0; place < times.length; place++) {
    if (isCandidate(place) && (best < 0 || compare(claimants, times, place, best) < 0)) best = place;
  }
  return best;
}

function close(
  ledger: Ledger,
  claimants: readonly Claimant[],
  times: readonly number[],
  isWaiting: (place: number) => boolean,
): Ledger {
  // With somebody waiting, a newcomer starts level with who is to be served next; else all claims are settled.
  let [lowestWaiting, highest] = [Number.POSITIVE_INFINITY, ledger.floor];
  for (let place = 0; place < times.length; place++) {
    const time = times[place] as number;
    if (time > highest) highest = time;
    if (time < lowestWaiting && isWaiting(place)) lowestWaiting = time;
  }
  const level = lowestWaiting < Number.POSITIVE_INFINITY ? lowestWaiting : highest;
  const floor = Math.max(ledger.floor, level);
  if (times.length === 0 && ledger.virtualTimes.size === 0) return ledger;
  const virtualTimes = new Map<number, number>();
  for (let place = 0; place < times.length; place++)
    virtualTimes.set((claimants[place] as Claimant).id, times[place] as number);
  // Who is away keeps what it owes, not what it is owed.
  for (const [id, time] of ledger.virtualTimes) if (time > floor && !virtualTimes.has(id)) virtualTimes.set(id, time);
  return { floor, virtualTimes };
}
