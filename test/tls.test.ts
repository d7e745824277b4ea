// TLS between edge and device: certificates that an edge makes for itself, pinning, and what either side is told when the other is of
// another kind.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls, { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { neighbours } from '../src/core/basics/neighbours.fixture.ts';
import { makeCertificate } from '../src/files/self-signed.ts';
import { loadRenewable, loadTls, ownCertificate, type TlsPaths } from '../src/files/tls-files.ts';
import { subprotocol } from '../src/network/transport/socket-connection.ts';
import { witness } from '../src/network/transport/transport.contract.ts';
import type { Accept } from '../src/network/transport/transport.ts';
import type { UpgradeRefusal } from '../src/network/transport-node/upgrade-guard.ts';
import { connectWebSocket } from '../src/network/transport-node/websocket-client.ts';
import {
  type ListenSettings,
  listenWebSocket,
  type WebSocketListener,
} from '../src/network/transport-node/websocket-server.ts';

let folder = '';
const opened: { close(): Promise<unknown> }[] = [];
const accept: Accept = (connection) => witness(connection).handler;
const nowMs = Date.now();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-tls-'));
});
afterEach(async () => {
  for (const thing of opened.splice(0)) await thing.close();
  await rm(folder, { recursive: true, force: true });
});

async function listen(settings: Partial<ListenSettings>): Promise<WebSocketListener> {
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, ...settings }, accept);
  opened.push(listener);
  return listener;
}

const hex = (certificate: string): string =>
  new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();

async function writePair(name: string, pair: { readonly cert: string; readonly key: string }): Promise<TlsPaths> {
  const paths = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  await writeFile(paths.cert, pair.cert);
  await writeFile(paths.key, pair.key);
  return paths;
}

