// For how long no controller decided although one could have: from the times of decisions, and of faults that kept controllers or servers of
// their store from working. Pure.

/** A controller or a server of the store does not work, or is out of reach, ms. */
export interface Outage {
  readonly of: 'controller' | 'store';
  readonly index: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Deciding {
  /** When it began and ended, ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** When any controller has decided for a device, in order, ms. */
  readonly decidedMs: readonly number[];
  readonly outages: readonly Outage[];
  readonly controllers: number;
  readonly stores: number;
}

/** Longest times in which one controller worked, and reached enough servers of the store, and none decided; ms. */
export interface WithoutDecider {
  /** Without a fault of the store in it or shortly before. */
  readonly usual: number;
  readonly afterStoreFault: number;
}

type Span = readonly [fromMs: number, toMs: number];

/** The store may still be electing its leader so long after a fault, ms. */
const storeSettlesMs = 15_000;

export function longestWithoutDecider(deciding: Deciding): WithoutDecider {
  const { outages, controllers, stores } = deciding;
  const times = [deciding.fromMs, ...deciding.decidedMs, deciding.toMs];
  const ofStore = outages.filter((outage) => outage.of === 'store');
  const lacking = withoutQuorum(ofStore, stores);
  let usual = 0;
  let afterStoreFault = 0;
  for (const [at, fromMs] of times.slice(0, -1).entries()) {
    const gap: Span = [fromMs, times[at + 1] as number];
    for (let controller = 0; controller < controllers; controller += 1) {
      const own = outages.filter((outage) => outage.of === 'controller' && outage.index === controller);
      const down: readonly Span[] = [...own.map((outage): Span => [outage.fromMs, outage.toMs]), ...lacking];
      for (const [from, to] of without(gap, down)) {
        const isNear = ofStore.some((outage) => outage.fromMs < to && outage.toMs + storeSettlesMs > from);
        if (isNear) afterStoreFault = Math.max(afterStoreFault, to - from);
        else usual = Math.max(usual, to - from);
      }
    }
  }
  return { usual, afterStoreFault };
}

/** When fewer than a majority of the servers worked. */
function withoutQuorum(outages: readonly Outage[], stores: number): Span[] {
  const most = Math.ceil(stores / 2) - 1;
  const times = [...new Set(outages.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))].sort((one, other) => one - other);
  return times.slice(0, -1).flatMap((from, at): Span[] => {
    const to = times[at + 1] as number;
    const down = new Set(outages.filter(({ fromMs, toMs }) => fromMs <= from && toMs >= to).map(({ index }) => index));
    return down.size > most ? [[from, to]] : [];
  });
}

/** The parts of a span that no other one covers. */
function without(span: Span, others: readonly Span[]): Span[] {
  let left: Span[] = [span];
  for (const [from, to] of others) {
    left = left.flatMap(([start, end]): Span[] => {
      if (to <= start || from >= end) return [[start, end]];
      return (
        [
          [start, from],
          [to, end],
        ] as const
      ).filter(([one, other]) => one < other);
    });
  }
  return left;
}
