// The clients of the trial: packages of laboratory/package.json, and recorded requests.

import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { ApiCall, ApiClient } from './call.ts';

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

function versionOf(name: string): string {
  const file = findPackageJSON(name, import.meta.url);
  return file === undefined ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