describe('a certificate that an edge makes', () => {
  it('is what X.509 says: names, dates, use, and its own signature', () => {
    const names = ['localhost', 'edge.example', '127.0.0.1', '::1', 'fe80::1:2', '2001:db8:0:1:2:3:4:5'];
    for (let count = 0; count < 20; count += 1) {
      const certificate = new X509Certificate(makeCertificate(names, nowMs).cert);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      for (const name of names.slice(0, 2)) expect(certificate.checkHost(name)).toBe(name);
      for (const address of names.slice(2)) expect(certificate.checkIP(address)).toBe(address);
      expect(certificate.checkHost('evil.example')).toBeUndefined();
      expect(certificate.ca).toBe(false);
      expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
      expect(Date.parse(certificate.validFrom)).toBeLessThan(nowMs);
      expect(Date.parse(certificate.validTo)).toBeGreaterThan(nowMs + 3000 * 86_400_000);
    }
    const late = new X509Certificate(makeCertificate(['a'], Date.parse('2045-01-01T00:00:00Z')).cert);
    expect(late.validTo).toContain('2054');
  });

  it("has the edge's own names, and none by a wildcard: others may have pages there", async () => {
    const listener = await listen({ tls: makeCertificate(['edge.example', '*.wild.example'], nowMs) });
    const names = ['edge.example', 'EDGE.example', 'evil.wild.example'];
    expect(names.map((name) => listener.isOwnName(name))).toEqual([true, true, false]);
  });

  it('is trusted by whoever is given it as an authority, for its names', async () => {
    const made = makeCertificate(['localhost', '127.0.0.1'], nowMs);
    const { port } = await listen({ tls: made });
    const socket = connectTls({ host: '127.0.0.1', port, ca: made.cert, servername: 'localhost' });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it('stays, with its fingerprint, and only its owner may read the key', async () => {
    const directory = join(folder, 'state');
    const first = await ownCertificate(directory, ['edge.example'], nowMs);
    expect(await ownCertificate(directory, ['edge.example'], nowMs)).toEqual(first);
    expect(first.fingerprint).toBe(hex(first.cert));
    expect(new X509Certificate(first.cert).checkHost('edge.example')).toBe('edge.example');
    for (const name of await readdir(directory)) {
      expect((await stat(join(directory, name))).mode & 0o777, name).toBe(0o600);
    }
  });
});

describe('files of a certificate', () => {
  it('are refused when they are missing, of another kind, of two certificates, or over', async () => {
    const [one, other] = [makeCertificate(['a'], nowMs), makeCertificate(['a'], nowMs)];
    const past = makeCertificate(['a'], nowMs - 20 * 365 * 86_400_000);
    const cases: readonly (readonly [TlsPaths, string])[] = [
      [{ cert: join(folder, 'none'), key: join(folder, 'none') }, "can't be read: ENOENT"],
      [await writePair('words', { cert: 'words', key: one.key }), 'is not a PEM file'],
      [await writePair('swapped', { cert: one.cert, key: one.cert }), 'is not a PEM file'],
      [await writePair('mixed', { cert: one.cert, key: other.key }), 'is not the key of the certificate'],
      [await writePair('past', past), 'expired on'],
    ];
    for (const [paths, cause] of cases) {
      const message = expect.stringContaining(cause);
      await expect(loadTls(paths, nowMs)).rejects.toMatchObject({ code: 'bad-argument', message });
    }
  });

  it('are taken over by a listening port when they are renewed, and left when they are damaged', async () => {
    const [one, other] = [makeCertificate(['a'], nowMs), makeCertificate(['a'], nowMs)];
    const paths = await writePair('edge', one);
    const files = await loadRenewable(paths);
    const listener = await listen({ tls: files.first });
    const connect = (cert: string) =>
      connectWebSocket(`wss://127.0.0.1:${listener.port}`, { fingerprint: hex(cert) })(accept);
    (await connect(one.cert)).close('done', '');
    const problems: unknown[] = [];
    const renewed: string[] = [];
    using _following = files.follow({
      everyMs: 10,
      onProblem: (error) => problems.push(error),
      checked(tls) {
        if (tls === null) return;
        listener.renewCertificate(tls);
        renewed.push(tls.fingerprint);
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writeFile(paths.cert, 'damaged');
    // A look may come between the parts of a write, and finds one state more.
    await expect.poll(() => problems).not.toHaveLength(0);
    (await connect(one.cert)).close('done', '');
    await writeFile(paths.key, other.key);
    await writeFile(paths.cert, other.cert);
    // The file may be read once more than it was written.
    await vi.waitFor(() => expect([...new Set(renewed)]).toEqual([hex(other.cert)]));
    (await connect(other.cert)).close('done', '');
    await expect(connect(one.cert)).rejects.toMatchObject({ code: 'certificate-untrusted' });
  });
});

describe('a device', () => {
  it('connects to the certificate whose fingerprint it was given, however it is written', async () => {
    const made = makeCertificate(['localhost'], nowMs);
    const { port } = await listen({ tls: made });
    const { fingerprint256 } = new X509Certificate(made.cert);
    for (const fingerprint of [fingerprint256, hex(made.cert), `SHA256:${hex(made.cert)}`]) {
      for (const host of ['127.0.0.1', 'localhost']) {
        const connection = await connectWebSocket(`wss://${host}:${port}`, { fingerprint })(accept);
        connection.close('done', '');
      }
    }
  });

  it('connects with no fingerprint that differs in one digit, the first or the last', async () => {
    const made = makeCertificate(['localhost'], nowMs);
    const { port } = await listen({ tls: made });
    for (const fingerprint of neighbours(hex(made.cert))) {
      const refused = connectWebSocket(`wss://127.0.0.1:${port}`, { fingerprint })(accept);
      await expect(refused).rejects.toMatchObject({ code: 'certificate-untrusted' });
    }
  });

  it('sends nothing to another certificate', async () => {
    const [right, wrong] = [makeCertificate(['localhost'], nowMs), makeCertificate(['localhost'], nowMs)];
    const heard: Buffer[] = [];
    const thief = createTlsServer(wrong, (socket) =>
      socket.on('data', (bytes) => heard.push(bytes)).on('error', () => {}),
    );
    thief.listen(0, '127.0.0.1');
    await once(thief, 'listening');
    opened.push({ close: async () => thief.close() });
    const url = `wss://user:canary@127.0.0.1:${(thief.address() as AddressInfo).port}/path`;
    const refused = connectWebSocket(url, { fingerprint: hex(right.cert) })(accept);
    await expect(refused).rejects.toMatchObject({
      code: 'certificate-untrusted',
      message: expect.stringMatching(new RegExp(`^wss://127.* is not trusted: .*${hex(wrong.cert)}, not the one`)),
      remedy: expect.stringContaining('--edge-fingerprint'),
    });
    await expect(connectWebSocket(url)(accept)).rejects.toMatchObject({
      code: 'certificate-untrusted',
      message: expect.stringMatching(
        new RegExp(
          `its certificate is self-signed \\(DEPTH_ZERO_SELF_SIGNED_CERT\\), and has the .* ${hex(wrong.cert)}$`,
        ),
      ),
      remedy: expect.stringContaining(`add --edge-fingerprint ${hex(wrong.cert)}`),
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Buffer.concat(heard).toString()).toBe('');
  });

  it('is told when the other end has no TLS, or when it has', async () => {
    const refused: UpgradeRefusal[] = [];
    const plain = await listen({});
    const secure = await listen({ tls: makeCertificate(['localhost'], nowMs), onRefused: (one) => refused.push(one) });
    const fingerprint = '0'.repeat(64);
    for (const settings of [{}, { fingerprint }]) {
      await expect(connectWebSocket(`wss://127.0.0.1:${plain.port}`, settings)(accept)).rejects.toMatchObject({
        code: 'edge-unreachable',
        message: expect.stringMatching(/^no connection to wss:.*: it does not speak TLS 1.2 or newer$/),
        remedy: expect.stringContaining('ws://'),
      });
    }
    await expect(connectWebSocket(`ws://127.0.0.1:${secure.port}`)(accept)).rejects.toMatchObject({
      code: 'edge-unreachable',
      remedy: expect.stringContaining('wss://'),
    });
    expect(refused).toEqual([{ reason: 'tls', address: '127.0.0.1', detail: expect.stringContaining('no TLS') }]);
  });

  it('tells once of a peer that never ends its handshake', async () => {
    const refused: UpgradeRefusal[] = [];
    const tls = makeCertificate(['localhost'], nowMs);
    const { port } = await listen({ tls, portLimits: { requestMs: 100 }, onRefused: (one) => refused.push(one) });
    await new Promise<void>((closed) => {
      connectTcp(port, '127.0.0.1')
        .on('error', () => {})
        .on('close', () => closed())
        .resume();
    });
    expect(refused).toMatchObject([{ reason: 'tls', detail: expect.stringContaining('TIMEOUT') }]);
  });

  it('gives up when the handshake does not end', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => {})));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    opened.push({
      close: async () => {
        for (const socket of sockets) socket.destroy();
        silent.close();
      },
    });
    const url = `wss://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const settings = { fingerprint: '0'.repeat(64), timeoutMs: 50 };
    await expect(connectWebSocket(url, settings)(accept)).rejects.toMatchObject({ code: 'edge-unreachable' });
    const controller = new AbortController();
    const attempt = connectWebSocket(url, { ...settings, timeoutMs: 60_000 })(accept, { signal: controller.signal });
    controller.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('is told at once of a fingerprint that can’t be one, or that has nothing to compare', () => {
    expect(() => connectWebSocket('wss://edge.example', { fingerprint: 'abc' })).toThrow('not 64 hex digits');
    expect(() => connectWebSocket('ws://edge.example', { fingerprint: '0'.repeat(64) })).toThrow('has no certificate');
  });
});

describe('a port with TLS', () => {
  it('takes nothing older than TLS 1.2, and a device neither, whatever Node would allow', async () => {
    const before = [tls.DEFAULT_MIN_VERSION, tls.DEFAULT_CIPHERS] as const;
    [tls.DEFAULT_MIN_VERSION, tls.DEFAULT_CIPHERS] = ['TLSv1', 'DEFAULT@SECLEVEL=0'];
    try {
      const made = makeCertificate(['localhost'], nowMs);
      const { port } = await listen({ tls: made });
      const attempt = (maxVersion: 'TLSv1.1' | 'TLSv1.2') => {
        const socket = connectTls({ host: '127.0.0.1', port, maxVersion, rejectUnauthorized: false });
        return once(socket, 'secureConnect').then(
          () => {
            const protocol = socket.getProtocol();
            socket.destroy();
            return protocol;
          },
          () => 'refused',
        );
      };
      expect([await attempt('TLSv1.1'), await attempt('TLSv1.2')]).toEqual(['refused', 'TLSv1.2']);

      const old = createTlsServer({ ...made, maxVersion: 'TLSv1.1' });
      old.on('tlsClientError', () => {});
      old.listen(0, '127.0.0.1');
      await once(old, 'listening');
      opened.push({ close: async () => old.close() });
      const url = `wss://127.0.0.1:${(old.address() as AddressInfo).port}`;
      const refused = connectWebSocket(url, { fingerprint: hex(made.cert), timeoutMs: 5000 })(accept);
      await expect(refused).rejects.toThrow('does not speak TLS 1.2');
    } finally {
      [tls.DEFAULT_MIN_VERSION, tls.DEFAULT_CIPHERS] = before;
    }
  });

  it('answers to the names in its certificate', async () => {
    const made = makeCertificate(['edge.example'], nowMs);
    const { port } = await listen({ tls: made });
    const statusFor = async (host: string): Promise<string> => {
      const socket = connectTls({ host: '127.0.0.1', port, ca: made.cert, servername: 'edge.example' });
      await once(socket, 'secureConnect');
      const fixed = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
      const ours = ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', `Sec-WebSocket-Protocol: ${subprotocol}`];
      socket.write(`${['GET / HTTP/1.1', ...fixed, ...ours, `Host: ${host}`].join('\r\n')}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return answer.toString('latin1').split(' ')[1] ?? '';
    };
    expect([await statusFor(`edge.example:${port}`), await statusFor('other.example')]).toEqual(['101', '403']);
  });
});

it('one handshake serves several requests over HTTP', async () => {
  const pair = makeCertificate(['localhost'], nowMs);
  const { port } = await listen({ tls: pair, onRequest: ({ url }, response) => void response.end(url) });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: pair.cert });
  const [sockets, answers] = [new Set<unknown>(), [] as string[]];
  for (const path of ['/1', '/2', '/3']) {
    const request = get({ port, host: 'localhost', path, agent, family: 4 });
    request.on('socket', (socket) => sockets.add(socket));
    const [response] = await once(request, 'response');
    answers.push((await response.toArray()).join(''));
  }
  agent.destroy();
  expect([sockets.size, answers]).toEqual([1, ['/1', '/2', '/3']]);
});
