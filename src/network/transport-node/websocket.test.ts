import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { transportContract, until, type Witness, witness } from '../transport/transport.contract.ts';
import type { Accept, Listener } from '../transport/transport.ts';
import { connectWebSocket as connectPlatformWebSocket } from '../transport/websocket-client.ts';
import { connectWebSocket } from './websocket-client.ts';
import { type ListenSettings, listenWebSocket } from './websocket-server.ts';

/** An edge on an HTTP server whose sockets a test can destroy, reached by one kind of WebSocket. */
const breakable =
  (connectBy: typeof connectWebSocket): Parameters<typeof transportContract>[0] =>
  async (accept, maxFrameBytes) => {
    const server = createServer();
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, server, maxFrameBytes }, accept);
    const vanish = (): void => {
      for (const socket of sockets) socket.destroy();
    };
    const connect = connectBy(`ws://127.0.0.1:${listener.port}`, { maxFrameBytes });
    return { connect, vanish, close: () => listener.close() };
  };

describe('WebSocket', () => transportContract(breakable(connectWebSocket)));

describe("the platform's own WebSocket", () => transportContract(breakable(connectPlatformWebSocket), false));

describe("a refusal that the platform's own WebSocket", () => {
  it('gets names the address, and what to check', async () => {
    const connect = connectPlatformWebSocket('http://127.0.0.1:1');
    await expect(connect(acceptDevice)).rejects.toMatchObject({
      code: 'edge-unreachable',
      message: expect.stringContaining('no connection to ws://127.0.0.1:1/'),
    });
    expect(() => connectPlatformWebSocket('edge.example')).toThrow('is not the address of an edge');
  });

  it('would wait for ends with the time-out, or at once when aborted', async () => {
    const url = `ws://127.0.0.1:${await listenTcp(() => {})}`;
    const connect = connectPlatformWebSocket(url, { timeoutMs: 50 });
    await expect(connect(acceptDevice)).rejects.toMatchObject({ message: expect.stringContaining('50 ms') });
    const controller = new AbortController();
    const attempt = connectPlatformWebSocket(url)(acceptDevice, { signal: controller.signal });
    controller.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'interrupted' });
  });
});

const opened: { close(): unknown }[] = [];
const edges: Witness[] = [];
const acceptEdge: Accept = (connection) => {
  const edge = witness(connection);
  edges.push(edge);
  return edge.handler;
};
const acceptDevice: Accept = (connection) => witness(connection).handler;

afterEach(async () => {
  for (const thing of opened.splice(0)) await thing.close();
  edges.length = 0;
});

async function listen(settings: Partial<ListenSettings> = {}): Promise<Listener> {
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, ...settings }, acceptEdge);
  opened.push(listener);
  return listener;
}

async function listenTcp(onConnection: (socket: Socket) => void): Promise<number> {
  const server: TcpServer = createTcpServer((socket) => {
    socket.on('error', () => {});
    opened.push({ close: () => socket.destroy() });
    onConnection(socket);
  });
  opened.push({ close: () => server.close() });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** @returns the port of a server that is closed after the test */
async function started(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({ close: () => server.closeAllConnections() }, { close: () => server.close() });
  return (server.address() as { port: number }).port;
}

async function openRaw(port: number, protocols: string | string[] = 'outrider.3'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocols);
  await once(socket, 'open');
  return socket;
}

