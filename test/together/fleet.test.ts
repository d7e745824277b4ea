// Controllers of one fleet over real sockets: devices ask any of them, one takes over from another, and a plain controller becomes a fleet.
// No change of the controller changes a token. The times of leases are short where a controller dies.

import { afterAll, afterEach, expect, it } from 'vitest';
import { type LeaseTimes, leaseTimes } from '../../src/allocation/fleet/leadership.ts';
import { MemoryFleetStore } from '../../src/allocation/fleet/memory-fleet-store.ts';
import { createPolicy } from '../../src/allocation/policies/policies.ts';
import { reachController } from '../../src/cli/options/member-options.ts';
import { defined } from '../../src/core/basics/defined.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { openPolicyProcess } from '../../src/files/policy-process.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import type { ControlNote } from '../../src/processes/controller/control-client.ts';
import { listenController, startController } from '../../src/processes/controller/controller-server.ts';
import { type DeviceAgent, joinAsDevice } from '../../src/processes/controller/device-agent.ts';
import { joinAsEdge } from '../../src/processes/controller/edge-agent.ts';
import { FleetController } from '../../src/processes/controller/fleet-controller.ts';
import { TicketBook } from '../../src/processes/controller/ticket-book.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { fingerprint, identity } from './secured-controller.ts';
import { startToyEdge, type ToyEdge, toyReference, toyTurn } from './toy-edge.ts';

const length = 120;
const poll = { timeout: 30_000, interval: 20 };
const shortTimes: LeaseTimes = {
  renewEveryMs: 100,
  silentAfterMs: 1000,
  takeOverAfterMs: 1500,
  askAgainMs: 300,
  pauseMs: 50,
};
const reference = await toyReference(neutralSampling, length);
const policy = await openPolicyProcess('best', { clock: machineClock });
afterAll(() => policy[Symbol.asyncDispose]());
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const settings = {
  policy,
  fallback: { name: 'greedy', decide: createPolicy('greedy') },
  slotMs: 200,
  keyOf: (key: string) => (key === 'of members' ? key : null),
};

async function plainController() {
  const controller = startController(settings);
  const listener = await listenController(controller, { host: '127.0.0.1', port: 0, tls: identity });
  const close = async (): Promise<void> => {
    await controller.close();
    await listener.close();
  };
  undo.push(close);
  return { controller, url: `wss://127.0.0.1:${listener.port}`, close };
}

/** A controller of a fleet. */
async function fleetController(
  store: MemoryFleetStore,
  {
    cells = ['default'],
    port = 0,
    times = leaseTimes,
  }: { cells?: readonly string[]; port?: number; times?: LeaseTimes } = {},
) {
  let isDead = false;
  let fleet: FleetController | null = null;
  const led: string[] = [];
  const accept: FleetController['accept'] = (connection) => {
    if (fleet !== null) return fleet.accept(connection);
    connection.close('interrupted', 'it starts');
    return { frame() {}, writable() {}, closed() {} };
  };
  const listener = await listenController({ accept }, { host: '127.0.0.1', port, tls: identity });
  const url = `wss://127.0.0.1:${listener.port}`;
  const unlessDead = (action: () => void) => (): void => {
    if (!isDead) action();
  };
  fleet = new FleetController({
    store: store.open((action) => void setTimeout(unlessDead(action), 1)),
    cells,
    id: JSON.stringify({ address: url }),
    startedAtMs: Date.now(),
    clock: { nowMs: () => machineClock.nowMs(), after: (ms, act) => machineClock.after(ms, unlessDead(act)) },
    times,
    lead({ cell, epoch }, mayOrder) {
      led.push(cell);
      return startController({ ...settings, cell, epoch, mayOrder });
    },
  });
  const running = fleet;
  /** As a process that is killed. */
  const kill = async (): Promise<void> => {
    isDead = true;
    await listener.close();
  };
  const close = async (): Promise<void> => {
    running.close();
    await listener.close();
  };
  undo.push(close);
  const leads = (): boolean => running.status.some(({ epoch }) => epoch !== null);
  return { url, led, leads, kill, close, isDead: () => isDead, status: () => running.status };
}

async function edgeSite(controller: string, id: string, cell?: string) {
  const tickets = new TicketBook(machineClock);
  const toy = await startToyEdge({ keyOf: tickets.beside(() => null) });
  const { identity: target, tokenizer, limits } = toy.target;
  const agent = joinAsEdge({
    reach: reachController({ controller, controllerFingerprint: fingerprint }),
    ...{ id, cell, credentials: 'of members', tickets, edge: toy.edge, reportEveryMs: 50 },
    facts: {
      ...{ address: toy.url, certificate: null, model: target.name, fingerprint: target.fingerprint, place: null },
      ...{ tokenizerHash: tokenizer.hash, places: limits.maxSequences, contextLength: limits.contextLength },
      bitsPerSecond: 1e9,
    },
  });
  undo.push(
    () => toy[Symbol.asyncDispose](),
    () => agent.close(),
  );
  return toy;
}

