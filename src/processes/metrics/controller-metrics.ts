// What Prometheus reads of a controller, counted from its events. No metric names a device or an edge, so there are few series, and they
// show nothing of any member.

import type { Counter } from 'prom-client';
import type { ControllerEvent, DecidedEvent } from '../../allocation/controller/controller-events.ts';
import type { ControllerStatus } from '../controller/controller-server.ts';
import { MetricSet } from './metric-set.ts';

/** The metrics of one controller. */
export interface ControllerMetrics {
  /** For `startController`. */
  readonly onEvent: (event: ControllerEvent) => void;
  /** For `startController`. @param ms from opening a slot until its decision was here */
  readonly onDecision: (ms: number) => void;
  /** Once, when the controller has started. */
  follow(controller: { readonly status: MemberCounts }): void;
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
  set.readGauges('members', members, 'role', () => ({ edge: running.status.edges, device: running.status.devices }));
  const edges = { serving: 0, draining: 0, full: 0 };
  const states = 'Edges of the last slot; a draining or full one takes no further session.';
  set.readGauges('edges', states, 'state', () => edges);
  const count = countersOf(set);
  const decision = set.histogram('decision_seconds', 'From opening a slot until its decision.', decisionBounds);
  const error = set.histogram(
    'prediction_error_ratio',
    'abs(predicted / felt - 1) of the time between two tokens, for each device and slot.',
    errorBounds,
  );
  const errorsOf = comparePredictions();
  const decided = (event: DecidedEvent): void => {
    const { policy, paces, moves, shut } = event;
    edges.draining = shut.filter(({ why }) => why === 'draining').length;
    edges.full = shut.length - edges.draining;
    edges.serving = event.edges - shut.length;
    if (paces.length === 0 && policy !== 'none') count.idleSlots.inc();
    else count.slots.add({ policy });
    count.moves.inc(moves);
    count.unserved.inc(paces.filter(({ edge }) => edge === null).length);
    for (const ratio of errorsOf(event)) error.observe(ratio);
  };
  return {
    onEvent: (event) => (event.kind === 'decided' ? decided(event) : countEvent(count, event)),
    onDecision: (ms) => decision.observe(ms / 1000),
    follow(controller) {
      running = controller;
    },
    text: set.text,
  };
}

type Counters = ReturnType<typeof countersOf>;

function countersOf(set: MetricSet) {
  const bounded = (name: string, help: string, labels: string[]): BoundedCounter =>
    new BoundedCounter(set.counter(name, help, labels));
  const counters = {
    joins: bounded('joins_total', 'Connections that have joined.', ['role']),
    leaves: bounded('leaves_total', 'Connections of members that have ended, by the code of the end.', [
      'role',
      'code',
    ]),
    refusals: bounded('refusals_total', 'Connections of members that were refused, by error code.', ['code']),
    slots: bounded('slots_total', 'Slots with running answers, by the policy that decided ("none": nobody).', [
      'policy',
    ]),
    idleSlots: set.counter('idle_slots_total', 'Slots in which nobody read an answer.'),
    failures: bounded('policy_failures_total', 'Failures of a policy, by the kind of fault.', ['policy', 'fault']),
    late: bounded('policy_late_total', 'Slots for which a policy had not decided in time.', ['policy']),
    assignments: set.counter('assignments_total', 'Orders to a device: its edge.'),
    moves: set.counter('moves_total', 'Of these, to another edge than the one that writes.'),
    notFollowed: set.counter('orders_not_followed_total', 'Orders that a device did not follow for five slots.'),
    unserved: set.counter('unserved_total', 'Devices in slots in which no edge could serve them.'),
    differing: set.counter(
      'model_differs_total',
      'Edges that came with another target than an edge that was there, under the same name.',
    ),
  };
  for (const role of ['edge', 'device']) {
    counters.joins.add({ role }, 0);
    counters.leaves.add({ role, code: 'done' }, 0);
  }
  return counters;
}

function countEvent(count: Counters, event: Exclude<ControllerEvent, DecidedEvent>): void {
  switch (event.kind) {
    case 'joined':
    case 'replaced':
      count.joins.add({ role: event.role });
      break;
    case 'left':
      count.leaves.add({ role: event.role, code: event.code });
      break;
    case 'refused':
      count.refusals.add({ code: event.code });
      break;
    case 'policy-failed':
      count.failures.add({ policy: event.policy, fault: event.fault });
      break;
    case 'policy-late':
      count.late.add({ policy: event.policy });
      break;
    case 'assigned':
      count.assignments.inc();
      break;
    case 'not-followed':
      count.notFollowed.inc();
      break;
    case 'model-differs':
      count.differing.inc();
      break;
    case 'planned':
      break;
  }
}

/** @returns of each slot: how far the pace that is felt now is from the one predicted a slot ago, for the edge that wrote then */
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

/** A counter that has an end of series: beyond {@link mostSeries} every label is "other". */
class BoundedCounter {
  readonly #counter: Counter;
  readonly #series = new Set<string>();

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  add(labels: Readonly<Record<string, string>>, count = 1): void {
    const series = JSON.stringify(labels);
    if (this.#series.size < mostSeries) this.#series.add(series);
    const others = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']));
    this.#counter.inc(this.#series.has(series) ? labels : others, count);
  }
}
