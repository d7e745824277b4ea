// Members, edges and policies that are wrong, late, or lie to a controller, over real sockets: each is refused or routed around, the log and the
// metrics say why, and the others read exactly the text of the target.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ControllerEvent } from '../../src/allocation/controller/controller-events.ts';
import { encodeControl, mostFrameBytes } from '../../src/allocation/controller/message-codec.ts';
import { controlVersion, type DeviceReport, type EdgeReport } from '../../src/allocation/controller/messages.ts';
import { createPolicy } from '../../src/allocation/policies/policies.ts';
import type { Clock } from '../../src/core/basics/clock.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { openPolicyProcess } from '../../src/files/policy-process.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import type { Connection } from '../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { listenWebSocket } from '../../src/network/transport-node/websocket-server.ts';
import { type ControlNote, type Reach, reachBy } from '../../src/processes/controller/control-client.ts';
import {
  listenController,
  type RunningController,
  startController,
} from '../../src/processes/controller/controller-server.ts';
import { type DeviceAgent, joinAsDevice } from '../../src/processes/controller/device-agent.ts';
import { type EdgeFacts, joinAsEdge } from '../../src/processes/controller/edge-agent.ts';
import { TicketBook } from '../../src/processes/controller/ticket-book.ts';
import { listEdges } from '../../src/processes/device/edge-list.ts';
import { startTurn, type Turn } from '../../src/processes/device/turn.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';
import { createControllerMetrics } from '../../src/processes/metrics/controller-metrics.ts';
import { identity, reachSecured } from './secured-controller.ts';
import { startToyEdge, type ToyEdge, toyReference, toyTurn } from './toy-edge.ts';

const [length, longLength] = [120, 700];
const long = await toyReference(neutralSampling, longLength);
const reference = long.slice(0, length);
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

interface ControllerSite {
  readonly controller: RunningController;
  readonly url: string;
  readonly events: ControllerEvent[];
  /** Of a series of its metrics; 0: there is none. */
  metric(series: string): Promise<number>;
  /** Orders to this edge. */
  assigned(edge: string): ControllerEvent[];
}

const isAssignedTo =
  (edge: string) =>
  (event: ControllerEvent): boolean =>
    event.kind === 'assigned' && event.edge === edge;

