// The operator's order to a running edge: over its port, with a key of scope admin, or from its own machine where it asks for no key.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openAccess } from '../../src/cli/edge/edge-access.ts';
import { edgeDrainCommand } from '../../src/cli/edge/edge-drain.ts';
import type { KeyScope } from '../../src/core/access/key-book.ts';
import { Secret } from '../../src/core/basics/secret.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { addKeyTo } from '../../src/files/key-files.ts';
import { makeCertificate } from '../../src/files/self-signed.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { EdgeLogEvent } from '../../src/processes/edge/edge-events.ts';
import { startToyEdge, type ToyEdge, toyReference, toyTurn } from './toy-edge.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
  vi.restoreAllMocks();
});

type Flags = Partial<Parameters<typeof openAccess>[0]>;

/** An edge as the command line opens it. */
async function edgeWith(flags: Flags = {}): Promise<{ readonly toy: ToyEdge; readonly events: EdgeLogEvent[] }> {
  const access = await openAccess({ host: '127.0.0.1', ...flags } as Parameters<typeof openAccess>[0]);
  const events: EdgeLogEvent[] = [];
  const { keyOf, mayOrder } = access;
  const onEvent = (event: EdgeLogEvent): void => void events.push(event);
  const toy = await startToyEdge({ ...(keyOf === undefined ? {} : { keyOf }), mayOrder, onEvent });
  undo.push(
    () => access[Symbol.asyncDispose](),
    () => toy[Symbol.asyncDispose](),
  );
  return { toy, events };
}

/** A file of keys, each with one scope. */
async function keysOf(...scopes: readonly KeyScope[]): Promise<{ readonly file: string; readonly keys: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-keys-'));
  undo.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'keys.json');
  const keys: string[] = [];
  for (const scope of scopes) {
    const terms = { name: scope, scopes: [scope], expires: null, share: 1, maxSessions: null, maxWaiting: null };
    keys.push((await addKeyTo(file, terms, Date.now())).key);
  }
  return { file, keys };
}

