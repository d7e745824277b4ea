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

  /** A counter that is kept elsewhere and read at each scrape. */
  readCounter(name: string, help: string, read: () => number): void {
    const counter = new Counter({
      ...this.#named(name, help),
      collect() {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  /** The same with one label. Series stay, so `read` must return every value that it has ever returned. */
  readCounters(name: string, help: string, label: string, read: () => LabelledValues): void {
    const counter = new Counter({
      ...this.#named(name, help),
      labelNames: [label],
      collect() {
        counter.reset();
        for (const [value, count] of Object.entries(read())) counter.inc({ [label]: value }, count);
      },
    });
  }

  readGauge(name: string, help: string, read: () => number): void {
    const gauge = new Gauge({
      ...this.#named(name, help),
      collect() {
        gauge.set(read());
      },
    });
  }

  readGauges(name: string, help: string, label: string, read: () => LabelledValues): void {
    const gauge = new Gauge({
      ...this.#named(name, help),
      labelNames: [label],
      collect() {
        for (const [value, number] of Object.entries(read())) gauge.set({ [label]: value }, number);
      },
    });
  }

  #named(name: string, help: string) {
    return { name: `${this.#prefix}${name}`, help, registers: [this.registry] };
  }
}
