// Who is served next when there is not enough for all: virtual time, that is what a session was served, divided by its
// share; the lowest goes first (start-time fair queueing, Goyal, Vin, Cheng 1996). What is served (rows, tokens) is the
// caller's matter.

export interface FairQueueState {
  /** Virtual time of the queue: a flow that is new, or was away, starts here, so that idling earns no credit. */
  readonly virtualTime: number;
  /** Finish tag by flow: of all flows of the last round, and of flows that are away and were served beyond the virtual time. */
  readonly finishTags: ReadonlyMap<number, number>;
}

export const emptyFairQueue: FairQueueState = { virtualTime: 0, finishTags: new Map() };

/** Who takes part in a round, by place in the list that it was started with. */
export interface Flow {
  readonly id: number;
  /** Relative, above 0. */
  readonly share: number;
}

/** The queue while one step is planned. */
export interface Round {
  /** Whose virtual time is lowest among the places that `isCandidate` names, ties to the lower id; -1 if there is none. */
  next(isCandidate: (place: number) => boolean): number;
  /** The first `count` places in the order in which `next` would name them if each was served once. */
  first(count: number): readonly number[];
  charge(place: number, served: number): void;
  /** `isWaiting`: those who would have taken more. */
  finish(isWaiting: (place: number) => boolean): FairQueueState;
}

/**
 * `flows`: those who want something in this step. Who was not away and got all it wanted may still be owed up to `keptServings`,
 * because servings come in whole ones: as many as steps pass until everybody had one.
 */
export function startRound(queue: FairQueueState, flows: readonly Flow[], keptServings: number = 1): Round {
  const { virtualTime, finishTags } = queue;
  const times: number[] = [];
  for (const { id, share } of flows) {
    times.push(Math.max(finishTags.get(id) ?? virtualTime, virtualTime - keptServings / share));
  }
  return {
    next: (isCandidate) => lowest(flows, times, isCandidate),
    first(count) {
      const places = flows.map((_, place) => place);
      if (places.length > count) places.sort((left, right) => compare(flows, times, left, right));
      return places.slice(0, count);
    },
    charge(place, served) {
      times[place] = (times[place] as number) + served / (flows[place] as Flow).share;
    },
    finish: (isWaiting) => close(queue, flows, times, isWaiting),
  };
}

function compare(flows: readonly Flow[], times: readonly number[], left: number, right: number): number {
  const difference = (times[left] as number) - (times[right] as number);
  return difference || (flows[left] as Flow).id - (flows[right] as Flow).id;
}

function lowest(flows: readonly Flow[], times: readonly number[], isCandidate: (place: number) => boolean): number {
  let best = -1;
  for (let place = 0; place < times.length; place++) {
    if (isCandidate(place) && (best < 0 || compare(flows, times, place, best) < 0)) best = place;
  }
  return best;
}

function close(
  queue: FairQueueState,
  flows: readonly Flow[],
  times: readonly number[],
  isWaiting: (place: number) => boolean,
): FairQueueState {
  // With somebody waiting, a newcomer starts level with who is to be served next; else all claims are settled.
  let [lowestWaiting, highest] = [Number.POSITIVE_INFINITY, queue.virtualTime];
  for (let place = 0; place < times.length; place++) {
    const time = times[place] as number;
    if (time > highest) highest = time;
    if (time < lowestWaiting && isWaiting(place)) lowestWaiting = time;
  }
  const level = lowestWaiting < Number.POSITIVE_INFINITY ? lowestWaiting : highest;
  const virtualTime = Math.max(queue.virtualTime, level);
  if (times.length === 0 && queue.finishTags.size === 0) return queue;
  const finishTags = new Map<number, number>();
  for (let place = 0; place < times.length; place++) finishTags.set((flows[place] as Flow).id, times[place] as number);
  // Who is away keeps what it owes, not what it is owed.
  for (const [id, time] of queue.finishTags) if (time > virtualTime && !finishTags.has(id)) finishTags.set(id, time);
  return { virtualTime, finishTags };
}
