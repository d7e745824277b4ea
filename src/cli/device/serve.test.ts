// The command in this process, with toys: from the port that it opens to a signal that ends it.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startToyEdge, toySeed } from '../../../test/together/toy-edge.ts';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import type { HttpApp } from '../../processes/http/app.ts';
import { writtenTo } from '../terminal/output.fixture.ts';
import { terminationOf } from '../terminal/signal.fixture.ts';
import { serveCommand } from './serve.ts';

const here = folderOfEach();
afterEach(() => vi.restoreAllMocks());

/** As a client on this machine names it. */
const host = '127.0.0.1';

/** Runs the command while `work` runs. @returns what it has printed */
async function serving(
  words: readonly string[],
  work: (app: HttpApp) => Promise<void>,
  log: readonly string[] = ['--log-level', 'error'],
): Promise<string> {
  writtenTo(process.stderr);
  const printed = writtenTo(process.stdout);
  const opened = Promise.withResolvers<HttpApp>();
  const toys = ['--target', `toy:${toySeed}`, '--draft', `toy:${toySeed}:0.8`, '--port', '0'];
  const terminate = terminationOf();
  const ended = serveCommand(opened.resolve)
    .exitOverride()
    .parseAsync([...toys, ...words, ...log], { from: 'user' });
  const app = await Promise.race([opened.promise, ended]);
  if (!('request' in app)) throw new Error('it has ended');
  try {
    await work(app);
  } finally {
    terminate();
    await ended;
  }
  return printed();
}

describe('an endpoint', () => {
  it('answers with the text of the edge, by its name and the time of day', async () => {
    await using edge = await startToyEdge();
    const beforeSeconds = Math.floor(Date.now() / 1000);
    const printed = await serving(['--edge', edge.url], async (app) => {
      const body = JSON.stringify({ model: `toy:${toySeed}`, prompt: 'hello', max_tokens: 5 });
      const answer = await app.request('/v1/completions', { method: 'POST', body, headers: { host } });
      expect(answer.status).toBe(200);
      const document = (await answer.json()) as object;
      expect(document).toMatchObject({ model: `toy:${toySeed}`, usage: { completion_tokens: 5 } });
      // A clock that runs on evenly may be a moment off.
      expect(Math.abs(Object(document).created - beforeSeconds)).toBeLessThan(600);
      const metrics = await (await app.request('/metrics', { headers: { host } })).text();
      const seconds = /^outrider_http_request_duration_seconds_sum\{.*completions.* (\S+)$/m.exec(metrics)?.[1];
      expect(Number(seconds)).toBeGreaterThan(0);
    });
    expect(printed).toContain('http://127.0.0.1:');
  });

  it('is for those who show the key of applications, where there is one', async () => {
    await using edge = await startToyEdge();
    const file = here('log');
    const ask = async (app: HttpApp): Promise<void> => {
      const status = async (key?: string) => {
        const headers = key === undefined ? { host } : { host, authorization: `Bearer ${key}` };
        return (await app.request('/v1/models', { headers })).status;
      };
      expect([await status(), await status('another'), await status('of-applications')]).toEqual([401, 401, 200]);
    };
    const log = ['--log-level', 'debug', '--log-format', 'json', '--log-file', file];
    await serving(['--edge', edge.url, '--client-key', 'of-applications'], ask, log);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    const requests = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'request');
    expect(requests.map(({ key }) => key)).toEqual([null, null, '--client-key']);
  });

  it('takes an edge of its own or one that runs, not both', async () => {
    const both = serveCommand()
      .exitOverride()
      .parseAsync(['--demo', '--edge', 'ws://127.0.0.1:1', '--port', '0'], { from: 'user' });
    await expect(both).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
