// The servers of the trial, each a process of its own: an edge with a file of keys, which serves the page, and the endpoint of a device
// before it, which serves the page as well. A proxy before the endpoint can cut answers. A second target writes the reference texts.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { startServeProcess } from '../../../src/cli/children/serve-process.ts';
import type { KeyScope } from '../../../src/core/access/key-book.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { addKeyTo, revokeKeyIn } from '../../../src/files/key-files.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import type { Asked } from '../api/call.ts';
import { Reference } from '../api/reference.ts';
import { startCutProxy } from './cut-proxy.ts';

/** A page, and a key that it takes. */
export interface PagePlace {
  /** "http://127.0.0.1:8643/". */
  readonly url: string;
  readonly key: string;
}

export interface PageScene extends AsyncDisposable {
  readonly device: PagePlace;
  /** The same through a proxy of its own. Closing the proxy leaves no endpoint. */
  proxied(): Promise<PagePlace & AsyncDisposable & { cutAfter(bytes: number): void }>;
  /** @param name of a new key for the edge's page */
  edge(name: string): Promise<PagePlace & { revoke(): Promise<void> }>;
  /** What the target writes alone. */
  readonly textOf: (asked: Asked) => Promise<string>;
}

const toy = 'toy:1';
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
      const url = `${edge.url.replace(/^ws/, 'http').replace(/\/$/, '')}/`;
      const revoke = async (): Promise<void> => void (await revokeKeyIn(keyFile, name, Date.now()));
      const key = await make(name, 'chat');
      await untilTaken(url, key);
      return { url, key, revoke };
    },
    textOf: new Reference(alone).textOf,
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