/** @param policy name or file @param tls whether its port has TLS */
async function controllerSite(policy = 'greedy', epoch?: number, tls = false): Promise<ControllerSite> {
  const events: ControllerEvent[] = [];
  const decider = await openPolicyProcess(policy, { clock: machineClock });
  const metrics = createControllerMetrics();
  const controller = startController({
    ...{ policy: decider, fallback: { name: 'greedy', decide: createPolicy('greedy') }, slotMs: 200 },
    onDecision: metrics.onDecision,
    onEvent(event) {
      metrics.onEvent(event);
      events.push(event);
    },
    ...(epoch === undefined ? {} : { epoch }),
  });
  const listener = await listenController(controller, { host: '127.0.0.1', port: 0, tls: tls ? identity : undefined });
  undo.push(
    () => decider[Symbol.asyncDispose](),
    () => controller.close(),
    () => listener.close(),
  );
  metrics.follow(controller);
  const metric = async (series: string): Promise<number> => {
    const text = await metrics.text();
    const line = text.split('\n').find((one) => one.startsWith(`outrider_controller_${series} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const assigned = (edge: string): ControllerEvent[] => events.filter(isAssignedTo(edge));
  const url = `${tls ? 'wss' : 'ws'}://127.0.0.1:${listener.port}`;
  return { controller, url, events, metric, assigned };
}

interface EdgePlan {
  /** What it says of itself, true or not. */
  readonly facts?: Partial<EdgeFacts>;
  readonly options?: Parameters<typeof startToyEdge>[0];
  readonly clock?: Clock;
  readonly reach?: Reach;
}

async function edgeSite(url: string, id: string, { facts, options, clock, reach }: EdgePlan = {}): Promise<ToyEdge> {
  const tickets = new TicketBook(machineClock);
  const toy = await startToyEdge({ keyOf: tickets.beside(() => null), ...options });
  const { identity, tokenizer, limits } = toy.target;
  const agent = joinAsEdge({
    reach: reach ?? reachBy(connectWebSocket(url)),
    ...{ id, tickets, edge: toy.edge, reportEveryMs: 50, ...(clock === undefined ? {} : { clock }) },
    facts: {
      ...{ address: toy.url, certificate: null, model: identity.name, fingerprint: identity.fingerprint },
      ...{ tokenizerHash: tokenizer.hash, places: limits.maxSequences, contextLength: limits.contextLength },
      ...{ bitsPerSecond: 1e9, place: null },
      ...facts,
    },
  });
  undo.push(
    () => toy[Symbol.asyncDispose](),
    () => agent.close(),
  );
  return toy;
}

function deviceAt(
  url: string,
  id: string,
  toy: ToyEdge,
  notes: ControlNote[] = [],
  clock: Clock = machineClock,
  reach: Reach = reachBy(connectWebSocket(url)),
): DeviceAgent {
  const agent = joinAsDevice({
    ...{ reach, clock, id, tokenizerHash: toy.target.tokenizer.hash, reportEveryMs: 50, probeEveryMs: 500 },
    connectEdge: ({ address }) => connectWebSocket(address),
    note: (event) => void notes.push(event),
  });
  undo.push(() => agent.close());
  return agent;
}

/** Asks, and does something once the reader has so many tokens. */
async function ask(
  agent: DeviceAgent,
  toy: ToyEdge,
  act: (turn: Turn) => unknown = () => {},
  maxAnswerTokens = length,
): Promise<TurnReport> {
  await agent.ready(5000);
  const turn = startTurn(toyTurn(toy, { connect: agent.edges, maxAnswerTokens }));
  agent.follow(turn);
  let [seen, hasActed] = [0, false];
  for await (const { tokens } of turn) {
    seen += tokens.length;
    if (hasActed || seen < 20) continue;
    hasActed = true;
    await act(turn);
  }
  return turn.report;
}

/** An edge with one place, which refuses whoever would wait: all have one key, so none has less than its share. @param places that it says to have */
function fullEdge(places: number): EdgePlan {
  const options = { sequences: 1, places: { maxWaiting: 0 }, keyOf: () => edgeKey('everybody') };
  return { facts: { places }, options };
}

/** Takes a place of an edge. */
async function hold(toy: ToyEdge): Promise<Turn> {
  const holder = startTurn(toyTurn(toy, { maxAnswerTokens: 1000, drafter: null }));
  await holder[Symbol.asyncIterator]().next();
  return holder;
}

/** An address behind which the controller changes, as at a failover: who is connected is cut off. */
function gateTo(first: string): { readonly reach: Reach; leadTo(url: string): void } {
  let url = first;
  const open = new Set<Connection>();
  return {
    reach: (accept, failed) =>
      reachSecured(url)((connection) => {
        open.add(connection);
        return accept(connection);
      }, failed),
    leadTo(next) {
      url = next;
      for (const connection of open) connection.close('edge-unreachable', 'cut off');
      open.clear();
    },
  };
}

const servers = ({ servedBy }: TurnReport): string[] => servedBy.map(({ edge }) => edge);

/** A member that says whatever a test wants. */
async function liar(url: string, role: 'edge' | 'device', id: string, version = controlVersion) {
  const told: { kind: string; code?: string; cause?: string }[] = [];
  const state = { isClosed: false };
  const connection: Connection = await connectWebSocket(url, { maxFrameBytes: mostFrameBytes })(() => ({
    frame: (bytes) => void told.push(JSON.parse(new TextDecoder().decode(bytes))),
    writable: () => {},
    closed: () => {
      state.isClosed = true;
    },
  }));
  undo.push(() => connection.close('done', ''));
  const shout = (text: string): void => connection.send(new TextEncoder().encode(text));
  shout(JSON.stringify({ kind: 'join', version, role, id, credentials: '' }));
  const repeat = (report: object): void => {
    let seq = 0;
    const saying = setInterval(() => {
      seq += 1;
      shout(JSON.stringify({ ...report, seq }));
    }, 50);
    undo.push(() => clearInterval(saying));
  };
  return { told, state, shout, repeat };
}

function edgeClaim({ target, url }: ToyEdge): EdgeReport {
  const { identity, tokenizer } = target;
  return {
    ...{ kind: 'edge-report', seq: 1, address: url, certificate: null, model: identity.name, places: 8 },
    ...{ fingerprint: identity.fingerprint, tokenizerHash: tokenizer.hash, contextLength: 1024, draftMs: null },
    ...{ stepFixedMs: 0.001, stepRowMs: 0.001, sessions: 0, waiting: 0, busyShare: 0, bitsPerSecond: 1e13 },
    ...{ isDraining: false, place: null },
  };
}

describe('an edge', () => {
  it.each([
    ['NaN', '"stepFixedMs":0.001', '"stepFixedMs":NaN', 'not JSON'],
    ['a step without end', '"stepFixedMs":0.001', '"stepFixedMs":1e300', 'stepFixedMs'],
    ['a negative load', '"waiting":0', '"waiting":-1', 'waiting'],
    ['a million sequences', '"places":8', '"places":1000000', 'places'],
    ['a load that is no number', '"busyShare":0', '"busyShare":null', 'busyShare'],
  ])('that reports %s is refused; an answer at another one goes on', async (_, sense, nonsense, word) => {
    const site = await controllerSite();
    const a = await edgeSite(site.url, 'a');
    const agent = deviceAt(site.url, 'one', a);
    const bad = await liar(site.url, 'edge', 'bad');
    const claim = JSON.stringify(edgeClaim(a));
    expect(claim).toContain(sense);
    const report = await ask(agent, a, () => bad.shout(claim.replace(sense, nonsense)));
    expect([report.tokens, servers(report)]).toEqual([reference, ['a']]);
    await expect.poll(() => bad.state.isClosed).toBe(true);
    expect(bad.told.at(-1)).toMatchObject({ kind: 'refused', code: 'protocol-error' });
    expect(site.events).toContainEqual({
      ...{ kind: 'refused', id: 'bad', code: 'protocol-error', cause: expect.stringContaining(word) },
    });
    expect(await site.metric('refusals_total{code="protocol-error"}')).toBe(1);
    expect(site.assigned('bad')).toEqual([]);
  });

  it('that says to be the quickest, and is not there, gets nobody', async () => {
    const site = await controllerSite();
    const a = await edgeSite(site.url, 'a');
    const gone = await startToyEdge();
    const claim = edgeClaim(gone);
    await gone[Symbol.asyncDispose]();
    const bad = await liar(site.url, 'edge', 'bad');
    bad.repeat(claim);
    const agent = deviceAt(site.url, 'one', a);
    const report = await ask(agent, a);
    expect([report.tokens, servers(report)]).toEqual([reference, ['a']]);
    expect(await site.metric('edges{state="serving"}')).toBe(2);
    expect(site.assigned('bad')).toEqual([]);
  });

  it('that runs another target under the same name gets no text that was begun, and is told of', async () => {
    const site = await controllerSite();
    const a = await edgeSite(site.url, 'a');
    const agent = deviceAt(site.url, 'one', a);
    const model = a.target.identity.name;
    const begin = async (): Promise<void> => {
      const other = await edgeSite(site.url, 'other', { facts: { model }, options: { seed: 99 } });
      expect(other.target.identity.fingerprint).not.toBe(a.target.identity.fingerprint);
      // The other one is the only one that takes anybody.
      a.edge.setDraining(true);
    };
    const report = await ask(agent, a, begin, longLength);
    expect([report.tokens, servers(report)]).toEqual([long, ['a']]);
    const reading = site.events.filter((event) => event.kind === 'decided' && event.paces.length > 0);
    expect(reading.some((event) => event.kind === 'decided' && event.shut[0]?.why === 'draining')).toBe(true);
    expect(site.events).toContainEqual({ kind: 'model-differs', edge: 'other', other: 'a', model });
    expect(await site.metric('model_differs_total')).toBe(1);
    expect(await site.metric('unserved_total')).toBeGreaterThan(0);
    // When nothing is read any more the next answer, a text of its own, may be meant for it.
    const lastReading = site.events.lastIndexOf(reading.at(-1) as ControllerEvent);
    expect(site.events.slice(0, lastReading).filter(isAssignedTo('other'))).toEqual([]);
  });

  it('that claims the fingerprint of another target is found out by the device; the order counts as not followed', async () => {
    const site = await controllerSite();
    // Slow enough for an answer that lasts as long as a device may take to follow an order.
    const a = await edgeSite(site.url, 'a', { options: { stepMs: 12 } });
    const agent = deviceAt(site.url, 'one', a);
    const { name: model, fingerprint } = a.target.identity;
    const begin = async (): Promise<void> => {
      await edgeSite(site.url, 'other', { facts: { model, fingerprint }, options: { seed: 99 } });
      a.edge.setDraining(true);
    };
    const report = await ask(agent, a, begin, longLength);
    expect([report.tokens, servers(report)]).toEqual([long, ['a']]);
    const told = site.events.filter((event) => event.kind === 'not-followed');
    expect(told[0]).toMatchObject({ device: 'one', edge: 'other' });
    expect(await site.metric('orders_not_followed_total')).toBe(told.length);
  });

  it('that is full gets nobody, and is counted', async () => {
    const site = await controllerSite();
    const full = await edgeSite(site.url, 'full', fullEdge(1));
    const holder = await hold(full);
    const a = await edgeSite(site.url, 'a');
    const agent = deviceAt(site.url, 'one', a);
    await expect.poll(() => site.metric('edges{state="full"}')).toBe(1);
    const report = await ask(agent, a);
    holder.stop();
    expect([report.tokens, servers(report)]).toEqual([reference, ['a']]);
    expect(site.assigned('full')).toEqual([]);
    const decided = site.events.filter((event) => event.kind === 'decided' && event.paces.length > 0);
    expect(decided.at(-1)).toMatchObject({ shut: [{ edge: 'full', why: 'full' }] });
  });

  it('that is full, and says that it has places, refuses; the answer is written at a spare one', async () => {
    const site = await controllerSite();
    const full = await edgeSite(site.url, 'full', fullEdge(64));
    const holder = await hold(full);
    const agent = deviceAt(site.url, 'one', full);
    await agent.ready(5000);
    expect(agent.assigned).toBe('full');
    const a = await edgeSite(site.url, 'a', { options: { stepTime: linearStepTime(400, 1) } });
    await expect.poll(() => agent.spares).toEqual(['a']);
    const report = await ask(agent, a);
    holder.stop();
    expect([report.tokens, servers(report).at(-1)]).toEqual([reference, 'a']);
    expect(full.edge.status.counts.refusals['edge-full']).toBeGreaterThan(0);
  });
});

describe('a device', () => {
  it('that claims every link perfect, edges that there are not, and tokens of an hour, harms nobody', async () => {
    const site = await controllerSite();
    const [a, b] = [await edgeSite(site.url, 'a'), await edgeSite(site.url, 'b')];
    const [quick, ghost] = [await liar(site.url, 'device', 'quick'), await liar(site.url, 'device', 'ghost')];
    const perfect = ['a', 'b', ...Array.from({ length: 1000 }, (_, index) => `edge-${index}`)];
    const claim = (edge: string | null, links = perfect): Omit<DeviceReport, 'seq'> => ({
      ...{ kind: 'device-report', tokenizerHash: a.target.tokenizer.hash, fingerprint: null, draftMs: 0.001 },
      links: links.map((id) => ({ edge: id, roundTripMs: 0, bitsPerSecond: 1e13 })),
      ...{ acceptance: 1, battery: 1, feltMsPerToken: 3_600_000, uplinkUse: 1, place: null },
      session: { session: 'f'.repeat(32), edge, promptTokens: 1e9, writtenTokens: 1e9, answerTokens: 1e9 },
    });
    quick.repeat(claim('a'));
    // It goes nowhere, whatever it is told.
    ghost.repeat(claim(null, ['a']));
    const agents = ['one', 'two'].map((id) => deviceAt(site.url, id, a));
    const reports = await Promise.all(agents.map((agent) => ask(agent, b, () => {}, longLength)));
    for (const { tokens } of reports) expect(tokens).toEqual(long);
    const failures = site.events.filter((event) => event.kind === 'policy-failed');
    expect(failures).toEqual([]);
    expect(site.events.some((event) => event.kind === 'decided' && event.paces.length === 4)).toBe(true);
    expect(await site.metric('members{role="device"}')).toBe(4);
    const ignored = () => site.events.filter((event) => event.kind === 'not-followed').map(({ device }) => device);
    await expect.poll(ignored, { timeout: 10_000 }).toContain('ghost');
    expect(await site.metric('orders_not_followed_total')).toBe(ignored().length);
    // What it says to feel is an error of the prediction.
    expect(await site.metric('prediction_error_ratio_count')).toBeGreaterThan(0);
  });

  it('that claims more links than a message holds is refused', async () => {
    const site = await controllerSite();
    const a = await edgeSite(site.url, 'a');
    const agent = deviceAt(site.url, 'one', a);
    const bad = await liar(site.url, 'device', 'bad');
    const claim = {
      ...{ kind: 'device-report', seq: 1, tokenizerHash: a.target.tokenizer.hash, fingerprint: null, draftMs: null },
      ...{ acceptance: null, battery: 1, session: null, feltMsPerToken: null, uplinkUse: null, place: null },
      links: Array(2000).fill({ edge: 'a', roundTripMs: 0, bitsPerSecond: null }),
    };
    const report = await ask(agent, a, () => bad.shout(JSON.stringify(claim)));
    expect(report.tokens).toEqual(reference);
    await expect.poll(() => bad.state.isClosed).toBe(true);
    expect(site.events).toContainEqual({
      ...{ kind: 'refused', id: 'bad', code: 'protocol-error', cause: expect.stringContaining('links') },
    });
    expect(await site.metric('refusals_total{code="protocol-error"}')).toBe(1);
  });

  it('whose clock is ten minutes behind is served as any other, as is an edge whose clock is ten minutes ahead', async () => {
    const site = await controllerSite();
    const shifted = (byMs: number): Clock => ({ ...machineClock, nowMs: () => machineClock.nowMs() + byMs });
    const a = await edgeSite(site.url, 'a', { clock: shifted(600_000) });
    const agent = deviceAt(site.url, 'one', a, [], shifted(-600_000));
    const report = await ask(agent, a, () => {}, longLength);
    expect([report.tokens, servers(report)]).toEqual([long, ['a']]);
    expect(site.controller.status).toMatchObject({ edges: 1, devices: 1 });
    expect(await site.metric('prediction_error_ratio_count')).toBeGreaterThan(0);
  });
});

describe('two controllers', () => {
  it('at one address: members obey the higher epoch, leave the other one, and say so to both', async () => {
    const [older, newer] = [await controllerSite('greedy', 1000, true), await controllerSite('greedy', 2000, true)];
    const gate = gateTo(older.url);
    const a = await edgeSite('', 'a', { reach: gate.reach });
    const notes: ControlNote[] = [];
    const agent = deviceAt('', 'one', a, notes, machineClock, gate.reach);
    const report = await ask(
      agent,
      a,
      async () => {
        gate.leadTo(newer.url);
        await expect.poll(() => newer.controller.status).toMatchObject({ edges: 1, devices: 1 });
        gate.leadTo(older.url);
        await expect.poll(() => notes.map(({ kind }) => kind)).toContain('older');
        await expect.poll(() => older.metric('leaves_total{role="device",code="superseded"}')).toBeGreaterThan(0);
        await expect.poll(() => older.metric('leaves_total{role="edge",code="superseded"}')).toBeGreaterThan(0);
        gate.leadTo(newer.url);
        await expect.poll(() => agent.isConnected).toBe(true);
      },
      longLength,
    );
    expect([report.tokens, servers(report)]).toEqual([long, ['a']]);
    expect(older.events).toContainEqual({ kind: 'left', role: 'device', id: 'one', code: 'superseded' });
    expect(await older.metric('epoch')).toBe(1000);
    const again = await ask(agent, a);
    expect(again.tokens).toEqual(reference);
  });
});

describe('another version', () => {
  it('of a member is refused, and the log and the metrics tell', async () => {
    const site = await controllerSite();
    const bad = await liar(site.url, 'edge', 'old', controlVersion + 1);
    await expect.poll(() => bad.state.isClosed).toBe(true);
    expect(bad.told).toMatchObject([{ kind: 'refused', code: 'version-mismatch' }]);
    expect(await site.metric('refusals_total{code="version-mismatch"}')).toBe(1);
  });

  it('of the controller is told to the member, who goes on without it', async () => {
    const other = await listenWebSocket({ host: '127.0.0.1', port: 0 }, (connection) => ({
      frame: () =>
        connection.send(
          encodeControl({ kind: 'welcome', version: controlVersion + 1, cell: 'default', epoch: 9e12, slotMs: 200 }),
        ),
      writable: () => {},
      closed: () => {},
    }));
    undo.push(() => other.close());
    const toy = await startToyEdge();
    undo.push(() => toy[Symbol.asyncDispose]());
    const notes: ControlNote[] = [];
    const agent = joinAsDevice({
      reach: reachBy(connectWebSocket(`ws://127.0.0.1:${other.port}`)),
      ...{ id: 'one', tokenizerHash: toy.target.tokenizer.hash },
      connectEdge: ({ address }) => connectWebSocket(address),
      own: listEdges(toy.url, (address) => connectWebSocket(address)),
      note: (event) => void notes.push(event),
    });
    undo.push(() => agent.close());
    await expect.poll(() => notes.length).toBeGreaterThan(0);
    expect(notes[0]).toMatchObject({ kind: 'refused', error: { code: 'version-mismatch' } });
    expect(agent.isConnected).toBe(false);
    const turn = startTurn(toyTurn(toy, { connect: agent.edges, maxAnswerTokens: length }));
    agent.follow(turn);
    expect((await turn.report).tokens).toEqual(reference);
  });
});

describe('a policy file', () => {
  async function fileOf(body: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'outrider-policy-'));
    undo.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'policy.mjs');
    await writeFile(file, `export function policy(state) { ${body} }\n`);
    return file;
  }

  /** Runs two answers beside a policy with this body: `greedy` decides their slots. */
  async function replacedPolicy(body: string): Promise<{ readonly site: ControllerSite; readonly file: string }> {
    const file = await fileOf(body);
    const site = await controllerSite(file);
    const [a] = [await edgeSite(site.url, 'a'), await edgeSite(site.url, 'b')];
    const agents = ['one', 'two'].map((id) => deviceAt(site.url, id, a));
    const reports = await Promise.all(agents.map((agent) => ask(agent, a, () => {}, longLength)));
    for (const { tokens } of reports) expect(tokens).toEqual(long);
    // The slot that it has failed is decided, not only those of its pause.
    const told = ({ kind }: { readonly kind: string }): boolean => kind === 'policy-failed' || kind === 'policy-late';
    const next = site.events.slice(site.events.findIndex(told) + 1).find((one) => told(one) || one.kind === 'decided');
    expect(next).toMatchObject({ kind: 'decided', policy: 'greedy' });
    expect(await site.metric('slots_total{policy="greedy"}')).toBeGreaterThan(0);
    expect(await site.metric(`slots_total{policy="${file}"}`)).toBe(0);
    return { site, file };
  }

  it.each([
    ['throws', 'throw new Error("no");', 'threw', 'Error: no'],
    ['gives NaN', 'return { server: [NaN], bandwidthShare: [NaN], computeShare: [NaN] };', 'invalid', ''],
    ['ends its process', 'process.exit(1);', 'ended', 'status 1'],
  ])('that %s is replaced by greedy, and the log and the metrics tell', async (_, body, fault, word) => {
    const { site, file } = await replacedPolicy(body);
    const cause = expect.stringContaining(word);
    expect(site.events).toContainEqual({ kind: 'policy-failed', policy: file, fault, cause });
    expect(await site.metric(`policy_failures_total{policy="${file}",fault="${fault}"}`)).toBeGreaterThan(0);
  });

  it('that takes a minute is told as late, and replaced by greedy', async () => {
    const { site, file } = await replacedPolicy('const endMs = Date.now() + 60000; while (Date.now() < endMs);');
    const cause = expect.stringContaining('within 200 ms');
    expect(site.events).toContainEqual({ kind: 'policy-late', policy: file, cause });
    expect(await site.metric(`policy_late_total{policy="${file}"}`)).toBeGreaterThan(0);
  });
});