describe('listening', () => {
  it('reports that the port is taken', async () => {
    const { port } = await listen();
    await expect(listen({ port })).rejects.toMatchObject({ code: 'port-in-use' });
  });

  it('reports that the address is not one of this machine', async () => {
    await expect(listen({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('frees its port and closes connections with a reason', async () => {
    const { port, close } = await listenWebSocket({ host: '127.0.0.1', port: 0 }, acceptEdge);
    let device: Witness | undefined;
    await connectWebSocket(`ws://127.0.0.1:${port}`)((connection) => {
      const made = witness(connection);
      device = made;
      return made.handler;
    });
    await close();
    await until(() => device?.reasons.length === 1);
    expect(device?.reasons[0]).toMatchObject({ by: 'peer', code: 'interrupted' });
    await listen({ port });
  });

  it('answers plain requests with 426, or with the given listener', async () => {
    const status = async (port: number): Promise<number> => {
      const request = get({ host: '127.0.0.1', port, agent: false });
      const [response] = await once(request, 'response');
      response.resume();
      return response.statusCode;
    };
    expect(await status((await listen()).port)).toBe(426);
    const { port } = await listen({ onRequest: (_request, response) => response.writeHead(204).end() });
    expect(await status(port)).toBe(204);
    (await openRaw(port)).terminate();
  });

  it('leaves a shared server open if it did not open it', async () => {
    const server = createServer();
    await started(server);
    const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, server }, acceptEdge);
    (await openRaw(listener.port)).terminate();
    await listener.close();
    expect(server.listening).toBe(true);
  });
});

describe('a peer of another kind', () => {
  it('is refused with a reason if it does not offer the subprotocol', async () => {
    const { port } = await listen();
    for (const protocols of [[], ['outrider.0'], ['outrider.2'], ['xoutrider.3']]) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocols);
      const [, response] = await once(socket, 'unexpected-response');
      expect(response.statusCode).toBe(400);
      const [body] = await once(response, 'data');
      expect(String(body)).toBe('version-mismatch: this edge speaks outrider.3\n');
    }
    expect(edges).toHaveLength(0);
  });

  it('gets the subprotocol if it offers it among others', async () => {
    const { port } = await listen();
    const socket = await openRaw(port, ['outrider.9', 'outrider.3', 'outrider.2']);
    expect(socket.protocol).toBe('outrider.3');
    socket.terminate();
  });

  it.each(['', ':'])('is identified by the device: another version%s, no WebSocket, no server', async (colon) => {
    const refusing = createServer();
    refusing.on('upgrade', (_request, socket) => {
      const text = `version-mismatch${colon} this edge speaks outrider.2\n`;
      socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    });
    await expect(connectWebSocket(`ws://127.0.0.1:${await started(refusing)}`)(acceptDevice)).rejects.toMatchObject({
      code: 'version-mismatch',
      message: expect.stringMatching(/: this edge speaks outrider.2$/),
    });

    const foreign = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => false });
    await once(foreign, 'listening');
    opened.push(foreign);
    const foreignPort = (foreign.address() as { port: number }).port;
    await expect(connectWebSocket(`ws://127.0.0.1:${foreignPort}`)(acceptDevice)).rejects.toMatchObject({
      code: 'version-mismatch',
      message: expect.stringContaining('it does not name its version'),
    });

    const page = createServer((_request, response) => response.writeHead(404).write('no end '.repeat(1000)));
    await expect(connectWebSocket(`http://127.0.0.1:${await started(page)}`)(acceptDevice)).rejects.toMatchObject({
      code: 'edge-unreachable',
      message: expect.stringContaining('404'),
    });
    await expect(connectWebSocket('ws://127.0.0.1:1')(acceptDevice)).rejects.toMatchObject({
      code: 'edge-unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('that never answers ends the attempt with the time-out, or at once when aborted', async () => {
    const port = await listenTcp(() => {});
    const connect = connectWebSocket(`ws://127.0.0.1:${port}`, { timeoutMs: 50 });
    await expect(connect(acceptDevice)).rejects.toMatchObject({ code: 'edge-unreachable' });
    const controller = new AbortController();
    const attempt = connectWebSocket(`ws://127.0.0.1:${port}`)(acceptDevice, { signal: controller.signal });
    controller.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('that answers byte by byte, in its head or in a refusal, ends the attempt with the time-out', async () => {
    for (const head of ['HTTP/1.1 101 Switching Protocols\r\nX-Long: ', 'HTTP/1.1 403 Forbidden\r\n\r\n']) {
      const port = await listenTcp((socket) => {
        socket.on('error', () => {});
        socket.write(head);
        const drip = setInterval(() => socket.write('a'), 10);
        socket.on('close', () => clearInterval(drip));
      });
      const connect = connectWebSocket(`ws://127.0.0.1:${port}`, { timeoutMs: 200 });
      await expect(connect(acceptDevice)).rejects.toMatchObject({ code: 'edge-unreachable' });
    }
  });

  it('is named without user and password', async () => {
    for (const connect of [connectWebSocket, connectPlatformWebSocket]) {
      const refused = await connect('ws://user:canary@127.0.0.1:1')(acceptDevice).catch((error: Error) => error);
      expect(String(refused)).toContain('127.0.0.1:1');
      expect(JSON.stringify(refused) + String(refused)).not.toMatch(/canary|user/);
      expect(() => connect('user:canary@edge.example')).toThrow('"edge.example" is not the address of an edge');
    }
  });

  it('must have a WebSocket address', () => {
    for (const url of ['', 'edge.example', 'localhost:7070', 'ftp://edge.example', 'ws://']) {
      expect(() => connectWebSocket(url)).toThrow('is not the address of an edge');
    }
  });
});

describe('a peer that breaks the rules', () => {
  /** A socket that has asked for a WebSocket by hand. */
  function upgraded(port: number): Socket {
    const socket = connectTcp(port, '127.0.0.1');
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: outrider.3\r\n\r\n',
    );
    return socket;
  }

  it('ends its own connection only: text, garbage, a frame that is too large', async () => {
    const { port } = await listen({ maxFrameBytes: 100 });
    const honest = await openRaw(port);
    const texting = await openRaw(port);
    texting.send('hello');
    const [closeCode, reason] = await once(texting, 'close');
    expect([closeCode, String(reason)]).toEqual([4000, 'protocol-error a text frame; all frames are binary']);
    const garbled = upgraded(port);
    garbled.on('error', () => {});
    await until(() => edges.length === 3);
    await once(garbled, 'data');
    garbled.write(Buffer.alloc(64, 0xff));
    await once(garbled, 'data');
    garbled.destroy();
    await until(() => edges[2]?.reasons.length === 1);
    expect(edges[2]?.reasons[0]).toMatchObject({ by: 'us', code: 'protocol-error' });
    honest.send(Buffer.of(1, 2));
    await until(() => edges[0]?.frames.length === 1);
    honest.terminate();
  });

  it('can’t keep a connection half open', async () => {
    const { port } = await listen();
    const silent = upgraded(port);
    await until(() => edges.length === 1);
    edges[0]?.connection.close('silent', 'nothing heard');
    await until(() => edges[0]?.reasons.length === 1);
    expect(edges[0]?.reasons[0]).toEqual({ by: 'us', code: 'silent', detail: 'nothing heard' });
    silent.destroy();
  });

  it('gets its pings answered, but not when it does not read', async () => {
    const { port } = await listen();
    const socket = await openRaw(port);
    socket.ping('abc');
    const [payload] = await once(socket, 'pong');
    expect(String(payload)).toBe('abc');
    socket.pause();
    const edge = edges[0]?.connection;
    while (edge?.writable === true) edge.send(new Uint8Array(1_000_000));
    let pongCount = 0;
    socket.on('pong', () => pongCount++);
    socket.ping('def');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.resume();
    await until(() => edges[0]?.writableCount === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(pongCount).toBe(0);
    socket.terminate();
  });
});

describe('an address whose connections are closed for what they did', () => {
  it('may ask for fewer connections; others may ask for as many as before', async () => {
    const { port } = await listen({ portLimits: { upgradesPerSecond: 0.001, burstUpgrades: 130 } });
    const first = await openRaw(port);
    await until(() => edges.length === 1);
    edges[0]?.connection.close('rate-limited', 'too much');
    await once(first, 'close');
    await openRaw(port);
    await expect(openRaw(port)).rejects.toThrow('429');
  });

  it('keep them all if they end in order', async () => {
    const { port } = await listen({ portLimits: { upgradesPerSecond: 0.001, burstUpgrades: 130 } });
    for (let count = 0; count < 10; count += 1) {
      const socket = await openRaw(port);
      socket.close();
      await once(socket, 'close');
    }
  });
});
