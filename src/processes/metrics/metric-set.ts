// Makes the metrics of one process in a registry of prom-client: each by its name, its help and its labels. What feeds them decides what counts.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The values of one label, each with its number. */
export type LabelledValues = Readonly<Record<string, number>>;

export class MetricSet {
  readonly registry: Registry = new Registry();
  readonly #prefix: string;

  /** @param prefix of all names but those of the process itself */
  constructor(prefix: string = 'outrider_') {
    this.#prefix = prefix;
  }

  /** All of it, in Prometheus' text format. */
  readonly text = (): Promise<string> => this.registry.metrics();

  counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ ...this.#named(name, help), labelNames });
  }

  /** @param buckets their upper bounds */
  histogram(name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram {
    return new Histogram({ ...this.#named(name, help), buckets, labelNames });
  }

  /**
   * A counter that is kept elsewhere and read at each scrape.
   * @param label of several values. Series stay, so `read` must return every value that it has ever returned.
   */
  readCounter(name: string, help: string, read: () => number | LabelledValues, label?: string): void {
    const collect = (): void => fill(counter, read(), label);
    const counter: Counter = new Counter({ ...this.#named(name, help), labelNames: labels(label), collect });
  }

  /** The same for a gauge. */
  readGauge(name: string, help: string, read: () => number | LabelledValues, label?: string): void {
    const collect = (): void => fill(gauge, read(), label);
    const gauge: Gauge = new Gauge({ ...this.#named(name, help), labelNames: labels(label), collect });
  }

  #named(name: string, help: string) {
    return { name: `${this.#prefix}${name}`, help, registers: [this.registry] };
  }
}

function labels(label: string | undefined): string[] {
  return label === undefined ? [] : [label];
}

function fill(metric: Pick<Counter, 'reset' | 'inc'>, now: number | LabelledValues, label = ''): void {
  metric.reset();
  if (typeof now === 'number') metric.inc(now);
  else for (const [value, number] of Object.entries(now)) metric.inc({ [label]: value }, number);
}
