// `outrider serve` and the HTTP port of `outrider edge` as their operator meets them: health, logs, and how they end.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));
const prompt = 'a prompt that no log may hold';
const key = 'key-that-no-log-may-hold-0123456789';

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly notes: () => string;
  readonly ended: Promise<number | null>;
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [main, ...words], { env: { ...process.env, NO_COLOR: '1', ...env } });
  children.push(child);
  let [output, notes] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    notes += part;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)));
  return { child, output: () => output, notes: () => notes, ended };
}

const addressOf = async ({ output }: Running): Promise<string> => {
  await expect.poll(output, { timeout: 30_000 }).toContain('\n');
  return output().trim();
};

/** An edge whose tokens take about a tenth of a second each, with an endpoint in front of it. */
async function startBoth() {
  const pace = ['--profile', 'edge-70b-a6000', '--log-format', 'json'];
  const edge = start(['edge', '--model', 'toy:1', '--port', '0', ...pace], { OUTRIDER_KEY: key });
  const url = await addressOf(edge);
  const words = ['--target', 'toy:1', '--draft', 'none', '--port', '0', '--log-format', 'json', '--metrics-port', '0'];
  const serve = start(['serve', '--edge', url, ...words], { OUTRIDER_KEY: key, OUTRIDER_CLIENT_KEY: key });
  const base = await addressOf(serve);
  return { edge, serve, base, own: `${url.replace('ws:', 'http:')}/v1` };
}

const ask = (base: string, tokens: number): Promise<Response> =>
  fetch(`${base}/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'toy:1', prompt, max_tokens: tokens, stream: true }),
  });

const linesOf = (notes: string, kind: string): Record<string, unknown>[] =>
  notes
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['kind'] === kind);

describe('the demonstration', () => {
  it.each([
    [[], 'rtt=20', { roundTripMs: 20 }],
    [['--rtt', '5'], 'rtt=5', { roundTripMs: 5 }],
    [['--rtt', '0'], null, {}],
  ] as const)('emulates a network, and says so in its lines and to its page: %j', async (words, said, emulated) => {
    const serve = start(['serve', '--demo', '--target', 'toy:1', '--draft', 'toy:1:0.8', '--port', '0', ...words]);
    const { data } = (await (
      await fetch(`${await addressOf(serve)}/models`, { headers: { 'x-outrider-facts': 'yes' } })
    ).json()) as {
      readonly data: readonly { readonly outrider: { readonly emulated: object } }[];
    };
    expect(data[0]?.outrider.emulated).toEqual({ ...emulated, pace: expect.stringContaining('70B') });
    expect(serve.notes()).toContain('Edge: paced to 70B');
    expect(/Network: emulated, (\S+)/.exec(serve.notes())?.[1] ?? null).toBe(said);
    serve.child.kill('SIGTERM');
    expect(await serve.ended).toBe(0);
  });
});

describe('SIGTERM', () => {
  it('lets running answers end, refuses others with the time to wait, and ends with 0', async () => {
    const { edge, serve, base, own } = await startBoth();
    const running = await Promise.all([base, own].map((one) => ask(one, 30)));
    const texts = running.map((answer) => answer.text());
    for (const { child } of [serve, edge]) child.kill('SIGTERM');
    await expect.poll(async () => (await fetch(base.replace('/v1', '/health'))).status).toBe(503);
    expect(await (await fetch(base.replace('/v1', '/health'))).json()).toEqual({ status: 'draining' });
    for (const one of [base, own]) {
      const refused = await ask(one, 5);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    }
    for (const text of await Promise.all(texts)) expect(text).toContain('data: [DONE]');
    expect(await Promise.all([serve.ended, edge.ended])).toEqual([0, 0]);
    for (const { notes } of [serve, edge]) {
      const requests = linesOf(notes(), 'request');
      const [refused, answered] = ['refused', 'answered'].map((name) =>
        requests.find(({ outcome }) => outcome === name),
      );
      expect(refused).toMatchObject({ level: 'warn', status: 503, code: 'edge_draining', address: '127.0.0.1' });
      expect(answered).toMatchObject({ level: 'info', status: 200, completionTokens: 30, verified: true });
      expect(notes()).not.toContain(key);
      expect(notes()).not.toContain(prompt);
    }
    // Over HTTP too, the edge knows who asks.
    const sessions = linesOf(edge.notes(), 'session-opened');
    expect(sessions.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.1']);
  });
});

describe('--metrics-port', () => {
  it('needs no key, on this machine', async () => {
    const { serve, base } = await startBoth();
    await (await ask(base, 3)).text();
    const address = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(serve.notes())?.[0] ?? '';
    expect(await (await fetch(address)).text()).toMatch(/outrider_generation_tokens_total\{[^}]*\} 3\n/);
    expect((await fetch(base.replace('/v1', '/metrics'))).status).toBe(401);
  });
});
