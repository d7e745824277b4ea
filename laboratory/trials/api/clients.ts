// The clients of the trial: packages of laboratory/package.json, and recorded requests.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { agentCalls } from './agent-calls.ts';
import type { ApiCall, ApiClient } from './call.ts';
import { openWebUiCalls } from './open-webui-calls.ts';
import { plainCalls } from './plain-calls.ts';

interface ClientToLoad extends Pick<ApiClient, 'name'> {
  /** Its package; null: recorded requests need none. */
  readonly needs: string | null;
  /** Where it has no package; default: recorded requests. */
  readonly version?: string;
  load(): Promise<readonly ApiCall[]>;
}

const known: readonly ClientToLoad[] = [
  {
    ...{ name: 'openai', needs: 'openai' },
    load: async () =>
      (await import('./openai-calls.ts')).openaiCalls(await import('openai'), await import('openai/helpers/zod')),
  },
  {
    ...{ name: 'ai with @ai-sdk/openai-compatible', needs: 'ai' },
    load: async () =>
      (await import('./ai-sdk-calls.ts')).aiSdkCalls(await import('ai'), await import('@ai-sdk/openai-compatible')),
  },
  {
    ...{ name: '@langchain/openai', needs: '@langchain/openai' },
    load: async () => (await import('./langchain-calls.ts')).langchainCalls(await import('@langchain/openai')),
  },
  {
    ...{ name: '@anthropic-ai/sdk', needs: '@anthropic-ai/sdk' },
    load: async () => (await import('./anthropic-calls.ts')).anthropicCalls(await import('@anthropic-ai/sdk')),
  },
  { name: 'coding agent', needs: null, load: async () => agentCalls },
  { name: 'Open WebUI', needs: null, load: async () => openWebUiCalls },
  { name: 'plain HTTP', needs: null, version: 'fetch', load: async () => plainCalls },
];

/**
 * @param names only these @throws OutriderError `bad-argument`: packages of the clone are missing
 */
export async function loadClients(
  names: readonly string[] = known.map(({ name }) => name),
): Promise<readonly ApiClient[]> {
  try {
    const wanted = known.filter(({ name }) => names.includes(name));
    return await Promise.all(
      wanted.map(async ({ name, needs, version = 'recorded requests', load }) => {
        const calls = await load();
        return { name, version: needs === null ? version : versionOf(needs), calls };
      }),
    );
  } catch (error) {
    throw badArgument(
      "the clients of this trial can't be loaded",
      'install the packages of the clone: node setup.mjs',
      {
        cause: error,
      },
    );
  }
}

/** Of the package that was loaded. */
function versionOf(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.resolve(name)));
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const { name: own, version } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly name?: string;
      readonly version?: string;
    };
    if (own === name && version !== undefined) return version;
  }
  return 'unknown';
}
