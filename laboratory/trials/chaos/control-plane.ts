// Who decides in `trial chaos`: one controller, or two by lease with a store of three servers. Each controller is behind lines that can be cut:
// one for members, and one to each server of the store.

import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer } from '../../../simulator/files/nats-server.ts';
import { startControllerProcess } from '../../../simulator/fleet/controller-process.ts';
import type { ControllerEvent } from '../../../src/allocation/controller/controller-events.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import { type CutProxy, startCutProxy } from '../../measuring/cut-proxy.ts';
import type { Outage } from './decider-watch.ts';
import { ChaosMember } from './members.ts';

/** A controller, and its lines. */
interface Post {
  readonly controller: ChaosMember;
  /** Null: members reach it without one. */
  readonly members: CutProxy | null;
  readonly store: readonly CutProxy[];
}

export interface ControlPlane extends AsyncDisposable {
  /** Where members find it. */
  readonly url: string;
  readonly posts: readonly Post[];
  readonly stores: readonly ChaosMember[];
  readonly decidedMs: readonly number[];
  readonly outages: readonly Outage[];
  /** Notes for how long one of them does not work. */
  during(of: Outage['of'], index: number, fault: Promise<void>): Promise<void>;
}

const slotFlags = ['--slot', '500', '--log'];
const storeCount = 3;
const controllerCount = 2;

/** @param fleet undefined: one controller @throws OutriderError `bad-argument`: no nats-server is installed */
export async function openControlPlane(fleet: 'local' | undefined): Promise<ControlPlane> {
  await using opened = new CloseStack();
  const decidedMs: number[] = [];
  const outages: Outage[] = [];
  // A leader that no device finds decides for none.
  const onEvent = (event: ControllerEvent): void => {
    if (event.kind === 'decided' && event.devices > 0) decidedMs.push(performance.now());
  };
  const start = async (flags: readonly string[], port?: number): Promise<ChaosMember> => {
    const member = await ChaosMember.start((again) =>
      startControllerProcess([...slotFlags, ...flags], { port: port ?? again, onEvent }),
    );
    opened.defer(() => member.close());
    return member;
  };
  const stores: ChaosMember[] = [];
  const posts: Post[] = [];
  if (fleet === undefined) posts.push({ controller: await start([]), members: null, store: [] });
  else {
    const ports = await freePorts(2 * storeCount + controllerCount);
    stores.push(...(await startStores(ports, opened)));
    for (let index = 0; index < controllerCount; index += 1) posts.push(await startPost(ports, index, start, opened));
  }
  const url = posts.map(({ controller, members }) => (members === null ? controller.url : lineUrl(members))).join(',');
  const kept = opened.move();
  return {
    url,
    posts,
    stores,
    decidedMs,
    outages,
    async during(of, index, fault) {
      const fromMs = performance.now();
      await fault;
      outages.push({ of, index, fromMs, toMs: performance.now() });
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

async function startStores(ports: readonly number[], opened: CloseStack): Promise<ChaosMember[]> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-chaos-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const routes = ports.slice(storeCount, 2 * storeCount).map((port) => `nats://127.0.0.1:${port}`);
  const members: ChaosMember[] = [];
  for (const [index, route] of routes.entries()) {
    const names = ['--server_name', `store-${index + 1}`, '--cluster_name', 'chaos'];
    const more = [...names, '--cluster', route, '--routes', routes.join(',')];
    const settings = { port: ports[index] as number, folder: join(folder, `${index}`), more };
    const member = await ChaosMember.start(() => startNatsServer(settings));
    opened.defer(() => member.close());
    members.push(member);
  }
  return members;
}

async function startPost(
  ports: readonly number[],
  index: number,
  start: (flags: readonly string[], port: number) => Promise<ChaosMember>,
  opened: CloseStack,
): Promise<Post> {
  const port = ports[2 * storeCount + index] as number;
  const members = opened.use(await startCutProxy(port));
  const store: CutProxy[] = [];
  for (const one of ports.slice(0, storeCount)) store.push(opened.use(await startCutProxy(one)));
  const servers = store.map((line) => `127.0.0.1:${line.port}`).join(',');
  const controller = await start(['--fleet', `nats://${servers}/chaos`, '--advertise', lineUrl(members)], port);
  return { controller, members, store };
}

function lineUrl({ port }: CutProxy): string {
  return `ws://127.0.0.1:${port}`;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** @returns null: it finds no victim now */
export type PlaneFault = (plane: ControlPlane, random: Random) => Promise<void> | null;

const between = (random: Random, least: number, most: number): number => least + random.uniform() * (most - least);

function onController(act: (controller: ChaosMember, random: Random) => Promise<void>): PlaneFault {
  return (plane, random) => {
    const well = [...plane.posts.entries()].filter(([, { controller }]) => controller.isWell);
    const [index, post] = well[random.integer(Math.max(1, well.length))] ?? [];
    if (index === undefined || post === undefined) return null;
    return plane.during('controller', index, act(post.controller, random));
  };
}

function onStore(act: (store: ChaosMember, random: Random) => Promise<void>): PlaneFault {
  return (plane, random) => {
    const well = [...plane.stores.entries()].filter(([, store]) => store.isWell);
    const [index, store] = well[random.integer(Math.max(1, well.length))] ?? [];
    return index === undefined || store === undefined ? null : plane.during('store', index, act(store, random));
  };
}

function onLines(linesOf: (post: Post) => readonly CutProxy[], least: number, most: number): PlaneFault {
  return (plane, random) => {
    const index = random.integer(plane.posts.length);
    const lines = linesOf(plane.posts[index] as Post);
    if (lines.length === 0) return null;
    const ms = between(random, least, most);
    return plane.during(
      'controller',
      index,
      Promise.all(lines.map((line) => line.cutFor(ms))).then(() => {}),
    );
  };
}

export const planeFaults: Readonly<Record<string, PlaneFault>> = {
  'controller killed': onController((controller, random) => controller.kill(between(random, 0, 3000))),
  'controller stopped': onController((controller, random) => controller.stop(between(random, 300, 5000))),
};

/** For a fleet alone. */
export const fleetFaults: Readonly<Record<string, PlaneFault>> = {
  // Longer than the 15 s after which another one takes over, now and then.
  'controller stopped long': onController((controller, random) => controller.stop(between(random, 8000, 20_000))),
  'controller cut from its store': onLines(({ store }) => store, 500, 20_000),
  'controller cut from members': onLines(({ members }) => (members === null ? [] : [members]), 500, 8000),
  'store killed': onStore((store, random) => store.kill(between(random, 0, 8000))),
  'store stopped': onStore((store, random) => store.stop(between(random, 300, 10_000))),
};