function deviceAt(controller: string, toy: ToyEdge, notes: ControlNote[] = [], cell?: string): DeviceAgent {
  const agent = joinAsDevice({
    reach: reachController({ controller, controllerFingerprint: fingerprint }),
    ...{ id: `of-${cell}`, credentials: 'of members', tokenizerHash: toy.target.tokenizer.hash },
    ...{ reportEveryMs: 50, probeEveryMs: 500 },
    ...defined({ cell }),
    connectEdge: ({ address }) => connectWebSocket(address),
    note: (event) => void notes.push(event),
  });
  undo.push(() => agent.close());
  return agent;
}

/** Reads one answer after the other, until the condition holds and one more is read. @returns how many; each is the reference */
async function readUntil(agent: DeviceAgent, toy: ToyEdge, condition: () => boolean): Promise<number> {
  await agent.ready(30_000);
  for (let count = 1; ; count += 1) {
    const isLast = condition();
    const turn = startTurn(toyTurn(toy, { connect: agent.edges, maxAnswerTokens: length }));
    agent.follow(turn);
    for await (const _ of turn);
    expect((await turn.report).tokens).toEqual(reference);
    if (isLast) return count;
  }
}

const connections = (notes: readonly ControlNote[]): number => notes.filter(({ kind }) => kind === 'connected').length;

it('brings a device to the controller that leads its cell, whichever it asks', async () => {
  const store = new MemoryFleetStore();
  const one = await fleetController(store);
  await expect.poll(one.leads, poll).toBe(true);
  const two = await fleetController(store);
  await expect.poll(() => two.status()[0]?.holder, poll).not.toBeNull();
  const toy = await edgeSite(one.url, 'a');
  const notes: ControlNote[] = [];
  const agent = deviceAt([two.url, one.url].join(), toy, notes);
  await readUntil(agent, toy, () => true);
  expect([agent.assigned, one.leads(), two.leads()]).toEqual(['a', true, false]);
  expect(notes.map(({ kind }) => kind)).toEqual(['connected']);
});

it('loses no text as the controller that leads is killed, and the other one takes over', async () => {
  const store = new MemoryFleetStore();
  const one = await fleetController(store, { times: shortTimes });
  await expect.poll(one.leads, poll).toBe(true);
  const two = await fleetController(store, { times: shortTimes });
  const controllers = [one.url, two.url].join();
  const toy = await edgeSite(controllers, 'a');
  const notes: ControlNote[] = [];
  const agent = deviceAt(controllers, toy, notes);
  await agent.ready(30_000);
  const reading = readUntil(agent, toy, () => two.leads() && connections(notes) > 1 && agent.isConnected);
  await one.kill();
  expect(await reading).toBeGreaterThan(1);
  expect(agent.assigned).toBe('a');
  expect(notes.some(({ kind }) => kind === 'older')).toBe(false);
  // While none leads, that is said once.
  const said = notes.flatMap((note) => (note.kind === 'refused' ? [note.error.message] : []));
  expect(said.length).toBeLessThanOrEqual(1);
});

it('loses no text as a plain controller is replaced by a fleet at its address', async () => {
  const plain = await plainController();
  const store = new MemoryFleetStore();
  const toy = await edgeSite(plain.url, 'a');
  const notes: ControlNote[] = [];
  const agent = deviceAt(plain.url, toy, notes);
  await agent.ready(30_000);
  const fleet: Awaited<ReturnType<typeof fleetController>>[] = [];
  const reading = readUntil(agent, toy, () => fleet.some(({ leads }) => leads()) && connections(notes) > 1);
  await plain.close();
  fleet.push(await fleetController(store, { port: Number(new URL(plain.url).port) }), await fleetController(store));
  expect(await reading).toBeGreaterThan(1);
  expect(notes.map(({ kind }) => kind).filter((kind) => kind === 'older')).toEqual([]);
});

it('keeps cells apart, each led by one', async () => {
  const store = new MemoryFleetStore();
  const one = await fleetController(store, { cells: ['north', 'south'] });
  await expect.poll(() => [...one.led].sort(), poll).toEqual(['north', 'south']);
  const north = await edgeSite(one.url, 'n', 'north');
  await edgeSite(one.url, 's', 'south');
  const agents = ['north', 'south'].map((cell) => deviceAt(one.url, north, [], cell));
  await Promise.all(agents.map((agent) => readUntil(agent, north, () => true)));
  expect(agents.map(({ assigned }) => assigned)).toEqual(['n', 's']);
});

it('says once that nobody leads a cell, and answers go on with edges of one’s own', async () => {
  const one = await fleetController(new MemoryFleetStore());
  await expect.poll(one.leads, poll).toBe(true);
  const toy = await startToyEdge();
  undo.push(() => toy[Symbol.asyncDispose]());
  const notes: ControlNote[] = [];
  deviceAt(one.url, toy, notes, 'nowhere');
  await expect.poll(() => notes.length, poll).toBe(1);
  const turn = startTurn(toyTurn(toy, { maxAnswerTokens: length }));
  for await (const _ of turn);
  expect((await turn.report).tokens).toEqual(reference);
  expect(notes).toMatchObject([{ kind: 'refused', error: { code: 'cell-mismatch' } }]);
});
