// What Prometheus reads of an edge: its answers to devices and over HTTP, its drafts, its engine. Counts that the edge keeps anyway are read
// at each scrape; the rest is measured as it happens.

import type { EdgeStatus } from '../edge/edge.ts';
import type { EdgeMeter, MeteredCommit, MeteredEnd, MeteredStep } from '../edge/edge-meter.ts';
import type { RequestRecord } from '../http/request-record.ts';
import { countRequests, createAnswerMetrics, createMetricSet, type FinishedReason } from './answer-metrics.ts';
import type { MetricSet } from './metric-set.ts';

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
  /** Counts a request over HTTP that is over. */
  readonly requestEnded: (record: RequestRecord) => void;
  /** Once, when the edge has started. */
  follow(edge: { readonly status: EdgeStatus }): void;
  /** All of it, in Prometheus' text format. */
  text(): Promise<string>;
}

export function createEdgeMetrics({ model, version, kvTokens }: EdgeMetricsSettings): EdgeMetrics {
  const set = createMetricSet(model, version);
  return {
    meter: createMeter(set),
    requestEnded: countRequests(set),
    follow: (edge) => readStatus(set, () => edge.status, kvTokens),
    text: set.text,
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

/** @returns counts the drafts of a verified step, and those that were accepted */
function countDrafts(set: MetricSet): (drafts: number, accepted: number) => void {
  const name = (what: string): string => `spec_decode_num_${what}_total`;
  const steps = set.counter(name('drafts'), 'Verified drafts: steps of a session that had drafted tokens.');
  const drafted = set.counter(name('draft_tokens'), 'Drafted tokens that were verified.');
  const accepted = set.counter(name('accepted_tokens'), 'Drafted tokens that were accepted.');
  const position = 'The same by their position in the draft, from 0.';
  const acceptedAt = set.counter(name('accepted_tokens_per_pos'), position, ['position']);
  return (drafts, acceptedCount) => {
    if (drafts === 0) return;
    steps.inc();
    drafted.inc(drafts);
    accepted.inc(acceptedCount);
    for (let at = 0; at < acceptedCount; at += 1) acceptedAt.inc({ position: Math.min(at, mostPositions - 1) });
  };
}

function createMeter(set: MetricSet): EdgeMeter {
  const answers = createAnswerMetrics(set);
  const verified = countDrafts(set);
  const opened = set.counter(
    'sessions_opened_total',
    'Sessions, of devices and of requests over HTTP, by their decoding mode at the opening.',
    ['mode'],
  );
  const queries = set.counter('prefix_cache_queries_total', 'Tokens of texts that got a place.');
  const hits = set.counter('prefix_cache_hits_total', 'Of these, tokens whose keys and values were kept from before.');
  const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256];
  const batch = set.histogram('verify_batch_size', 'Sessions of an engine step.', batchBounds);
  const timeBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  const times = set.histogram('engine_step_seconds', 'Time of an engine step.', timeBounds);
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
      verified(drafted, accepted);
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

function readStatus(set: MetricSet, status: () => EdgeStatus, kvTokens: number): void {
  const counter = (name: string, help: string, read: (now: EdgeStatus) => number): void =>
    set.readCounter(name, help, () => read(status()));
  const gauge = (name: string, help: string, read: (now: EdgeStatus) => number): void =>
    set.readGauge(name, help, () => read(status()));
  const stateNow = () => Object.fromEntries(states.map((state) => [state, state === status().state ? 1 : 0]));
  set.readGauge('state', '1 for the present state of the edge.', stateNow, 'state');
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
  gauge('engine_away', '1 while sessions wait for an engine in another process.', (now) => (now.engineAway ? 1 : 0));
  counter(
    'engine_waits_total',
    'Times that they began to wait for it, or for it to read texts again.',
    (now) => now.engineWaits,
  );
  counter('engine_failures_total', 'Steps, or sessions of a step, that failed.', ({ failures }) => failures);
  counter('faults_total', 'Failures of the edge that were reported.', ({ counts }) => counts.faults);
  const rejected = 'Sessions and connections that were refused, by error code.';
  set.readCounter('requests_rejected_total', rejected, () => status().counts.refusals, 'reason');
  const upgrades = 'Requests for a connection that were refused, by reason.';
  set.readCounter('upgrades_refused_total', upgrades, () => status().counts.upgradeRefusals, 'reason');
}
