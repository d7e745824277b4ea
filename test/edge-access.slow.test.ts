// Keys and a certificate, as the owner of an edge and a reader use them: whole commands, a real port.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));
let folder = '';
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-access-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly notes: string;
}

/** Both streams as far as they have come, and the end. */
function start(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, NO_COLOR: '1', OUTRIDER_STATE: folder, ...environment };
  const child = spawn(process.execPath, [main, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = { output: '', notes: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    said.output += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said.notes += part;
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (status) => resolve({ ...said, status })));
  return { child, said, ended };
}

const run = (words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  start(words, environment).ended;

const wait = { timeout: 30_000, interval: 50 };

describe('an edge with keys and a certificate of its own', () => {
  it('serves who has both, and shows no key', async () => {
    const keys = join(folder, 'keys.json');
    const key = (await run(['keys', 'add', 'phone'])).output.trim();
    const edge = start(['edge', '--model', 'toy:1', '--port', '0', '--keys', keys, '--tls-self-signed']);
    await vi.waitFor(() => expect(edge.said.output).toMatch(/^wss:.*\n/), wait);
    const url = edge.said.output.trim();
    const [, pin = ''] = /SHA-256 ([0-9a-f]{64})/.exec(edge.said.notes) ?? [];
    const ask = (address: string, ...words: readonly string[]): Promise<Ended> => {
      const question = ['--draft', 'toy:1:0.8', '--prompt', 'hello', '--max-tokens', '20', ...words];
      return run(['device', '--edge', address, ...question], { OUTRIDER_KEY: key });
    };
    const answered = await ask(url, '--edge-fingerprint', pin, '--json');
    expect(JSON.parse(answered.output).rows[0]).toMatchObject({ tokens: 20 });
    expect((await ask(url)).notes).toContain('[certificate-untrusted]');
    expect((await ask(url, '--edge-fingerprint', '0'.repeat(64))).notes).toContain('[certificate-untrusted]');
    expect((await ask(url.replace('wss', 'ws'))).notes).toContain('write the address with wss://');
    expect((await run(['keys', 'revoke', 'phone'])).status).toBe(0);
    await vi.waitFor(async () => {
      expect((await ask(url, '--edge-fingerprint', pin)).notes).toContain('[unauthorized]');
    }, wait);
    edge.child.kill('SIGINT');
    const { output, notes, status } = await edge.ended;
    expect(status).toBe(0);
    expect(answered.output + answered.notes + output + notes).not.toContain(key);
  }, 120_000);
});

describe('an edge that must not start', () => {
  it.each([
    [['--host', '0.0.0.0'], {}, 'no key is required'],
    [['--host', '::', '--key', 'Zk3vQ8xT1mBw7rYc5nHs2d'], {}, 'would go in clear'],
    [['--host', '0.0.0.0', '--plain', '--key', 'correct horse battery'], {}, 'too weak'],
    [['--host', '0.0.0.0'], { OUTRIDER_KEY: '' }, 'OUTRIDER_KEY is set but empty'],
    [['--key', ''], {}, '--key is empty'],
    [['--host', ''], {}, '--host is empty'],
  ])('says so before it opens a model: %j', async (words, environment, cause) => {
    const { status, notes } = await run(['edge', '--model', 'toy:1', '--port', '0', ...words], environment);
    expect(status).toBe(2);
    expect(notes).toContain(cause);
  });
});