async function asked(
  toy: ToyEdge,
  method: string,
  headers: Record<string, string> = {},
  path = '/drain',
): Promise<[number, string]> {
  // `fetch` lets nobody choose the host.
  const sent = request({ host: '127.0.0.1', port: toy.port, path, method, headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return [response.statusCode ?? 0, await textOf(response)];
}

/** Runs the command; its lines, its JSON, and the exit status. */
async function command(...words: string[]) {
  const lines: string[] = [];
  const output: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => output.push(String(text)) > 0);
  const before = process.exitCode;
  try {
    await edgeDrainCommand().exitOverride().parseAsync(words, { from: 'user' });
    return { lines: lines.join(''), output: output.join(''), status: process.exitCode };
  } finally {
    process.exitCode = before;
    vi.restoreAllMocks();
  }
}

describe('an edge without keys', () => {
  it('drains when it is told so on its own machine; an answer moves, and a new one is refused until it is taken back', async () => {
    const [first, other] = [await edgeWith(), await edgeWith()];
    const connect = [first, other].map(({ toy }) => ({ name: toy.url, connect: connectWebSocket(toy.url) }));
    const turn = startTurn(toyTurn(first.toy, { connect, maxAnswerTokens: 200 }));
    let seen = 0;
    for await (const { tokens } of turn) {
      seen += tokens.length;
      if (seen - tokens.length < 20 && seen >= 20) await command(first.toy.url);
    }
    const report = await turn.report;
    expect(report.tokens).toEqual(await toyReference(neutralSampling, 200));
    expect(report.servedBy.map(({ edge }) => edge)).toEqual([first.toy.url, other.toy.url]);
    const refused = await startTurn(toyTurn(first.toy)).report;
    expect(refused.outcome).toMatchObject({ kind: 'failed', code: 'edge-draining' });
    expect((await command(first.toy.url, '--undo')).lines).toContain('serving; 0 answers run');
    const again = await startTurn(toyTurn(first.toy)).report;
    expect(again.tokens).toEqual(await toyReference(neutralSampling, 60));
    expect(first.events.flatMap(({ kind }) => (kind === 'draining' || kind === 'serving' ? [kind] : []))).toEqual([
      'draining',
      'serving',
    ]);
  });

  it('lets an answer end whose device knows no other edge, and the command waits for it', async () => {
    const { toy } = await edgeWith();
    const turn = startTurn(toyTurn(toy, { maxAnswerTokens: 200, drafter: null }));
    await turn[Symbol.asyncIterator]().next();
    const early = await command(toy.url, '--json', '--wait', '0');
    expect([JSON.parse(early.output).summary, early.status]).toMatchObject([{ state: 'draining', answering: 1 }, 1]);
    const { lines, status } = await command(toy.url, '--wait', '30');
    expect([lines.includes('draining: it opens no session; 0 answers run'), status]).toEqual([true, 0]);
    expect((await turn.report).tokens).toEqual(await toyReference(neutralSampling, 200));
  });

  it.each([
    ['a page of a browser', { origin: 'http://127.0.0.1' }],
    ['somebody who calls it by another name', { host: 'evil.example' }],
    ['somebody behind a proxy', { 'x-forwarded-for': '192.0.2.7' }],
    ['somebody behind another proxy', { forwarded: 'for=192.0.2.7' }],
  ])('does not obey %s', async (_, headers) => {
    const { toy, events } = await edgeWith();
    const [status, text] = await asked(toy, 'POST', headers);
    expect([status, toy.edge.status.state, text.startsWith('unauthorized: ')]).toEqual([403, 'serving', true]);
    expect(events).toMatchObject([
      { kind: 'upgrade-refused', reason: 'plain', detail: expect.stringContaining('an order to drain') },
    ]);
  });

  it('tells its health to probes by any name, and to no page of another origin', async () => {
    const { toy } = await edgeWith();
    const health = async (headers: Record<string, string>) => (await asked(toy, 'GET', headers, '/health'))[0];
    expect(await health({ host: 'balancer.example' })).toBe(200);
    expect(await health({ origin: 'https://page.example' })).toBe(403);
  });

  it('knows no other request there, and an edge in code takes orders from nobody unless it says from whom', async () => {
    const { toy } = await edgeWith();
    expect((await asked(toy, 'GET'))[0]).toBe(426);
    await using plain = await startToyEdge();
    expect((await asked(plain, 'POST'))[0]).toBe(426);
    expect(plain.edge.status.state).toBe('serving');
    await using broken = await startToyEdge({
      mayOrder: () => {
        throw new Error('no');
      },
    });
    expect(await asked(broken, 'POST')).toEqual([403, 'unauthorized: the edge has a fault\n']);
  });
});

describe('an edge with keys', () => {
  it('obeys a key with the scope admin only, and tells the holder of another one why', async () => {
    const { file, keys } = await keysOf('verify', 'admin');
    const [verify, admin] = keys as [string, string];
    const { toy } = await edgeWith({ keys: file });
    expect(await asked(toy, 'POST')).toEqual([403, 'unauthorized: a key with the scope admin is needed\n']);
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    expect(await asked(toy, 'POST', bearer(verify))).toEqual([
      403,
      'unauthorized: the key "verify" does not have the scope admin\n',
    ]);
    expect((await asked(toy, 'POST', bearer(`${admin}x`)))[0]).toBe(403);
    expect((await asked(toy, 'POST', { ...bearer(admin), origin: 'https://page.example' }))[0]).toBe(403);
    expect(toy.edge.status.state).toBe('serving');
    await expect(command(toy.url, '--key', verify)).rejects.toMatchObject({ code: 'unauthorized' });
    expect((await command(toy.url, '--key', admin)).lines).toContain('draining');
    expect(toy.edge.status.state).toBe('draining');
    expect((await asked(toy, 'DELETE', bearer(admin)))[0]).toBe(200);
    expect(toy.edge.status.state).toBe('serving');
  });

  it('of a flag obeys nobody: that key is for devices', async () => {
    const { toy } = await edgeWith({ key: new Secret('of-all-devices') });
    await expect(command(toy.url, '--key', 'of-all-devices')).rejects.toMatchObject({ code: 'unauthorized' });
    expect(toy.edge.status.state).toBe('serving');
  });
});

describe('outrider edge drain', () => {
  it('trusts the certificate that was given, and no other', async () => {
    const tls = makeCertificate(['localhost'], Date.now());
    const sha256 = new X509Certificate(tls.cert).fingerprint256;
    await using toy = await startToyEdge({ tls, mayOrder: ({ credentials }) => credentials === 'k' || 'no' });
    const other = sha256.replace(/^../, sha256.startsWith('00') ? '11' : '00');
    for (const words of [[], ['--edge-fingerprint', other]])
      await expect(command(toy.url, '--key', 'k', ...words)).rejects.toMatchObject({ code: 'certificate-untrusted' });
    expect(toy.edge.status.state).toBe('serving');
    expect((await command(toy.url, '--key', 'k', '--edge-fingerprint', sha256)).lines).toContain('draining');
  });

  it('says that an edge is ending already, that it is not there, or that it takes no orders', async () => {
    const { toy } = await edgeWith();
    const turn = startTurn(toyTurn(toy, { maxAnswerTokens: 400, drafter: null }));
    await turn[Symbol.asyncIterator]().next();
    const drained = toy.edge.drain(10_000);
    await expect(command(toy.url, '--undo')).rejects.toMatchObject({ code: 'edge-draining' });
    turn.stop();
    await drained;
    const { port } = toy;
    await toy[Symbol.asyncDispose]();
    await expect(command(`ws://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'edge-unreachable' });
    await using plain = await startToyEdge();
    await expect(command(plain.url)).rejects.toMatchObject({ code: 'protocol-error' });
  });

  it('names an edge whose answer is cut', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => setImmediate(() => request.socket.destroy()));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(command(`ws://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'edge-unreachable' });
    server.close();
  });

  it('shows no key to a network in clear', async () => {
    await expect(command('ws://192.0.2.7:8642', '--key', 'k')).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(command('ws://127.0.0.1:1', '--edge-fingerprint', 'ab')).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });
});
