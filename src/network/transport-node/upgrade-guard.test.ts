import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { witness } from '../transport/transport.contract.ts';
import type { Accept } from '../transport/transport.ts';
import { createAddressGuard, createUpgradeGuard, type UpgradeRefusal } from './upgrade-guard.ts';
import { connectWebSocket } from './websocket-client.ts';
import { type ListenSettings, listenWebSocket } from './websocket-server.ts';

const opened: { close(): Promise<void> }[] = [];
const refused: UpgradeRefusal[] = [];
const accept: Accept = (connection) => witness(connection).handler;

afterEach(async () => {
  for (const listener of opened.splice(0)) await listener.close();
  refused.length = 0;
});

async function listen(settings: Partial<ListenSettings> = {}): Promise<number> {
  const onRefused = (refusal: UpgradeRefusal): unknown => refused.push(refusal);
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, onRefused, ...settings }, accept);
  opened.push(listener);
  return listener.port;
}

/** Status line and body of an upgrade over a raw socket: what no client library corrects. */
async function upgrade(port: number, headers: readonly string[]): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1');
  const fixed = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  const ours = ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol: outrider.3'];
  socket.write(`${['GET / HTTP/1.1', ...fixed, ...ours, ...headers].join('\r\n')}\r\n\r\n`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const [head = '', body = ''] = first.toString('latin1').split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body };
}

const settings = { allowOrigins: ['https://page.example', 'http://localhost:3000'], allowHosts: ['edge.example'] };

