// What Prometheus reads of an edge: its answers to devices and over HTTP, its drafts, its engine. Counts that the edge keeps anyway are read
// when they are asked for; the rest is measured as it happens.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EdgeStatus } from '../edge/edge.ts';
import type { EdgeMeter, MeteredCommit, MeteredEnd, MeteredStep } from '../edge/edge-meter.ts';
import type { RequestRecord } from '../http/request-record.ts';
import {
  AnswerMetrics,
  createRegistry,
  type FinishedReason,
  prefix,
  readCounter,
  readCounters,
  readGauge,
} from './answer-metrics.ts';
import { countRequests } from './http-metrics.ts';

export interface EdgeMetricsSettings {
  readonly model: string;
  readonly version: string;
  /** Tokens that the engine can keep keys and values of. */
  readonly kvTokens: number;
}

/** The metrics of one edge. */
export interface EdgeMetrics {
  /** For `startEdge`. */
  readonly meter: EdgeMeter;
  /** Told of each request over HTTP. */
  readonly requestEnded: (record: RequestRecord) => void;
  /** Once, when the edge has started. */
  follow(edge: { readonly status: EdgeStatus }): void;
  /** All of it, in Prometheus' text format. */
  text(): Promise<string>;
}

export function createEdgeMetrics({ model, version, kvTokens }: EdgeMetricsSettings): EdgeMetrics {
  const registry = createRegistry(model, version);
  return {
    meter: createMeter(registry),
    requestEnded: countRequests(registry),
    follow: (edge) => readStatus(registry, () => edge.status, kvTokens),
    text: () => registry.metrics(),
  };
}

const reasons: Readonly<Record<MeteredEnd['reason'], FinishedReason>> = {
  'end-token': 'stop',
  'stop-string': 'stop',
  length: 'length',
  'context-full': 'length',
  left: 'abort',
  forgotten: 'abort',
  refused: 'refused',
  failed: 'error',
};

/** Positions of drafts that have a series of their own; later ones share the last. */
const mostPositions = 32;

class DraftMetrics {
  readonly #drafts: Counter;
  readonly #draftTokens: Counter;
  readonly #accepted: Counter;
  readonly #acceptedAt: Counter<'position'>;

  constructor(registry: Registry) {
    const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
      new Counter({ name: `${prefix}spec_decode_num_${name}_total`, help, labelNames, registers: [registry] });
    this.#drafts = counter('drafts', 'Verified drafts: steps of a session that had drafted tokens.');
    this.#draftTokens = counter('draft_tokens', 'Drafted tokens that were verified.');
    this.#accepted = counter('accepted_tokens', 'Drafted tokens that were accepted.');
    this.#acceptedAt = counter('accepted_tokens_per_pos', 'The same by their position in the draft, from 0.', [
      'position',
    ]);
  }

  verified(drafts: number, accepted: number): void {
    if (drafts === 0) return;
    this.#drafts.inc();
    this.#draftTokens.inc(drafts);
    this.#accepted.inc(accepted);
    for (let at = 0; at < accepted; at += 1) this.#acceptedAt.inc({ position: Math.min(at, mostPositions - 1) });
  }
}

function createMeter(registry: Registry): EdgeMeter {
  const registers = [registry];
  const answers = new AnswerMetrics(registry);
  const drafts = new DraftMetrics(registry);
  const opened = new Counter({
    name: `${prefix}sessions_opened_total`,
    help: 'Sessions, of devices and of requests over HTTP, by their decoding mode at the opening.',
    ...{ labelNames: ['mode'], registers },
  });
  const counter = (name: string, help: string): Counter => new Counter({ name: `${prefix}${name}`, help, registers });
  const queries = counter('prefix_cache_queries_total', 'Tokens of texts that got a place.');
  const hits = counter('prefix_cache_hits_total', 'Of these, tokens whose keys and values were kept from before.');
  const batch = new Histogram({
    name: `${prefix}verify_batch_size`,
    help: 'Sessions of an engine step.',
    ...{ buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256], registers },
  });
  const times = new Histogram({
    name: `${prefix}engine_step_seconds`,
    help: 'Time of an engine step.',
    ...{ buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], registers },
  });
  return {
    opened({ mode, promptTokens }) {
      opened.inc({ mode });
      answers.prompt(promptTokens);
    },
    placed(textTokens, heldTokens) {
      queries.inc(textTokens);
      hits.inc(heldTokens);
    },
    committed({ tokens, drafts: drafted, accepted, sinceMs, isFirst }: MeteredCommit) {
      answers.committed(tokens, sinceMs, isFirst);
      drafts.verified(drafted, accepted);
    },
    ended({ reason, ms }: MeteredEnd) {
      answers.ended(reasons[reason], ms > 0 ? ms : null);
    },
    stepped({ sessions, ms }: MeteredStep) {
      batch.observe(sessions);
      times.observe(ms / 1000);
    },
  };
}

const states: readonly EdgeStatus['state'][] = ['serving', 'stalled', 'draining', 'closed'];

function readStatus(registry: Registry, status: () => EdgeStatus, kvTokens: number): void {
  const counter = (name: string, help: string, read: (now: EdgeStatus) => number): void =>
    readCounter(registry, name, help, () => read(status()));
  const gauge = (name: string, help: string, read: (now: EdgeStatus) => number): void =>
    readGauge(registry, name, help, () => read(status()));
  const states1 = new Gauge({
    name: `${prefix}state`,
    help: '1 for the present state of the edge.',
    ...{ labelNames: ['state'], registers: [registry] },
    collect() {
      for (const state of states) states1.set({ state }, state === status().state ? 1 : 0);
    },
  });
  gauge('num_requests_running', 'Answers that are being written or read.', ({ answering, waiting }) =>
    Math.max(0, answering - waiting),
  );
  gauge('num_requests_waiting', 'Sessions that wait for a place.', ({ waiting }) => waiting);
  gauge('sessions', 'Sessions that the edge knows, those that may be resumed too.', ({ sessions }) => sessions);
  gauge('connections', 'Connections of devices and of requests over HTTP.', ({ connections }) => connections);
  gauge('kv_cache_usage_perc', 'Part of the KV cache that is in use, or kept for a next turn; 1: all of it.', (now) =>
    kvTokens > 0 ? now.keptTokens / kvTokens : 0,
  );
  counter('connections_opened_total', 'Connections.', ({ counts }) => counts.connectionsOpened);
  counter('engine_steps_total', 'Steps of the engine.', ({ steps }) => steps);
  counter('engine_rows_total', 'Rows that they verified.', ({ rows }) => rows);
  counter('engine_prefill_tokens_total', 'Tokens of prompts that they read.', ({ prefillTokens }) => prefillTokens);
  counter('engine_busy_seconds_total', 'Time in the engine.', ({ busyMs }) => busyMs / 1000);
  counter('round_seconds_total', 'The same with planning, verification and sending.', ({ roundMs }) => roundMs / 1000);
  counter('engine_failures_total', 'Steps, or sessions of a step, that failed.', ({ failures }) => failures);
  counter('faults_total', 'Failures of the edge that were reported.', ({ counts }) => counts.faults);
  const rejected = {
    name: 'requests_rejected_total',
    help: 'Sessions and connections that were refused, by error code.',
  };
  readCounters(registry, { ...rejected, label: 'reason' }, () => status().counts.refusals);
  const upgrades = { name: 'upgrades_refused_total', help: 'Requests for a connection that were refused, by reason.' };
  readCounters(registry, { ...upgrades, label: 'reason' }, () => status().counts.upgradeRefusals);
}
