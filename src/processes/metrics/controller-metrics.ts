// What Prometheus reads of a controller, counted from its events. No metric names a device or an edge, so there are few series, and they
// show nothing of any member.

import type { Counter } from 'prom-client';
import type { ControllerEvent, DecidedEvent } from '../../allocation/controller/controller-events.ts';
import type { ControllerStatus } from '../controller/controller-server.ts';
import { addFleetMetrics, type FleetStatus } from './fleet-metrics.ts';
import { type LabelledValues, MetricSet } from './metric-set.ts';

/** The metrics of one controller. */
export interface ControllerMetrics {
  /** For `startController`. @param cell whose event it is, where there are several */
  readonly onEvent: (event: ControllerEvent, cell?: string) => void;
  /** For `startController`. @param ms from opening a slot until its decision was here */
  readonly onDecision: (ms: number) => void;
  /** Once, when the controller has started. */
  follow(controller: { readonly status: MemberCounts }): void;
  /** It decides for the cell no more. */
  ended(cell: string): void;
  /** Where it is one of a fleet. */
  followFleet(read: () => FleetStatus): void;
  /** All of it, in Prometheus' text format. */
  text(): Promise<string>;
}

type MemberCounts = Pick<ControllerStatus, 'epoch' | 'edges' | 'devices'>;

/** Seconds. */
const decisionBounds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const errorBounds = [0.05, 0.1, 0.15, 0.25, 0.5, 1, 3];
/** Series of a metric whose labels others choose, as the path of a policy; the rest is one series. */
const mostSeries = 100;

export function createControllerMetrics(): ControllerMetrics {
  const set = new MetricSet('outrider_controller_');
  let running: { readonly status: MemberCounts } = { status: { epoch: 0, edges: 0, devices: 0 } };
  set.readGauge('epoch', 'Number of this run.', () => running.status.epoch);
  const members = 'Edges and devices that are known, those with a lost connection for a while too.';
  set.readGauge('members', members, () => ({ edge: running.status.edges, device: running.status.devices }), 'role');
  const cells = new Map<
    string,
    { readonly last: DecidedEvent; readonly errorsOf: ReturnType<typeof comparePredictions> }
  >();
  const states = 'Edges of the last slot; a draining or full one takes no further session.';
  set.readGauge('edges', states, () => statesOf([...cells.values()].map(({ last }) => last)), 'state');
  const count = countersOf(set);
  const decision = set.histogram('decision_seconds', 'From opening a slot until its decision.', decisionBounds);
  const error = set.histogram(
    'prediction_error_ratio',
    'abs(predicted / felt - 1) of the time between two tokens, for each device and slot.',
    errorBounds,
  );
  let readFleet = (): FleetStatus => ({ cells: [], isStoreUp: false, storeFailures: {} });
  addFleetMetrics(set, () => readFleet());
  const decided = (event: DecidedEvent, cell: string): void => {
    const { policy, paces, moves } = event;
    const { errorsOf } = cells.get(cell) ?? { errorsOf: comparePredictions() };
    cells.set(cell, { last: event, errorsOf });
    if (paces.length === 0 && policy !== 'none') count.idleSlots.inc();
    else count.slots({ policy });
    count.moves.inc(moves);
    count.unserved.inc(paces.filter(({ edge }) => edge === null).length);
    for (const ratio of errorsOf(event)) error.observe(ratio);
  };
  return {
    onEvent: (event, cell = '') => (event.kind === 'decided' ? decided(event, cell) : count.event(event)),
    onDecision: (ms) => decision.observe(ms / 1000),
    follow(controller) {
      running = controller;
    },
    ended: (cell) => void cells.delete(cell),
    followFleet(read) {
      readFleet = read;
    },
    text: set.text,
  };
}

/** Edges of the last slot of each cell. */
function statesOf(slots: readonly DecidedEvent[]): LabelledValues {
  const shut = slots.flatMap((slot) => slot.shut);
  const draining = shut.filter(({ why }) => why === 'draining').length;
  const serving = slots.reduce((sum, { edges }) => sum + edges, 0) - shut.length;
  return { serving, draining, full: shut.length - draining };
}

type Counted = Exclude<ControllerEvent, DecidedEvent>;

/** Counts each event but decisions, and what is counted of decisions. */
function countersOf(set: MetricSet) {
  const bounded = (name: string, help: string, labels: string[]) => countBounded(set.counter(name, help, labels));
  const joins = bounded('joins_total', 'Connections that have joined.', ['role']);
  const leaves = bounded('leaves_total', 'Connections of members that have ended, by the code of the end.', [
    'role',
    'code',
  ]);
  for (const role of ['edge', 'device']) {
    joins({ role }, 0);
    leaves({ role, code: 'done' }, 0);
  }
  const refusals = bounded('refusals_total', 'Connections of members that were refused, by error code.', ['code']);
  const failures = bounded('policy_failures_total', 'Failures of a policy, by the kind of fault.', ['policy', 'fault']);
  const late = bounded('policy_late_total', 'Slots for which a policy had not decided in time.', ['policy']);
  const assignments = set.counter('assignments_total', 'Orders to a device: its edge.');
  const notFollowed = set.counter(
    'orders_not_followed_total',
    'Orders that a device did not follow in the time of five slots.',
  );
  const differing = set.counter(
    'model_differs_total',
    'Edges that came with another target than an edge that was there, under the same name.',
  );
  const byKind: { readonly [Kind in Counted['kind']]: (event: Extract<Counted, { kind: Kind }>) => void } = {
    joined: ({ role }) => joins({ role }),
    replaced: ({ role }) => joins({ role }),
    left: ({ role, code }) => leaves({ role, code }),
    refused: ({ code }) => refusals({ code }),
    'policy-failed': ({ policy, fault }) => failures({ policy, fault }),
    'policy-late': ({ policy }) => late({ policy }),
    assigned: () => assignments.inc(),
    'not-followed': () => notFollowed.inc(),
    'model-differs': () => differing.inc(),
    'battery-leapt': () => {},
    planned: () => {},
  };
  return {
    event: (event: Counted): void => byKind[event.kind](event as never),
    slots: bounded('slots_total', 'Slots with running answers, by the policy that decided ("none": nobody).', [
      'policy',
    ]),
    idleSlots: set.counter('idle_slots_total', 'Slots in which nobody read an answer.'),
    moves: set.counter('moves_total', 'Of these, to another edge than the one that writes.'),
    unserved: set.counter('unserved_total', 'Devices in slots in which no edge could serve them.'),
  };
}

/** @returns for each slot: how far the pace that is felt now is from the one predicted a slot ago, for the edge that wrote then */
function comparePredictions(): (event: DecidedEvent) => readonly number[] {
  let predicted = new Map<string, { readonly edge: string; readonly ms: number }>();
  return ({ paces }) => {
    const before = predicted;
    predicted = new Map();
    return paces.flatMap(({ device, edge, predictedLaterMs, feltMs }) => {
      if (edge !== null) predicted.set(device, { edge, ms: predictedLaterMs });
      const last = before.get(device);
      if (last === undefined || last.edge !== edge || feltMs === null || feltMs <= 0) return [];
      return [Math.abs(last.ms / feltMs - 1)];
    });
  };
}

/** Counts in at most {@link mostSeries} series; then every label is "other". */
function countBounded(counter: Counter): (labels: Readonly<Record<string, string>>, count?: number) => void {
  const known = new Set<string>();
  return (labels, count = 1) => {
    const series = JSON.stringify(labels);
    if (known.size < mostSeries) known.add(series);
    const others = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']));
    counter.inc(known.has(series) ? labels : others, count);
  };
}
