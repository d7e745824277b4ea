// The metrics that edges and endpoints share. Those of answers have the names of vLLM (docs.vllm.ai, "Metrics") with this program's prefix:
// dashboards for vLLM work once the prefix is replaced. The caller that feeds them decides what an answer is. Those of requests over HTTP
// are by route and status, never by who asks.

import { collectDefaultMetrics, Gauge } from 'prom-client';
import type { RequestRecord } from '../http/request-record.ts';
import { MetricSet } from './metric-set.ts';

/** vLLM's bounds, seconds. */
const firstTokenBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const betweenTokensBounds = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const wholeBounds = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

/** Gauges of prom-client whose names end as those of counters. The sum over `nodejs_active_handles` has the same value. */
const misnamedGauges = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** @param model the name for clients; label `model_name` of all series */
export function createMetricSet(model: string, version: string): MetricSet {
  const set = new MetricSet();
  set.registry.setDefaultLabels({ model_name: model });
  collectDefaultMetrics({ register: set.registry });
  for (const name of misnamedGauges) set.registry.removeSingleMetric(name);
  const info = new Gauge({
    name: 'outrider_build_info',
    help: 'Version of the program and of Node; always 1.',
    registers: [set.registry],
    labelNames: ['version', 'node'],
  });
  info.set({ version, node: process.versions.node }, 1);
  return set;
}

/** vLLM's reasons, and `refused`: for what was asked, or because there was too much to do. */
export type FinishedReason = 'stop' | 'length' | 'abort' | 'refused' | 'error';
const finishedReasons: readonly FinishedReason[] = ['stop', 'length', 'abort', 'refused', 'error'];

/** Tokens, times and ends of answers. */
interface AnswerMetrics {
  prompt(tokens: number): void;
  /** @param sinceMs since the tokens before, or since the beginning */
  committed(tokens: number, sinceMs: number, isFirst: boolean): void;
  /** Tokens whose time is not known. */
  more(tokens: number): void;
  /** @param ms null: it never had a token */
  ended(reason: FinishedReason, ms: number | null): void;
}

export function createAnswerMetrics(set: MetricSet): AnswerMetrics {
  const prompts = set.counter('prompt_tokens_total', 'Tokens of prompts.');
  const written = set.counter('generation_tokens_total', 'Tokens of answers.');
  const firstToken = set.histogram(
    'time_to_first_token_seconds',
    'From the beginning of an answer to its first token.',
    firstTokenBounds,
  );
  const betweenTokens = set.histogram(
    'inter_token_latency_seconds',
    'Time between two tokens: tokens that come together share the time since those before, each is counted.',
    betweenTokensBounds,
  );
  const whole = set.histogram(
    'e2e_request_latency_seconds',
    'From the beginning of an answer to its last token.',
    wholeBounds,
  );
  const ends = set.counter(
    'request_success_total',
    'Answers that have ended, by reason; abort: the client has left, refused: by a rule or for load, error: a fault.',
    ['finished_reason'],
  );
  for (const finished_reason of finishedReasons) ends.inc({ finished_reason }, 0);
  return {
    prompt: (tokens) => prompts.inc(tokens),
    committed(tokens, sinceMs, isFirst) {
      written.inc(tokens);
      const seconds = Math.max(0, sinceMs) / 1000;
      if (isFirst) firstToken.observe(seconds);
      else for (let token = 0; token < tokens; token += 1) betweenTokens.observe(seconds / tokens);
    },
    more: (tokens) => written.inc(tokens),
    ended(reason, ms) {
      ends.inc({ finished_reason: reason });
      if (ms !== null) whole.observe(ms / 1000);
    },
  };
}

/** Seconds. */
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** @returns counts a request that is over */
export function countRequests(set: MetricSet): (record: RequestRecord) => void {
  const requests = set.counter(
    'http_requests_total',
    'Requests over HTTP that are over, by route ("other": there is none) and status.',
    ['route', 'status'],
  );
  const durations = set.histogram(
    'http_request_duration_seconds',
    'From the headers of a request over HTTP to the end of its answer, by route.',
    durationBounds,
    ['route'],
  );
  return ({ route, status, ms }) => {
    requests.inc({ route, status });
    durations.observe({ route }, ms / 1000);
  };
}
