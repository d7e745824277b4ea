// The servers of the trial, each a process of its own: an edge with a file of keys, which serves the page, and the endpoint of a device
// before it, which serves the page as well. A proxy before the endpoint can cut answers. A second target writes the reference texts.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDemo, toySeed } from '../../../simulator/fleet/demo.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import type { KeyScope } from '../../../src/core/access/key-book.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { addKeyTo, revokeKeyIn } from '../../../src/files/key-files.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { startCutProxy } from '../../measuring/cut-proxy.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';
import type { Asked } from '../api/call.ts';
import { Reference } from '../api/reference.ts';

/** A page, and a key that it takes. */
export interface PagePlace {
  /** "http://127.0.0.1:8643/". */
  readonly url: string;
  readonly key: string;
}

export interface FleetPlace {
  /** The page of the controller. */
  readonly fleetUrl: string;
  /** Names of the edges. */
  readonly edges: readonly string[];
  /** Kills the process of an edge; it is started again some seconds later. */
  kill(index: number): void;
}

export interface PageScene extends AsyncDisposable {
  readonly device: PagePlace;
  /** The same through a proxy of its own. Closing the proxy leaves no endpoint. */
  proxied(): Promise<PagePlace & AsyncDisposable & { cutAfter(bytes: number): void }>;
  /** @param name of a new key for the edge's page */
  edge(name: string): Promise<PagePlace & { revoke(): Promise<void> }>;
  /** An edge with real models, which gives tabs a draft; anybody may use it. */
  tabs(): Promise<PagePlace & AsyncDisposable>;
  /** Three edges with a controller, devices that read from them, and an endpoint before all three. */
  fleet(): Promise<PagePlace & AsyncDisposable & FleetPlace>;
  /** What the toy target writes alone. */
  readonly textOf: (asked: Asked) => Promise<string>;
}

const toy = `toy:${toySeed}`;
const contextLength = 4096;
/** Slow enough for drafts of a toy to come in time, and for a reader to stop an answer. */
const profile = 'edge-8b-rtx4090';
/** The emulated round trip between device and edge, ms. */
export const roundTripMs = 20;

/** The edge reads the file of its keys again within some seconds. */
async function untilTaken(url: string, key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}` };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status } = await fetch(`${url}v1/models`, { headers });
    if (status === 200) return;
    await sleep(300);
  }
  throw new Error('the edge does not take a new key');
}

/** @param onNote receives what the processes print */
export async function openPageScene(onNote: (line: string) => void): Promise<PageScene> {
  await using opened = new CloseStack();
  const folder = await mkdtemp(join(tmpdir(), 'outrider-page-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const keyFile = join(folder, 'keys.json');
  const terms = { expires: null, share: 1, maxSessions: null, maxWaiting: null };
  const make = async (name: string, scope: KeyScope): Promise<string> =>
    (await addKeyTo(keyFile, { name, scopes: [scope], ...terms }, Date.now())).key;
  const verifyKey = await make('device', 'verify');
  const clientKey = randomBytes(24).toString('hex');
  const edgeFlags = ['--model', toy, '--profile', profile, '--keys', keyFile, '--context', `${contextLength}`];
  const edge = await startEdgeProcess(edgeFlags, onNote);
  opened.defer(async () => void (await edge.close()));
  const environment = { OUTRIDER_KEY: verifyKey, OUTRIDER_CLIENT_KEY: clientKey };
  const flags = ['--edge', edge.url, '--target', toy, '--draft', toy, '--rtt', `${roundTripMs}`];
  const device = opened.use(await startServeProcess(flags, { environment, onNote }));
  const alone = opened.use(await openModel(toy, { role: 'target', sequences: 1, contextLength, exact: true }));
  const { port } = new URL(device.baseUrl);
  const kept = opened.move();
  return {
    device: { url: `http://127.0.0.1:${port}/`, key: clientKey },
    async proxied() {
      const proxy = await startCutProxy(Number(port));
      return { ...proxy, url: `http://127.0.0.1:${proxy.port}/`, key: clientKey };
    },
    async edge(name) {
      const url = pageOf(edge.url);
      const revoke = async (): Promise<void> => void (await revokeKeyIn(keyFile, name, Date.now()));
      const key = await make(name, 'chat');
      await untilTaken(url, key);
      return { url, key, revoke };
    },
    tabs: () => openTabs(onNote),
    fleet: () => openFleet(onNote),
    textOf: new Reference(alone).textOf,
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

async function openTabs(onNote: (line: string) => void): Promise<PagePlace & AsyncDisposable> {
  const { target, draft } = defaultPair;
  const flags = ['--model', target, '--profile', defaultEdgeProfile.name, '--tab-draft', draft, '--sessions', '2'];
  const edge = await startEdgeProcess(flags, onNote);
  const close = async (): Promise<void> => void (await edge.close());
  return { url: pageOf(edge.url), key: 'none', [Symbol.asyncDispose]: close };
}

async function openFleet(onNote: (line: string) => void): Promise<PagePlace & AsyncDisposable & FleetPlace> {
  await using opened = new CloseStack();
  const demo = opened.use(
    await openDemo({
      edges: 3,
      devices: 3,
      scenario: 'munich',
      seed: 1,
      policy: 'best',
      objective: 'felt',
      slotMs: 500,
      profile,
      maxTokens: 60,
      isToy: true,
      isAuto: true,
      isApart: true,
      target: '',
      draft: '',
      note: onNote,
    }),
  );
  const { edges } = demo.fleet;
  const addresses = edges.flatMap(({ process: { url } }) => ['--edge', url]);
  const serve = opened.use(await startServeProcess([...addresses, '--target', toy, '--draft', toy], { onNote }));
  const kept = opened.move();
  return {
    url: pageOf(serve.baseUrl.replace(/v1$/, '')),
    key: 'none',
    fleetUrl: `${pageOf(demo.control.url)}fleet`,
    edges: edges.map(({ name }) => name),
    kill(index) {
      process.kill(edges[index]?.process.processId as number, 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      await demo.fleet.finish();
      await kept[Symbol.asyncDispose]();
    },
  };
}

function pageOf(address: string): string {
  return `${address.replace(/^ws/, 'http').replace(/\/$/, '')}/`;
}
