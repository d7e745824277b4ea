// What a controller has done since its start, as Prometheus reads it (text exposition format 0.0.4, prometheus.io/docs/instrumenting): counted
// from its events. No metric names a device or an edge, so there are few series, and they tell nothing of anybody. Pure.

import type { ControllerEvent, DecidedEvent } from './controller-events.ts';

/** What no event tells. */
export interface ControllerGauges {
  readonly epoch: number;
  readonly edges: number;
  readonly devices: number;
}

const prefix = 'outrider_controller_';
/** Seconds. */
const decisionBounds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const errorBounds = [0.05, 0.1, 0.15, 0.25, 0.5, 1, 3];
/** Series of a metric whose labels others choose, as the path of a policy; the rest is one series. */
const mostSeries = 100;

export class ControllerMetrics {
  readonly #joins = new Counter('role');
  readonly #leaves = new Counter('role', 'code');
  readonly #slots = new Counter('policy');
  readonly #refusals = new Counter('code');
  readonly #failures = new Counter('policy', 'fault');
  readonly #lates = new Counter('policy');
  readonly #ignored = new Counter();
  readonly #differing = new Counter();
  readonly #unserved = new Counter();
  readonly #moves = new Counter();
  readonly #assigns = new Counter();
  readonly #idleSlots = new Counter();
  readonly #decisions = new Histogram(decisionBounds);
  readonly #errors = new Histogram(errorBounds);
  /** Of the last slot, by device. */
  #edges = { serving: 0, draining: 0, full: 0 };
  #predicted = new Map<string, { readonly edge: string; readonly ms: number }>();

  constructor() {
    for (const role of ['edge', 'device']) {
      this.#joins.add(0, role);
      this.#leaves.add(0, role, 'done');
    }
    for (const one of [this.#ignored, this.#differing, this.#unserved, this.#moves, this.#assigns, this.#idleSlots])
      one.add(0);
  }

  event(event: ControllerEvent): void {
    switch (event.kind) {
      case 'joined':
      case 'replaced':
        this.#joins.add(1, event.role);
        break;
      case 'left':
        this.#leaves.add(1, event.role, event.code);
        break;
      case 'refused':
        this.#refusals.add(1, event.code);
        break;
      case 'policy-failed':
        this.#failures.add(1, event.policy, event.fault);
        break;
      case 'policy-late':
        this.#lates.add(1, event.policy);
        break;
      case 'assigned':
        this.#assigns.add(1);
        break;
      case 'not-followed':
        this.#ignored.add(1);
        break;
      case 'model-differs':
        this.#differing.add(1);
        break;
      case 'decided':
        this.#decided(event);
        break;
      case 'planned':
        break;
    }
  }

  /** @param ms from opening a slot until its decision was here */
  decidedIn(ms: number): void {
    this.#decisions.observe(ms / 1000);
  }

  text({ epoch, edges, devices }: ControllerGauges): string {
    const members = new Counter('role');
    members.add(edges, 'edge');
    members.add(devices, 'device');
    const lines: string[] = [];
    const put = (name: string, type: string, help: string, one: Counter | Histogram): void => {
      lines.push(
        `# HELP ${prefix}${name} ${help}`,
        `# TYPE ${prefix}${name} ${type}`,
        ...one.lines(`${prefix}${name}`),
      );
    };
    put('epoch', 'gauge', 'Number of this run.', constant(epoch));
    put('members', 'gauge', 'Edges and devices that are known, those with a lost connection for a while too.', members);
    const states = new Counter('state');
    for (const [state, count] of Object.entries(this.#edges)) states.add(count, state);
    put('edges', 'gauge', 'Edges of the last slot; a draining or full one takes no further session.', states);
    put('joins_total', 'counter', 'Connections that have joined.', this.#joins);
    put('leaves_total', 'counter', 'Connections of members that have ended, by the code of the end.', this.#leaves);
    put('refusals_total', 'counter', 'Connections of members that were refused, by error code.', this.#refusals);
    put(
      'slots_total',
      'counter',
      'Slots with running answers, by the policy that decided ("none": nobody).',
      this.#slots,
    );
    put('idle_slots_total', 'counter', 'Slots in which nobody read an answer.', this.#idleSlots);
    put('policy_failures_total', 'counter', 'Failures of a policy, by the kind of fault.', this.#failures);
    put('policy_late_total', 'counter', 'Slots for which a policy had not decided in time.', this.#lates);
    put('assignments_total', 'counter', 'Orders to a device: its edge.', this.#assigns);
    put('moves_total', 'counter', 'Of these, to another edge than the one that writes.', this.#moves);
    put('orders_not_followed_total', 'counter', 'Orders that a device did not follow for five slots.', this.#ignored);
    put('unserved_total', 'counter', 'Devices in slots in which no edge could serve them.', this.#unserved);
    put(
      'model_differs_total',
      'counter',
      'Edges that came with another target than an edge that was there, under the same name.',
      this.#differing,
    );
    put('decision_seconds', 'histogram', 'From opening a slot until its decision.', this.#decisions);
    put(
      'prediction_error_ratio',
      'histogram',
      'abs(predicted / felt - 1) of the time between two tokens, for each device and slot.',
      this.#errors,
    );
    return `${lines.join('\n')}\n`;
  }

  #decided({ policy, paces, moves, edges, shut }: DecidedEvent): void {
    const draining = shut.filter(({ why }) => why === 'draining').length;
    this.#edges = { serving: edges - shut.length, draining, full: shut.length - draining };
    if (paces.length === 0 && policy !== 'none') this.#idleSlots.add(1);
    else this.#slots.add(1, policy);
    this.#moves.add(moves);
    const before = this.#predicted;
    this.#predicted = new Map();
    for (const { device, edge, predictedLaterMs, feltMs } of paces) {
      const last = before.get(device);
      // What is felt now was predicted a slot ago, for the edge that wrote then.
      if (last !== undefined && last.edge === edge && feltMs !== null && feltMs > 0)
        this.#errors.observe(Math.abs(last.ms / feltMs - 1));
      if (edge === null) this.#unserved.add(1);
      else this.#predicted.set(device, { edge, ms: predictedLaterMs });
    }
  }
}

/** A number for each set of labels. */
class Counter {
  readonly #labels: readonly string[];
  readonly #values = new Map<string, number>();

  constructor(...labels: readonly string[]) {
    this.#labels = labels;
  }

  add(count: number, ...values: readonly string[]): void {
    const own = labelsOf(this.#labels, values);
    const isKnown = this.#values.has(own) || this.#values.size < mostSeries;
    const series = isKnown
      ? own
      : labelsOf(
          this.#labels,
          values.map(() => 'other'),
        );
    this.#values.set(series, (this.#values.get(series) ?? 0) + count);
  }

  lines(name: string): string[] {
    return [...this.#values].map(([labels, value]) => `${name}${labels} ${value}`);
  }
}

function constant(value: number): Counter {
  const one = new Counter();
  one.add(value);
  return one;
}

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = [...bounds, 0].map(() => 0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.#bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  lines(name: string): string[] {
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((bound, index) => {
      count += this.#counts[index] ?? 0;
      return `${name}_bucket{le="${bound}"} ${count}`;
    });
    return [...buckets, `${name}_sum ${this.#sum}`, `${name}_count ${count}`];
  }
}

function labelsOf(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  const pairs = names.map((name, index) => `${name}="${escaped(values[index] ?? '')}"`);
  return `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
