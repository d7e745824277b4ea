// Start-time fair queueing (SFQ: Goyal, Vin, Cheng 1996): each flow has a start tag, which grows by service over weight, and the flow
// with the smallest start tag is served next. What is served (rows, tokens) is the caller's matter.

export interface FairQueueState {
  /** v: a flow that is new or comes back gets at least about this start tag, so that idling earns no credit. */
  readonly virtualTime: number;
  /** Finish tags by flow: of all flows of the last round, and of absent flows whose tag is above the virtual time. */
  readonly finishTags: ReadonlyMap<number, number>;
}

/**
 * Tags of absent flows that are kept. Most belong to sessions that have ended, and with a small weight their tags would stay for as many
 * steps as 1 / weight: each step copies them.
 */
const mostAbsent = 1024;

export const emptyFairQueue: FairQueueState = { virtualTime: 0, finishTags: new Map() };

/** One flow of a round. The round names it by its index in the list of flows. */
export interface Flow {
  readonly id: number;
  /** Relative, above 0. */
  readonly weight: number;
}

/** The queue while one step is planned. */
export interface Round {
  /** The flow with the smallest start tag among those that `isCandidate` accepts, ties to the lower id; -1: there is none. */
  next(isCandidate: (flow: number) => boolean): number;
  /** The first `count` flows in the order of `next`, if each were served once. */
  first(count: number): readonly number[];
  /** Serves a flow: its start tag becomes the finish tag of this service, S + amount / weight. */
  serve(flow: number, amount: number): void;
  /** @param isBacklogged whether a flow would have taken more */
  finish(isBacklogged: (flow: number) => boolean): FairQueueState;
  /** For rounds whose services all come in the order of `next`: v is the largest start tag that was served, as in SFQ itself. */
  finishServed(): FairQueueState;
}

/**
 * Starts a round with the flows that want service in this step. SFQ's start tag is max(v, finish tag). Service comes in whole units, so a
 * flow may here lag behind v.
 * @param lagOf how far a flow of this weight may lag; default: by one unit
 */
export function startRound(
  queue: FairQueueState,
  flows: readonly Flow[],
  lagOf: (weight: number) => number = oneUnit,
): Round {
  const { virtualTime, finishTags } = queue;
  const startTags: number[] = [];
  for (const { id, weight } of flows) {
    startTags.push(Math.max(finishTags.get(id) ?? virtualTime, virtualTime - lagOf(weight)));
  }
  let served = virtualTime;
  return {
    next: (isCandidate) => smallest(flows, startTags, isCandidate),
    first(count) {
      const order = flows.map((_, flow) => flow);
      if (order.length > count) order.sort((left, right) => compare(flows, startTags, left, right));
      return order.slice(0, count);
    },
    serve(flow, amount) {
      const startTag = startTags[flow] as number;
      if (startTag > served) served = startTag;
      startTags[flow] = startTag + amount / (flows[flow] as Flow).weight;
    },
    finish: (isBacklogged) => close(queue, flows, startTags, levelOf(queue, startTags, isBacklogged)),
    finishServed: () => close(queue, flows, startTags, served),
  };
}

function oneUnit(weight: number): number {
  return 1 / weight;
}

function compare(flows: readonly Flow[], startTags: readonly number[], left: number, right: number): number {
  const difference = (startTags[left] as number) - (startTags[right] as number);
  return difference || (flows[left] as Flow).id - (flows[right] as Flow).id;
}

function smallest(
  flows: readonly Flow[],
  startTags: readonly number[],
  isCandidate: (flow: number) => boolean,
): number {
  let best = -1;
  for (let flow = 0; flow < startTags.length; flow++) {
    if (isCandidate(flow) && (best < 0 || compare(flows, startTags, flow, best) < 0)) best = flow;
  }
  return best;
}

/** v: the smallest start tag of the backlogged flows; without a backlog, the largest finish tag. */
function levelOf(queue: FairQueueState, tags: readonly number[], isBacklogged: (flow: number) => boolean): number {
  let smallestBacklogged = Number.POSITIVE_INFINITY;
  let largest = queue.virtualTime;
  for (let flow = 0; flow < tags.length; flow++) {
    const tag = tags[flow] as number;
    if (tag > largest) largest = tag;
    if (tag < smallestBacklogged && isBacklogged(flow)) smallestBacklogged = tag;
  }
  return smallestBacklogged < Number.POSITIVE_INFINITY ? smallestBacklogged : largest;
}

function close(queue: FairQueueState, flows: readonly Flow[], tags: readonly number[], level: number): FairQueueState {
  const virtualTime = Math.max(queue.virtualTime, level);
  if (tags.length === 0 && queue.finishTags.size === 0) return queue;
  const finishTags = new Map<number, number>();
  for (let flow = 0; flow < tags.length; flow++) finishTags.set((flows[flow] as Flow).id, tags[flow] as number);
  // An absent flow keeps a tag above v, so that leaving and returning gains nothing; a tag below v is dropped.
  let absent = 0;
  for (const [id, tag] of queue.finishTags) {
    if (tag <= virtualTime || finishTags.has(id)) continue;
    finishTags.set(id, tag);
    absent += 1;
  }
  if (absent > mostAbsent) forgetOldest(finishTags, absent - mostAbsent, new Set(flows.map(({ id }) => id)));
  return { virtualTime, finishTags };
}

/** The flows with the lowest ids, which are the least likely to come back. */
function forgetOldest(finishTags: Map<number, number>, count: number, present: ReadonlySet<number>): void {
  const absent = [...finishTags.keys()].filter((id) => !present.has(id)).sort((left, right) => left - right);
  for (const id of absent.slice(0, count)) finishTags.delete(id);
}
