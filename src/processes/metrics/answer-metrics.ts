// The metrics of answers, by the names of vLLM (docs.vllm.ai, "Metrics") with this program's prefix: boards made for the one read the other.
// The registry is one of this process; whoever feeds it decides what an answer is.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What all names but those of the process itself begin with. */
export const prefix = 'outrider_';

/** vLLM's bounds, seconds. */
const firstTokenBounds = [
  ...[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560],
];
const betweenTokensBounds = [
  ...[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80],
];
const wholeBounds = [...[0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]];

/** @param model its name for clients; label `model_name` of all series */
export function createRegistry(model: string, version: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ model_name: model });
  collectDefaultMetrics({ register: registry });
  const info = new Gauge({
    ...{ name: `${prefix}build_info`, help: 'Version of the program and of Node; always 1.', registers: [registry] },
    labelNames: ['version', 'node'],
  });
  info.set({ version, node: process.versions.node }, 1);
  return registry;
}

/** A counter whose series may be set from elsewhere when they are read. */
export function readCounter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    ...{ name: `${prefix}${name}`, help, registers: [registry] },
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** The same with one label. Series stay, so `read` must tell of all that it has told of. */
export function readCounters(
  registry: Registry,
  { name, help, label }: { readonly name: string; readonly help: string; readonly label: string },
  read: () => Readonly<Record<string, number>>,
): void {
  new Counter({
    ...{ name: `${prefix}${name}`, help, labelNames: [label], registers: [registry] },
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
    },
  });
}

export function readGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    ...{ name: `${prefix}${name}`, help, registers: [registry] },
    collect() {
      this.set(read());
    },
  });
}

/** vLLM's reasons, and `refused`: for what was asked, or because there was too much to do. */
export type FinishedReason = 'stop' | 'length' | 'abort' | 'refused' | 'error';
const finishedReasons: readonly FinishedReason[] = ['stop', 'length', 'abort', 'refused', 'error'];

/** Tokens, times and ends of answers. */
export class AnswerMetrics {
  readonly #promptTokens: Counter;
  readonly #tokens: Counter;
  readonly #firstToken: Histogram;
  readonly #betweenTokens: Histogram;
  readonly #whole: Histogram;
  readonly #ends: Counter<'finished_reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string): Counter => new Counter({ name: `${prefix}${name}`, help, registers });
    const histogram = (name: string, help: string, buckets: number[]): Histogram =>
      new Histogram({ name: `${prefix}${name}`, help, buckets, registers });
    this.#promptTokens = counter('prompt_tokens_total', 'Tokens of prompts.');
    this.#tokens = counter('generation_tokens_total', 'Tokens of answers.');
    this.#firstToken = histogram(
      'time_to_first_token_seconds',
      'From the beginning of an answer to its first token.',
      firstTokenBounds,
    );
    this.#betweenTokens = histogram(
      'inter_token_latency_seconds',
      'Time between two tokens: tokens that come together share the time since those before, each is counted.',
      betweenTokensBounds,
    );
    this.#whole = histogram(
      'e2e_request_latency_seconds',
      'From the beginning of an answer to its last token.',
      wholeBounds,
    );
    this.#ends = new Counter({
      name: `${prefix}request_success_total`,
      help: 'Answers that have ended, by reason; abort: the client has left, refused: by a rule or for load, error: a fault.',
      labelNames: ['finished_reason'],
      registers,
    });
    for (const finished_reason of finishedReasons) this.#ends.inc({ finished_reason }, 0);
  }

  prompt(tokens: number): void {
    this.#promptTokens.inc(tokens);
  }

  /** @param sinceMs since the tokens before, or since the beginning */
  committed(tokens: number, sinceMs: number, isFirst: boolean): void {
    this.#tokens.inc(tokens);
    const seconds = Math.max(0, sinceMs) / 1000;
    if (isFirst) this.#firstToken.observe(seconds);
    else for (let token = 0; token < tokens; token += 1) this.#betweenTokens.observe(seconds / tokens);
  }

  /** Tokens whose time is not known. */
  more(tokens: number): void {
    this.#tokens.inc(tokens);
  }

  /** @param ms null: it never had a token */
  ended(reason: FinishedReason, ms: number | null): void {
    this.#ends.inc({ finished_reason: reason });
    if (ms !== null) this.#whole.observe(ms / 1000);
  }
}
