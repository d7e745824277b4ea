// What Prometheus reads of an endpoint on a device: answers as its applications get them. How they were verified is among the edges' metrics.

import type { AnswerMeter, HttpObserver, MeteredAnswer } from '../http/request-record.ts';
import { countRequests, createAnswerMetrics, createMetricSet, type FinishedReason } from './answer-metrics.ts';
import type { MetricSet } from './metric-set.ts';

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
  const set = createMetricSet(model, version);
  const counted = countRequests(set);
  const rejected = set.counter(
    'requests_rejected_total',
    'Requests that were refused before any text, by the code of the answer.',
    ['reason'],
  );
  set.readGauge('ready', '1 while new answers may begin.', () => (state() === 'ready' ? 1 : 0));
  return {
    observer: {
      answers: createAnswerMeter(set),
      ended(record) {
        counted(record);
        if (record.outcome === 'refused') rejected.inc({ reason: record.code ?? 'other' });
      },
    },
    text: set.text,
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

function createAnswerMeter(set: MetricSet): AnswerMeter {
  const answers = createAnswerMetrics(set);
  const accepted = set.counter('spec_decode_num_accepted_tokens_total', 'Drafts of this device that are in answers.');
  const drafted = set.counter(
    'spec_decode_num_draft_tokens_total',
    'Drafts that this device has sent for ended answers.',
  );
  const fallbacks = set.counter(
    'fallback_total',
    'Answers that went on elsewhere; to="edge": at another edge, to="local": by the draft model alone.',
    ['to'],
  );
  for (const to of ['edge', 'local']) fallbacks.inc({ to }, 0);
  let running = 0;
  set.readGauge('num_requests_running', 'Answers that are being written.', () => running);
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
