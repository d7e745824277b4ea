// What Prometheus reads of an endpoint on a device: answers as its applications get them. How they were verified is among the edges' metrics.

import { Counter, type Registry } from 'prom-client';
import type { AnswerMeter, HttpObserver, MeteredAnswer } from '../http/request-record.ts';
import { AnswerMetrics, createRegistry, type FinishedReason, prefix, readGauge } from './answer-metrics.ts';
import { countRequests } from './http-metrics.ts';

/** The metrics of one endpoint. */
export interface EndpointMetrics {
  readonly observer: HttpObserver;
  /** All of it, in Prometheus' text format. */
  text(): Promise<string>;
}

/** @param state that of the endpoint, as /health has it */
export function createEndpointMetrics(
  { model, version }: { readonly model: string; readonly version: string },
  state: () => string,
): EndpointMetrics {
  const registry = createRegistry(model, version);
  const counted = countRequests(registry);
  const rejected = new Counter({
    name: `${prefix}requests_rejected_total`,
    help: 'Requests that were refused before any text, by the code of the answer.',
    ...{ labelNames: ['reason'], registers: [registry] },
  });
  readGauge(registry, 'ready', '1 while new answers may begin.', () => (state() === 'ready' ? 1 : 0));
  return {
    observer: {
      answers: createAnswerMeter(registry),
      ended(record) {
        counted(record);
        if (record.outcome === 'refused') rejected.inc({ reason: record.code ?? 'other' });
      },
    },
    text: () => registry.metrics(),
  };
}

const reasons: Readonly<Record<MeteredAnswer['reason'], FinishedReason>> = {
  end: 'stop',
  stop: 'stop',
  length: 'length',
  left: 'abort',
  refused: 'refused',
  failed: 'error',
};

function createAnswerMeter(registry: Registry): AnswerMeter {
  const answers = new AnswerMetrics(registry);
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `${prefix}${name}`, help, registers: [registry] });
  const accepted = counter('spec_decode_num_accepted_tokens_total', 'Drafts of this device that are in answers.');
  const drafted = counter('spec_decode_num_draft_tokens_total', 'Drafts that this device has sent for ended answers.');
  const fallbacks = new Counter({
    name: `${prefix}fallback_total`,
    help: 'Answers that went on elsewhere; to="edge": at another edge, to="local": by the draft model alone.',
    ...{ labelNames: ['to'], registers: [registry] },
  });
  for (const to of ['edge', 'local']) fallbacks.inc({ to }, 0);
  let running = 0;
  readGauge(registry, 'num_requests_running', 'Answers that are being written.', () => running);
  return {
    begun() {
      running += 1;
    },
    committed: ({ tokens, sinceMs, isFirst }) => answers.committed(tokens, sinceMs, isFirst),
    ended({ reason, ms, promptTokens, moreTokens, acceptedDrafts, rejectedDrafts, handovers, verified }) {
      running -= 1;
      answers.prompt(promptTokens);
      answers.more(moreTokens);
      answers.ended(reasons[reason], promptTokens > 0 ? ms : null);
      accepted.inc(acceptedDrafts);
      drafted.inc(acceptedDrafts + rejectedDrafts);
      fallbacks.inc({ to: 'edge' }, handovers);
      if (!verified) fallbacks.inc({ to: 'local' });
    },
  };
}
