import { describe, expect, it } from 'vitest';
import { createToyModel } from '../../models/port/toy.ts';
import { startEdge } from '../edge/edge.ts';
import { createAnswerMetrics, createMetricSet } from './answer-metrics.ts';
import { createEdgeMetrics } from './edge-metrics.ts';
import { createEndpointMetrics } from './endpoint-metrics.ts';

/** The series of these names, without the label of all. */
function seriesOf(text: string, ...names: readonly string[]): Record<string, number> {
  const rows = [...text.matchAll(/^outrider_([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = '', labels = '', value]) => {
      const own = labels.split(',').filter((label) => !label.startsWith('model_name='));
      return [name, [name, ...own].join(' '), Number(value)] as const;
    },
  );
  return Object.fromEntries(rows.filter(([name]) => names.includes(name)).map(([, series, value]) => [series, value]));
}

describe('the metrics of answers', () => {
  it('have a value for each end before there is one', async () => {
    const set = createMetricSet('m', '1');
    createAnswerMetrics(set);
    expect(seriesOf(await set.text(), 'request_success_total')).toEqual({
      'request_success_total finished_reason="stop"': 0,
      'request_success_total finished_reason="length"': 0,
      'request_success_total finished_reason="abort"': 0,
      'request_success_total finished_reason="refused"': 0,
      'request_success_total finished_reason="error"': 0,
    });
  });

  it('count times in seconds, and each token of those that come together', async () => {
    const set = createMetricSet('m', '1');
    const answers = createAnswerMetrics(set);
    answers.prompt(7);
    answers.committed(3, 1500, true);
    answers.committed(4, 200, false);
    // A clock that was set back.
    answers.committed(1, -50, false);
    answers.more(2);
    answers.ended('length', 2500);
    answers.ended('refused', null);
    const names = ['time_to_first_token', 'inter_token_latency', 'e2e_request_latency'].flatMap((name) => {
      return [`${name}_seconds_sum`, `${name}_seconds_count`];
    });
    expect(seriesOf(await set.text(), 'prompt_tokens_total', 'generation_tokens_total', ...names)).toEqual({
      prompt_tokens_total: 7,
      generation_tokens_total: 10,
      time_to_first_token_seconds_sum: 1.5,
      time_to_first_token_seconds_count: 1,
      inter_token_latency_seconds_sum: 0.2,
      inter_token_latency_seconds_count: 5,
      e2e_request_latency_seconds_sum: 2.5,
      e2e_request_latency_seconds_count: 1,
    });
  });
});

describe('the metrics of an endpoint', () => {
  it('count what went on elsewhere, and tokens that nobody has seen coming', async () => {
    const { observer, text } = createEndpointMetrics({ model: 'm', version: '1' }, () => 'ready');
    const names = ['fallback_total', 'generation_tokens_total', 'num_requests_running'];
    const edge = 'fallback_total to="edge"';
    const local = 'fallback_total to="local"';
    const counts = async () => seriesOf(await text(), ...names);
    expect(await counts()).toEqual({ [edge]: 0, [local]: 0, generation_tokens_total: 0, num_requests_running: 0 });
    observer.answers?.begun();
    observer.answers?.begun();
    const end = { reason: 'end', ms: 90, promptTokens: 3, acceptedDrafts: 1, rejectedDrafts: 1 } as const;
    observer.answers?.ended({ ...end, moreTokens: 5, handovers: 2, verified: false });
    expect(await counts()).toEqual({ [edge]: 2, [local]: 1, generation_tokens_total: 5, num_requests_running: 1 });
    observer.answers?.ended({ ...end, moreTokens: 0, handovers: 0, verified: true });
    expect(await counts()).toEqual({ [edge]: 2, [local]: 1, generation_tokens_total: 5, num_requests_running: 0 });
  });
});

describe('the state of an edge', () => {
  it('is 1, and 0 in each other state', async () => {
    const metrics = createEdgeMetrics({ model: 'm', version: '1', kvTokens: 100 });
    await using edge = await startEdge({ model: createToyModel({ seed: 1, role: 'target' }) });
    metrics.follow({ status: { ...edge.status, state: 'draining', answering: 5, waiting: 2, keptTokens: 25 } });
    expect(
      seriesOf(await metrics.text(), 'state', 'num_requests_running', 'num_requests_waiting', 'kv_cache_usage_perc'),
    ).toEqual({
      'state state="serving"': 0,
      'state state="stalled"': 0,
      'state state="draining"': 1,
      'state state="closed"': 0,
      num_requests_running: 3,
      num_requests_waiting: 2,
      kv_cache_usage_perc: 0.25,
    });
  });
});
