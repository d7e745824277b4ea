// A controller, three edges and devices over real sockets: the controller decides, and no order, loss or end changes a token.

import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ControllerEvent } from '../../src/allocation/controller/controller-events.ts';
import { createPolicy } from '../../src/allocation/policies/policies.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import { openPolicyProcess } from '../../src/files/policy-process.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import type { ControlNote } from '../../src/processes/controller/control-client.ts';
import {
  listenController,
  type RunningController,
  startController,
} from '../../src/processes/controller/controller-server.ts';
import { type DeviceAgent, joinAsDevice } from '../../src/processes/controller/device-agent.ts';
import { joinAsEdge } from '../../src/processes/controller/edge-agent.ts';
import { TicketBook } from '../../src/processes/controller/ticket-book.ts';
import { AutoMode } from '../../src/processes/device/auto-mode.ts';
import { startTurn, type Turn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';
import { identity, reachSecured } from './secured-controller.ts';
import { startToyEdge, type ToyEdge, toyReference, toyTurn } from './toy-edge.ts';

const length = 120;
const patientMs = 30_000;
/** A busy machine decides by a quicker policy, or later than the device has moved, or tells a device later that an edge is gone. */
const reasonOfMove =
  /policy (best|greedy): [\d.]+ ms a token predicted|^\w (has failed|leaves or is full), and \w is a spare edge$|^it came by an order that was replaced/;
const reference = await toyReference(neutralSampling, length);
const policy = await openPolicyProcess('best', { clock: machineClock });
afterAll(() => policy[Symbol.asyncDispose]());
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

interface ControllerSite {
  readonly controller: RunningController;
  readonly url: string;
  readonly events: ControllerEvent[];
  close(): Promise<void>;
}

async function controllerSite(port = 0, epoch?: number, tls = false): Promise<ControllerSite> {
  const events: ControllerEvent[] = [];
  const controller = startController({
    policy,
    fallback: { name: 'greedy', decide: createPolicy('greedy') },
    slotMs: 200,
    keyOf: (key) => (key === 'of members' ? key : null),
    onEvent: (event) => void events.push(event),
    ...(epoch === undefined ? {} : { epoch }),
  });
  const listener = await listenController(controller, { host: '127.0.0.1', port, tls: tls ? identity : undefined });
  const close = async (): Promise<void> => {
    await controller.close();
    await listener.close();
  };
  undo.push(close);
  return { controller, url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${listener.port}`, events, close };
}

interface Site {
  readonly toy: ToyEdge;
  readonly agent: ReturnType<typeof joinAsEdge>;
}

/** An edge that takes tickets, and nothing else. */
async function edgeSite(url: string, id: string, address?: string): Promise<Site> {
  const tickets = new TicketBook(machineClock);
  const toy = await startToyEdge({ keyOf: tickets.beside(() => null) });
  const { identity, tokenizer, limits } = toy.target;
  const agent = joinAsEdge({
    reach: reachSecured(url),
    ...{ id, credentials: 'of members', tickets, edge: toy.edge, reportEveryMs: 50 },
    facts: {
      ...{ address: address ?? toy.url, certificate: null, model: identity.name, fingerprint: identity.fingerprint },
      ...{ tokenizerHash: tokenizer.hash, places: limits.maxSequences, contextLength: limits.contextLength },
      bitsPerSecond: 1e9,
      place: null,
    },
  });
  undo.push(
    () => toy[Symbol.asyncDispose](),
    () => agent.close(),
  );
  return { toy, agent };
}

function deviceAt(url: string, id: string, { toy }: Site, notes: ControlNote[] = [], battery = 1): DeviceAgent {
  const agent = joinAsDevice({
    reach: reachSecured(url),
    ...{
      id,
      credentials: 'of members',
      tokenizerHash: toy.target.tokenizer.hash,
      reportEveryMs: 50,
      probeEveryMs: 500,
    },
    connectEdge: ({ address }) => connectWebSocket(address),
    note: (event) => void notes.push(event),
    battery: () => battery,
  });
  undo.push(() => agent.close());
  return agent;
}

/** Asks, and does something once the reader has so many tokens. */
async function ask(agent: DeviceAgent, { toy }: Site, act: (turn: Turn) => unknown = () => {}): Promise<TurnReport> {
  await agent.ready(patientMs);
  const turn = startTurn(toyTurn(toy, { connect: agent.edges, maxAnswerTokens: length }));
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

const servers = ({ servedBy }: TurnReport): string[] => servedBy.map(({ edge }) => edge);

describe('a controller over sockets', () => {
  it('brings devices that have no key of an edge to edges, by tickets', async () => {
    const site = await controllerSite();
    const [a, b] = [await edgeSite(site.url, 'a'), await edgeSite(site.url, 'b')];
    const agents = ['one', 'two', 'three', 'four'].map((id) => deviceAt(site.url, id, a));
    const reports = await Promise.all(agents.map((agent) => ask(agent, a)));
    for (const report of reports) expect(report.tokens).toEqual(reference);
    // Both edges write: one more session makes steps longer.
    await expect
      .poll(() => a.toy.edge.status.counts.sessionsOpened + b.toy.edge.status.counts.sessionsOpened)
      .toBeGreaterThanOrEqual(4);
    expect(site.events.filter(({ kind }) => kind === 'refused')).toEqual([]);
    expect(site.events.some((event) => event.kind === 'decided' && event.paces.length > 0)).toBe(true);
  });

  it('moves the answers of an edge that drains, and of one that is gone', async () => {
    const site = await controllerSite();
    const [a, b] = [await edgeSite(site.url, 'a'), await edgeSite(site.url, 'b')];
    const agent = deviceAt(site.url, 'one', a);
    await agent.ready(patientMs);
    const [first, other] = agent.assigned === 'a' ? [a, b] : [b, a];
    const report = await ask(agent, a, () => void first.toy.edge.drain(30_000));
    expect([report.tokens, servers(report).length]).toEqual([reference, 2]);
    expect(report.servedBy.at(-1)?.reason).toMatch(reasonOfMove);
    const again = await ask(agent, a);
    expect([again.tokens, servers(again).length]).toEqual([reference, 1]);
    expect(other.toy.edge.status.counts.sessionsOpened).toBeGreaterThanOrEqual(2);
  });

  it('may die: answers go on, and it takes up where it is when it is back, with a higher epoch', async () => {
    const site = await controllerSite(0, 1000);
    const a = await edgeSite(site.url, 'a');
    const notes: ControlNote[] = [];
    const agent = deviceAt(site.url, 'one', a, notes);
    const report = await ask(agent, a, () => site.close());
    expect(report.tokens).toEqual(reference);
    const port = Number(new URL(site.url).port);
    const next = await controllerSite(port, 2000);
    await expect.poll(() => next.controller.status.edges).toBe(1);
    await expect.poll(() => agent.isConnected).toBe(true);
    const again = await ask(agent, a);
    expect(again.tokens).toEqual(reference);
    // Meanwhile nobody is there, or somebody who goes.
    const kinds = notes.map(({ kind }) => kind).filter((kind) => kind !== 'unreached');
    expect(kinds).toEqual(['connected', 'lost', 'connected']);
  });

  it('may die, and then the edge that writes: the answer goes on at a spare one, whose ticket the device has', async () => {
    const site = await controllerSite();
    const sites = {
      a: await edgeSite(site.url, 'a'),
      b: await edgeSite(site.url, 'b'),
      c: await edgeSite(site.url, 'c'),
    };
    const agent = deviceAt(site.url, 'one', sites.a);
    await agent.ready(patientMs);
    await expect.poll(() => agent.spares.length).toBe(2);
    let others: (string | null)[] = [];
    const report = await ask(agent, sites.a, async (turn) => {
      await site.close();
      const writes = turn.status.edge;
      others = [agent.assigned, ...agent.spares].filter((edge) => edge !== writes);
      await sites[writes as keyof typeof sites].toy[Symbol.asyncDispose]();
    });
    expect(report.tokens).toEqual(reference);
    expect(servers(report).length).toBeGreaterThan(1);
    // On a busy machine an edge may answer too late, and the device goes on to the next.
    const last = servers(report).at(-1) as string;
    expect(others).toContain(last);
    expect(report.servedBy.at(-1)?.reason).toMatch(reasonOfMove);
    expect(agent.isConnected).toBe(false);
  });

  it('is not obeyed after a later run whose certificate was checked, and refuses members without a key', async () => {
    const newer = await controllerSite(0, 2000, true);
    const a = await edgeSite(newer.url, 'a');
    const notes: ControlNote[] = [];
    const agent = deviceAt(newer.url, 'one', a, notes);
    await agent.ready(patientMs);
    expect(agent.assigned).toBe('a');
    await newer.close();
    const older = await controllerSite(Number(new URL(newer.url).port), 1000, true);
    await expect.poll(() => notes.map(({ kind }) => kind)).toContain('older');
    expect(agent.isConnected).toBe(false);
    const refused: ControlNote[] = [];
    const stranger = joinAsDevice({
      reach: reachSecured(older.url),
      ...{ id: 'stranger', credentials: 'a guess', tokenizerHash: a.toy.target.tokenizer.hash },
      connectEdge: ({ address }) => connectWebSocket(address),
      note: (event) => void refused.push(event),
    });
    undo.push(() => stranger.close());
    await expect.poll(() => refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ kind: 'refused' });
  });

  it('is obeyed in plain with any epoch, whatever was said at its address before', async () => {
    const first = await controllerSite(0, Number.MAX_SAFE_INTEGER);
    const a = await edgeSite(first.url, 'a');
    const agent = deviceAt(first.url, 'one', a);
    await agent.ready(patientMs);
    await first.close();
    const next = await controllerSite(Number(new URL(first.url).port), 1000);
    await expect.poll(() => next.events.map(({ kind }) => kind)).toContain('assigned');
    expect((await ask(agent, a)).tokens).toEqual(reference);
  });

  it('tells devices what to draft: one without charge rests, one with a mode of its own does not', async () => {
    const site = await controllerSite();
    const a = await edgeSite(site.url, 'a');
    const read = async (id: string, battery: number, options: Partial<TurnOptions>): Promise<TurnReport> => {
      const agent = deviceAt(site.url, id, a, [], battery);
      await agent.ready(patientMs);
      const turn = startTurn(toyTurn(a.toy, { connect: agent.edges, maxAnswerTokens: length, ...options }));
      agent.follow(turn);
      for await (const _ of turn);
      return turn.report;
    };
    const empty = await read('empty', 0.02, { auto: new AutoMode() });
    expect(empty.tokens).toEqual(reference);
    expect(empty).toMatchObject({
      mode: 'ar',
      modeReason: 'the battery is almost empty',
      plan: { mode: 'ar', edge: 'a' },
    });
    expect(empty.draftedTokens).toBeLessThan(length / 4);
    const own = await read('own', 0.02, { mode: 'stream' });
    expect(own.tokens).toEqual(reference);
    expect(own).toMatchObject({ mode: 'stream', plan: { mode: 'ar', maxAhead: 1 } });
    expect(own.draftedTokens).toBeGreaterThan(empty.draftedTokens);
    const full = await read('full', 1, { auto: new AutoMode() });
    expect([full.tokens, full.mode]).toEqual([reference, 'stream']);
  });

  it('can tell an address that no device can use: the others are used', async () => {
    const site = await controllerSite();
    const a = await edgeSite(site.url, 'a');
    await edgeSite(site.url, 'bad', 'ws://[not an address');
    const agent = deviceAt(site.url, 'one', a);
    const report = await ask(agent, a);
    expect([report.tokens, servers(report)]).toEqual([reference, ['a']]);
    expect(site.events).toContainEqual(
      expect.objectContaining({
        kind: 'refused',
        id: 'bad',
        code: 'protocol-error',
        cause: expect.stringMatching('address'),
      }),
    );
  });

  it('brings its shares to the sessions of edges', async () => {
    const site = await controllerSite();
    const a = await edgeSite(site.url, 'a');
    const agents = ['one', 'two'].map((id) => deviceAt(site.url, id, a));
    const set: unknown[] = [];
    const { setShares } = a.toy.edge;
    Object.assign(a.toy.edge, {
      setShares: (shares: Parameters<typeof setShares>[0]) => {
        const found = setShares(shares);
        set.push(found.set);
        return found;
      },
    });
    const reports = await Promise.all(agents.map((agent) => ask(agent, a)));
    for (const report of reports) expect(report.tokens).toEqual(reference);
    expect(set.some((count) => count === 2)).toBe(true);
  });
});

describe('tickets', () => {
  it('are taken for a few seconds, and again by the device that has shown one', () => {
    let nowMs = 0;
    const book = new TicketBook({ nowMs: () => nowMs, after: () => () => {} });
    const keyOf = book.beside(() => null);
    book.grant({ ticket: 'ticket:x', validMs: 1000, device: 'one' });
    book.grant({ ticket: 'ticket:y', validMs: 1000, device: 'two' });
    book.grant({ ticket: 'ticket:z', validMs: 5000, device: 'one' });
    expect(keyOf('ticket:none')).toBeNull();
    expect(keyOf('another key')).toBeNull();
    expect(keyOf('ticket:x')).toMatchObject({ name: 'device one', maxSessions: 2 });
    nowMs = 2000;
    expect(keyOf('ticket:y')).toBeNull();
    expect(keyOf('ticket:x')?.id).toBe('ticket:one');
    // A newer ticket of the same device is the same key, so its session stays its own.
    expect(keyOf('ticket:z')?.id).toBe('ticket:one');
    book.setShare('one', 0.25);
    expect(book.renewed('ticket:one', edgeKey('ticket:one')).share).toBe(0.25);
    expect(book.renewed('other', edgeKey('other')).share).toBe(1);
    expect([book.keyIdOf('one'), book.keyIdOf('two')]).toEqual(['ticket:one', 'ticket:two']);
    nowMs = 700_000;
    expect(keyOf('ticket:x')).toBeNull();
  });

  it('are few for each device, and those that are shown stay', () => {
    const book = new TicketBook({ nowMs: () => 0, after: () => () => {} });
    book.grant({ ticket: 'ticket:shown', validMs: 1000, device: 'one' });
    for (let number = 0; number < 100; number += 1) {
      book.grant({ ticket: `ticket:${number}`, validMs: 1000, device: 'one' });
      expect(book.find('ticket:shown')?.id).toBe('ticket:one');
    }
    expect(book.size).toBe(6);
    expect(book.find('ticket:94')).toBeNull();
    expect(book.find('ticket:99')?.id).toBe('ticket:one');
    for (let number = 0; number < 25_000; number += 1)
      book.grant({ ticket: `ticket:of ${number}`, validMs: 1000, device: `${number}` });
    expect(book.size).toBe(20_000);
  });
});
