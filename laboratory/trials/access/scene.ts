// What the trial asks: an edge with a file of keys, the endpoint of a device before it, and a controller, each a process of its own.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControllerProcess } from '../../../simulator/fleet/controller-process.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { type KeyScope, keyScopes } from '../../../src/core/access/key-book.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { addKeyTo, revokeKeyIn } from '../../../src/files/key-files.ts';
import { controllerRoutes } from '../../../src/processes/http/fleet-page.ts';
import { askForRoutes } from '../../measuring/probe.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';
import { toySeed } from '../hostile/raw-device.ts';
import { allowedOrigin } from './http-visits.ts';
import type { Keys } from './rules.ts';

/** A port, and the routes that it lists. */
export interface OpenPort {
  readonly port: number;
  /** "GET /health" */
  readonly routes: readonly string[];
}

export interface AccessScene extends AsyncDisposable {
  readonly keys: Keys;
  readonly model: string;
  /** SHA-256 of what the edge gives to tabs. */
  readonly digest: string;
  readonly edge: OpenPort;
  readonly device: OpenPort;
  readonly controller: OpenPort;
}

export async function openAccessScene(): Promise<AccessScene> {
  await using opened = new CloseStack();
  const folder = await mkdtemp(join(tmpdir(), 'outrider-access-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const keyFile = join(folder, 'keys.json');
  const keys = await makeKeys(keyFile);
  const model = `toy:${toySeed}`;
  const pages = ['--allow-origin', allowedOrigin];
  const edgeFlags = ['--model', model, '--profile', 'edge-8b-rtx4090', '--keys', keyFile, ...pages];
  const serveFlags = ['--target', model, '--draft', model, ...pages];
  const environment = {
    OUTRIDER_KEY: keys['scope verify'] ?? '',
    OUTRIDER_CLIENT_KEY: keys["the endpoint's key"] ?? '',
  };
  const routes = await askForRoutes(edgeFlags, serveFlags, environment);
  // What is tried are the commands that are published: they answer no questions.
  const edge = await startEdgeProcess(edgeFlags, () => {});
  opened.defer(async () => void (await edge.close()));
  const device = await startServeProcess(['--edge', edge.url, ...serveFlags], { environment });
  opened.use(device);
  const controllerKey = ['--key', keys["the controller's key"] ?? ''];
  const edgeKey = ['--edge-key', keys["the controller's key for edges"] ?? ''];
  const controller = await startControllerProcess([
    '--policy',
    'greedy',
    '--keys',
    keyFile,
    ...controllerKey,
    ...edgeKey,
  ]);
  opened.defer(() => controller.close());
  const scene = {
    keys,
    model,
    digest: await digestOf(edge.url, keys['scope verify'] ?? ''),
    edge: { port: portOf(edge.url), routes: routes.edge },
    device: { port: portOf(device.baseUrl), routes: routes.device },
    controller: { port: portOf(controller.url), routes: controllerRoutes },
  };
  const kept = opened.move();
  return { ...scene, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

async function digestOf(url: string, key: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` };
  const answer = await fetch(`${url.replace(/^ws/, 'http')}/weights`, { headers });
  const { header } = (await answer.json()) as { readonly header: { readonly sha256: string } };
  return header.sha256;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function makeKeys(path: string): Promise<Keys> {
  const terms = { expires: null, share: 1, maxSessions: null, maxWaiting: null };
  const nowMs = Date.now();
  const make = async (name: string, scopes: readonly KeyScope[]): Promise<string> =>
    (await addKeyTo(path, { name, scopes, ...terms }, nowMs)).key;
  const all = keyScopes;
  const revoked = await make('revoked', all);
  await revokeKeyIn(path, 'revoked', nowMs);
  const ago = (minutes: number): number => nowMs - minutes * 60_000;
  const old = { name: 'expired', scopes: all, ...terms, expires: new Date(ago(1)).toISOString() };
  const { key: expired } = await addKeyTo(path, old, ago(2));
  return {
    'no key': undefined,
    'wrong key': wrongKey(revoked),
    'revoked key': revoked,
    'expired key': expired,
    'scope chat': await make('chat', ['chat']),
    'scope chat, another': await make('chat2', ['chat']),
    'scope verify': await make('verify', ['verify']),
    'scope metrics': await make('metrics', ['metrics']),
    'scope watch': await make('watch', ['watch']),
    'scope admin': await make('admin', ['admin']),
    "the endpoint's key": drawn(),
    "the controller's key": drawn(),
    "the controller's key for edges": drawn(),
  };
}

function drawn(): string {
  return randomBytes(24).toString('hex');
}

/** In the form of a key, with the id of one that there was, and another secret. */
function wrongKey(key: string): string {
  return key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
}
