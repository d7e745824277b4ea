// Calls of `outrider trial api` within one process: official clients for Node and recorded requests, against a toy edge and an endpoint before
// it; and what the trial says where a text or a call is wrong.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiTrial, callAll } from '../../laboratory/trials/api/api.ts';
import { clientNames, loadClients, openClients, type SkippedClient } from '../../laboratory/trials/api/clients.ts';
import { Reference } from '../../laboratory/trials/api/reference.ts';
import type { ApiPlaces } from '../../laboratory/trials/api/scene.ts';
import { runExperiment } from '../../simulator/runner/run.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createDevice } from '../../src/processes/device/device.ts';
import { createHttpApp, routesOf } from '../../src/processes/http/app.ts';
import { createDeviceCompleter } from '../../src/processes/http/device-completer.ts';
import { type HttpListener, listenHttp } from '../../src/processes/http/listen-http.ts';
import { type ApiEdge, startApiEdge } from './api-edge.ts';
import { toyDrafter, toySeed } from './toy-edge.ts';

/** Makes the calls in a run of their own. */
const callAllAt = async (clients: Parameters<typeof callAll>[0], at: ApiPlaces) => {
  const { rows } = await runExperiment({
    name: 'calls',
    description: '',
    options: {},
    measure: (_options, run) => callAll(clients, at, run),
    conclude: (called) => ({ rows: called, summary: {} }),
  });
  return rows;
};
/** The others take seconds to load, and grammars to compile; api.slow.test.ts has them all. */
const quick = ['openai', '@anthropic-ai/sdk', 'Open WebUI', 'plain HTTP'];
const models = { target: 'toy', draft: 'toy' };

let edge: ApiEdge;
let listener: HttpListener;
let places: ApiPlaces;

beforeAll(async () => {
  edge = await startApiEdge({ sequences: 16 });
  const { model } = edge;
  const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
  const nowMs = () => performance.timeOrigin + performance.now();
  let bits = 0n;
  const app = createHttpApp({
    completer: createDeviceCompleter({ device, model, nowMs, credentials: '' }),
    ...{ version: '0.0.0', nowMs, refuses: () => null, mayUse: (shown) => shown === 'a-key', metrics: async () => 'x' },
    randomBits: () => {
      bits += 1n;
      return bits;
    },
  });
  listener = await listenHttp(app, '127.0.0.1', 0);
  const { textOf } = new Reference(createToyModel({ seed: toySeed, role: 'target', sequences: 1 }));
  const common = { key: 'a-key', metricsKey: 'a-key', tabKey: 'a-key', model, textOf };
  places = {
    edge: { ...common, baseUrl: edge.baseURL, routes: [] },
    device: { ...common, baseUrl: `http://127.0.0.1:${listener.port}/v1`, routes: routesOf(app) },
  };
});

afterAll(async () => {
  await listener.close();
  await edge[Symbol.asyncDispose]();
});

const quickClients = async () =>
  (await loadClients(quick)).map((client) => ({
    ...client,
    calls: client.calls.filter(({ name }) => !/tool|zod|json|parallel/i.test(name)),
  }));

/** What the trial says when it has found this. */
const concluded = (
  called: Awaited<ReturnType<typeof callAll>>,
  uncalled: readonly string[] = [],
  without: { readonly skipped: readonly SkippedClient[]; readonly mayLeaveOut: boolean } = noneSkipped,
) =>
  apiTrial.conclude(
    { called, ...without, uncalled, models },
    { full: false, skip: undefined, pair: 'default', busy: 0 },
  );
const noneSkipped = { skipped: [], mayLeaveOut: true };

describe('trial api', () => {
  it("gets the target's own text by each client, from an edge and from a device", async () => {
    const { rows, summary, passed } = concluded(await callAllAt(await quickClients(), places));
    const isRight = (word: string): boolean => word === 'identical' || word === 'ok';
    expect(rows.filter(({ edge: one, device: other }) => !isRight(one) || !isRight(other))).toEqual([]);
    expect(summary).toMatchObject({ clients: quick.length, failed: 0 });
    expect(summary['identical']).toBe(summary['textsCompared']);
    expect(passed).toBe(true);
  });

  it('fails for another text, for a call that fails, and for a route that nobody has called', async () => {
    const plain = await loadClients(['plain HTTP']);
    const other = { ...places, device: { ...places.device, textOf: async () => 'another text' } };
    const differing = concluded(await callAllAt(plain, other));
    expect(differing).toMatchObject({ passed: false, summary: { failed: 0 } });
    expect(differing.rows.at(-1)).toMatchObject({ edge: 'identical', device: expect.stringContaining('differs') });
    const failing = concluded(await callAllAt(plain, { ...places, device: { ...places.device, key: 'wrong' } }));
    expect(failing.passed).toBe(false);
    expect(failing.rows.at(-1)?.device).toMatch(/^failed: Error: status 401/);
    const called = await callAllAt(plain, places);
    expect(concluded(called).passed).toBe(true);
    expect(concluded(called, ['edge: GET /v1/new']).passed).toBe(false);
    const skipped = [{ client: 'llm', why: 'named by --skip' }];
    const short = concluded(called, [], { skipped, mayLeaveOut: true });
    expect(short).toMatchObject({ passed: true, summary: { skippedClients: 1 } });
    expect(short.rows.at(-1)).toMatchObject({ client: 'llm', edge: 'skipped: named by --skip' });
    expect(concluded(called, [], { skipped, mayLeaveOut: false }).passed).toBe(false);
  });

  it('leaves out clients by their names, and no other', async () => {
    using open = await openClients(true, clientNames);
    expect(open.clients).toEqual([]);
    expect(open.skipped.map(({ client }) => client)).toEqual(clientNames);
    const options = { full: false, skip: ['opnai'], pair: 'default', busy: 0 };
    await expect(runExperiment(apiTrial, options)).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