/** undefined: the header is not sent. */
const origins: readonly (readonly [origin: string | undefined, isAllowed: boolean])[] = [
  [undefined, true],
  ['https://page.example', true],
  ['HTTPS://PAGE.example', true],
  ['http://localhost:3000', true],
  ['http://page.example', false],
  ['https://page.example:8443', false],
  ['https://page.example.evil.example', false],
  ['https://evil.example', false],
  ['http://localhost', false],
  ['http://127.0.0.1:8642', false],
  ['null', false],
  ['', false],
];
const hosts: readonly (readonly [host: string, isAllowed: boolean])[] = [
  ['127.0.0.1:8642', true],
  ['localhost:8642', true],
  ['LOCALHOST', true],
  ['localhost.', true],
  ['[::1]:8642', true],
  ['192.0.2.7', true],
  ['edge.example', true],
  ['edge.example:443', true],
  ['evil.example', false],
  ['localhost.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['evil.example:8642@127.0.0.1', false],
  ['user@localhost', false],
  ['', false],
];
/** A page that the listener has served itself. */
const isOwn = (origin: string | undefined, host: string): boolean => origin === `http://${host.toLowerCase()}`;
const table = origins.flatMap(([origin, fine]) =>
  hosts.map(([host, known]) => ({ origin, host, known, fine: fine || isOwn(origin, host) })),
);

describe('an upgrade', () => {
  it('is judged by Origin and Host: every pair of the table, over a raw socket', async () => {
    const port = await listen(settings);
    for (const { origin, host, fine, known } of table) {
      const headers = [`Host: ${host}`, ...(origin === undefined ? [] : [`Origin: ${origin}`])];
      const { status, body } = await upgrade(port, headers);
      expect([origin, host, status]).toEqual([origin, host, fine && known ? 101 : 403]);
      if (status === 403)
        expect(body).toMatch(known ? /^unauthorized: .* no pages of / : /^unauthorized: .* the name /);
    }
    expect(table.filter(({ origin, host, fine }) => fine && isOwn(origin, host))).toHaveLength(2);
    const wrong = table.filter(({ fine, known }) => !(fine && known));
    expect(refused.map(({ reason }) => reason)).toEqual(wrong.map(({ known }) => (known ? 'origin' : 'host')));
    expect(new Set(refused.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
  });

  it('of a page that the listener has served itself has the scheme of the listener', () => {
    const judge = (tls: object | undefined, origin: string): boolean => {
      const headers = { host: 'localhost:8642', 'sec-websocket-protocol': 'outrider.3', origin };
      return createUpgradeGuard({ host: 'localhost', tls })({ headers }) === null;
    };
    const plain = 'http://localhost:8642';
    const secure = 'https://localhost:8642';
    // A proxy may have the TLS of a plain port.
    expect([judge(undefined, plain), judge(undefined, secure)]).toEqual([true, true]);
    expect([judge({}, plain), judge({}, secure)]).toEqual([false, true]);
  });

  it('of any page is refused where no origin is listed', async () => {
    const port = await listen();
    for (const [origin] of origins.slice(1).filter(([one]) => !isOwn(one, 'localhost'))) {
      expect(await upgrade(port, ['Host: localhost', `Origin: ${origin}`])).toMatchObject({ status: 403 });
    }
    expect(await upgrade(port, ['Host: localhost'])).toMatchObject({ status: 101 });
  });

  it.each([
    ['http://localhost:3000', 'localhost:8643', true],
    ['http://LOCALHOST', '127.0.0.1:8643', true],
    ['https://127.0.0.1:5173', 'localhost', true],
    ['http://[::1]:3000', '[::1]:8643', true],
    ['http://localhost:3000', 'edge.example', false],
    ['http://localhost:3000', '192.0.2.7', false],
    ['http://localhost.evil.example', 'localhost', false],
    ['http://127.0.0.1.evil.example', 'localhost', false],
    ['http://evil.example@localhost', 'localhost:8643', false],
    ['http://192.0.2.7:3000', 'localhost', false],
    ['file://localhost', 'localhost', false],
    ['null', 'localhost', false],
  ])('from %s to %s, of an endpoint for pages of this machine: %s', (origin, host, isTaken) => {
    const takes = (listening: string, allowLocalPages: boolean): boolean => {
      const guard = createAddressGuard({ host: listening, allowHosts: ['edge.example'], allowLocalPages });
      return guard({ headers: { host, origin } }) === null;
    };
    expect(takes('127.0.0.1', true)).toBe(isTaken);
    expect(takes('::1', true)).toBe(isTaken);
    expect([takes('0.0.0.0', true), takes('127.0.0.1', false)]).toEqual([false, false]);
  });

  it('puts nothing of a foreign text but plain characters into its answer', async () => {
    const { body } = await upgrade(await listen(), ['Host: localhost', 'Origin: \u001b[31mred']);
    expect(body === '' || /^[\x20-\x7e]*\n$/.test(body)).toBe(true);
    const guard = createUpgradeGuard({ host: '127.0.0.1' });
    expect(guard({ headers: { host: 'localhost', origin: `\u001b[31m${'a'.repeat(500)}` } })?.cause).toMatch(
      /^[\x20-\x7e]{1,160}$/,
    );
  });

  it('that is refused for a name tells the device so', async () => {
    const port = await listen();
    // Passes everything on, but the name.
    const renaming = createServer((socket) => {
      const edge = connect(port, '127.0.0.1');
      socket.once('data', (bytes) => edge.write(bytes.toString('latin1').replace(/Host: .*/, 'Host: box.example')));
      edge.pipe(socket);
      socket.on('close', () => edge.destroy());
    });
    renaming.listen(0, '127.0.0.1');
    await once(renaming, 'listening');
    opened.push({ close: async () => void renaming.close() });
    const { port: otherPort } = renaming.address() as AddressInfo;
    await expect(connectWebSocket(`ws://127.0.0.1:${otherPort}`)(accept)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/ refused: the edge does not answer to the name box.example$/),
      remedy: expect.stringContaining('--allow-host'),
    });
  });
});

describe('the lists', () => {
  it.each(['page.example', 'https://page.example/path', 'file:///x', 'null', '*', ''])(
    'take no origin %j',
    (origin) => {
      expect(() => createUpgradeGuard({ host: '::', allowOrigins: [origin] })).toThrow('is not an origin');
    },
  );

  it.each(['https://edge.example', 'edge.example/x', 'a b', ''])('take no host %j', (name) => {
    expect(() => createUpgradeGuard({ host: '::', allowHosts: [name] })).toThrow('is not the name of a host');
  });

  it('are not needed for a name that the edge proves otherwise', () => {
    const guard = createUpgradeGuard({ host: '0.0.0.0', isOwnName: (name) => name === 'edge.example' });
    const headers = { 'sec-websocket-protocol': 'outrider.3' };
    expect(guard({ headers: { ...headers, host: 'Edge.Example:8642' } })).toBeNull();
    expect(guard({ headers: { ...headers, host: 'other.example' } })).toMatchObject({ reason: 'host' });
  });
});
