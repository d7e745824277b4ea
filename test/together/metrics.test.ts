// What Prometheus reads of a real edge and of the endpoint of a device, after some traffic.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { edgeEndpoint } from '../../src/cli/edge/edge-endpoint.ts';
import { createDevice } from '../../src/processes/device/device.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { createHttpApp } from '../../src/processes/http/app.ts';
import { createDeviceCompleter } from '../../src/processes/http/device-completer.ts';
import { createEdgeMetrics } from '../../src/processes/metrics/edge-metrics.ts';
import { createEndpointMetrics } from '../../src/processes/metrics/endpoint-metrics.ts';
import { startToyEdge, type ToyEdge, toyDrafter, toyPrompt, toyTurn } from './toy-edge.ts';

const model = 'toy';
const key = 'a-key-that-nobody-may-read';
const edgeMetrics = createEdgeMetrics({ model, version: '1.2.3', kvTokens: 8 * 1024 });
const endpointMetrics = createEndpointMetrics({ model, version: '1.2.3' }, () => 'ready');

let edge: ToyEdge;

/** The value of a series; null: there is none. */
function seriesOf(text: string, name: string, ...labels: readonly string[]): number | null {
  const line = text
    .split('\n')
    .find((row) => row.startsWith(`outrider_${name}{`) && labels.every((label) => row.includes(label)));
  return line === undefined ? null : Number(line.slice(line.lastIndexOf(' ') + 1));
}

beforeAll(async () => {
  edge = await startToyEdge({
    meter: edgeMetrics.meter,
    onApi: (request, response) => onApi(request, response),
  });
  edgeMetrics.follow(edge.edge);
  const { onApi } = edgeEndpoint(
    edge.edge,
    edge.target,
    { listen: { host: '127.0.0.1' }, routeKeys: undefined },
    {
      isOwnName: () => false,
      onFault: () => {},
      metrics: edgeMetrics.text,
      observer: { ended: edgeMetrics.requestEnded },
    },
  );
});

afterAll(() => edge[Symbol.asyncDispose]());

const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${edge.port}/metrics`)).text();

describe('the metrics of an edge', () => {
  it('count sessions, tokens, drafts and steps', async () => {
    const report = await startTurn(toyTurn(edge)).report;
    expect(report.tokens.length).toBe(60);
    await expect.poll(async () => seriesOf(await scrape(), 'request_success_total', '"length"')).toBe(1);
    const text = await scrape();
    expect(seriesOf(text, 'prompt_tokens_total')).toBe(toyPrompt.length);
    expect(seriesOf(text, 'generation_tokens_total')).toBe(60);
    expect(seriesOf(text, 'time_to_first_token_seconds_count')).toBe(1);
    const firstTokens = 60 - (seriesOf(text, 'inter_token_latency_seconds_count') ?? 0);
    expect(firstTokens).toBeGreaterThan(0);
    const [between, first, whole] = ['inter_token_latency', 'time_to_first_token', 'e2e_request_latency'].map(
      (name) => seriesOf(text, `${name}_seconds_sum`) ?? 0,
    );
    expect((between ?? 0) + (first ?? 0)).toBeCloseTo(whole ?? 0, 6);
    const accepted = seriesOf(text, 'spec_decode_num_accepted_tokens_total') ?? 0;
    expect(accepted).toBeGreaterThan(0);
    expect(seriesOf(text, 'spec_decode_num_draft_tokens_total')).toBeGreaterThanOrEqual(accepted);
    const positions = Array.from({ length: 32 }, (_, at) =>
      seriesOf(text, 'spec_decode_num_accepted_tokens_per_pos_total', `position="${at}"`),
    );
    expect(positions.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(accepted);
    expect(seriesOf(text, 'sessions_opened_total', '"stream"')).toBe(1);
    expect(seriesOf(text, 'verify_batch_size_count')).toBe(seriesOf(text, 'engine_steps_total'));
    expect(seriesOf(text, 'prefix_cache_queries_total')).toBe(toyPrompt.length);
    expect(seriesOf(text, 'kv_cache_usage_perc')).toBeCloseTo((5 + 59) / 8192, 3);
    expect(seriesOf(text, 'state', '"serving"')).toBe(1);
    expect(seriesOf(text, 'build_info', 'version="1.2.3"')).toBe(1);
  });

  it('count requests over HTTP, and sessions that are refused', async () => {
    const { status } = await fetch(`http://127.0.0.1:${edge.port}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: edge.target.identity.name, prompt: 'Hello', max_tokens: 8 }),
    });
    expect(status).toBe(200);
    const tooLong = toyTurn(edge, { prompt: Array.from({ length: 2000 }, () => 70) });
    expect((await startTurn(tooLong).report).outcome).toMatchObject({ code: 'context-full' });
    const text = await scrape();
    expect(seriesOf(text, 'http_requests_total', 'POST /v1/completions', '"200"')).toBe(1);
    expect(seriesOf(text, 'requests_rejected_total', '"context-full"')).toBe(1);
  });

  it('name no session, no key and no address', async () => {
    expect(await scrape()).not.toMatch(/[0-9a-f]{32}|127\.0\.0\.1|a-key/);
  });
});

describe('the metrics of an endpoint', () => {
  it('count what applications get', async () => {
    const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
    const nowMs = () => performance.timeOrigin + performance.now();
    const app = createHttpApp({
      completer: createDeviceCompleter({ device, model, nowMs }),
      ...{ version: '1.2.3', nowMs, randomBits: () => 1n, refuses: () => null, mayUse: (shown) => shown === key },
      ...{ metrics: endpointMetrics.text, observer: endpointMetrics.observer },
    });
    const headers = { authorization: `Bearer ${key}` };
    const ask = (fields: object, path = '/v1/completions') =>
      app.request(path, { method: 'POST', headers, body: JSON.stringify({ model, prompt: 'Hello', ...fields }) });
    const answer = await ask({ max_tokens: 30, n: 2 });
    const { usage } = (await answer.json()) as { usage: Record<string, number> };
    await (await ask({ max_tokens: 20, stream: true })).text();
    expect((await ask({ max_tokens: -1 })).status).toBe(400);
    expect((await app.request('/metrics')).status).toBe(401);
    const text = await (await app.request('/metrics', { headers })).text();
    expect(seriesOf(text, 'generation_tokens_total')).toBe((usage['completion_tokens'] ?? 0) + 20);
    expect(seriesOf(text, 'request_success_total', '"length"')).toBe(3);
    expect(seriesOf(text, 'time_to_first_token_seconds_count')).toBe(3);
    expect(seriesOf(text, 'num_requests_running')).toBe(0);
    expect(seriesOf(text, 'spec_decode_num_accepted_tokens_total')).toBeGreaterThan(0);
    expect(seriesOf(text, 'requests_rejected_total', '"invalid_value"')).toBe(1);
    expect(seriesOf(text, 'requests_rejected_total', '"invalid_api_key"')).toBe(1);
    expect(seriesOf(text, 'fallback_total', '"local"')).toBe(0);
    expect(text).not.toContain(key);
  });
});
