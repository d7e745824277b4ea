// The clients of the trial: packages of laboratory/package.json, recorded requests, and packages for Python.

import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { ApiCall, ApiClient } from './call.ts';
import { nightClients, pythonClients } from './python-calls.ts';
import { openPythonClient, type PythonClient } from './python-client.ts';

interface ClientToLoad {
  readonly name: string;
  /** The package whose version is shown; or the version. */
  readonly needs?: string;
  readonly version?: string;
  /** Loads the calls, and the packages that they import, when they are needed. */
  load(): Promise<{ readonly calls: readonly ApiCall[] }>;
}

const recorded = 'recorded requests';
const known: readonly ClientToLoad[] = [
  { name: 'openai', needs: 'openai', load: () => import('./openai-calls.ts') },
  { name: 'ai with @ai-sdk/openai-compatible', needs: 'ai', load: () => import('./ai-sdk-calls.ts') },
  { name: '@langchain/openai', needs: '@langchain/openai', load: () => import('./langchain-calls.ts') },
  { name: '@anthropic-ai/sdk', needs: '@anthropic-ai/sdk', load: () => import('./anthropic-calls.ts') },
  { name: 'coding agent', version: recorded, load: () => import('./agent-calls.ts') },
  { name: 'Open WebUI', version: recorded, load: () => import('./open-webui-calls.ts') },
  { name: 'plain HTTP', version: 'fetch', load: () => import('./plain-calls.ts') },
];

/** @param names only these @throws OutriderError `bad-argument`: packages of the clone are missing */
export async function loadClients(
  names: readonly string[] = known.map(({ name }) => name),
): Promise<readonly ApiClient[]> {
  try {
    const wanted = known.filter(({ name }) => names.includes(name));
    return await Promise.all(
      wanted.map(async ({ name, needs, version = versionOf(needs ?? ''), load }) => {
        return { name, version, calls: (await load()).calls };
      }),
    );
  } catch (cause) {
    const remedy = 'install the packages of the clone: node setup.mjs';
    throw badArgument("the clients of this trial can't be loaded", remedy, { cause });
  }
}

/** A client that was not called. */
export interface SkippedClient {
  readonly client: string;
  readonly why: string;
}

/** Clients that can be called; disposing of them ends their processes. */
export interface OpenClients extends Disposable {
  readonly clients: readonly ApiClient[];
  readonly skipped: readonly SkippedClient[];
}

/**
 * The clients of a run.
 * @param isFull also those of the night @param leftOut names of clients @throws OutriderError `bad-argument`: packages of the clone are missing
 */
export async function openClients(isFull: boolean, leftOut: readonly string[]): Promise<OpenClients> {
  const names = known.map(({ name }) => name);
  const own = await loadClients(names.filter((name) => !leftOut.includes(name)));
  const python = await openPythonClients(isFull ? [...pythonClients, ...nightClients] : pythonClients, leftOut);
  return {
    clients: [...own, ...python.clients],
    skipped: [...skippedOf(names, leftOut), ...python.skipped],
    [Symbol.dispose]: () => python[Symbol.dispose](),
  };
}

/** @param leftOut names of clients */
export async function openPythonClients(
  wanted: readonly PythonClient[],
  leftOut: readonly string[],
): Promise<OpenClients> {
  using opened = new DisposableStack();
  const clients: ApiClient[] = [];
  const names = wanted.map(({ name }) => name);
  const skipped = [...skippedOf(names, leftOut)];
  for (const one of wanted.filter(({ name }) => !leftOut.includes(name))) {
    const client = await openPythonClient(one);
    if ('missing' in client) skipped.push({ client: one.name, why: client.missing });
    else clients.push(opened.use(client));
  }
  const kept = opened.move();
  return { clients, skipped, [Symbol.dispose]: () => kept.dispose() };
}

function skippedOf(names: readonly string[], leftOut: readonly string[]): readonly SkippedClient[] {
  return names.filter((name) => leftOut.includes(name)).map((client) => ({ client, why: 'named by --skip' }));
}

/** Every client of the trial. */
export const clientNames: readonly string[] = [...known, ...pythonClients, ...nightClients].map(({ name }) => name);

function versionOf(name: string): string {
  const file = findPackageJSON(name, import.meta.url);
  return file === undefined ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
