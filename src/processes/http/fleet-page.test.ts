// The routes of a controller's port: its page, and nothing else.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { listenWebSocket } from '../../network/transport-node/websocket-server.ts';
import { fleetPageOf } from './fleet-page.ts';
import type { PageFile } from './pages.ts';

const bytes = new TextEncoder().encode('<p>fleet</p>');
const file: PageFile = { bytes, gzipped: bytes, type: 'text/html', etag: '"1"' };

async function statusOf(
  port: number,
  request: string,
  lines: readonly string[] = ['Host: 127.0.0.1'],
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${[`${request} HTTP/1.1`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return first.toString('latin1');
}

it('a controller gives its page to everybody, by its own names, and asks for a WebSocket else', async () => {
  const onRequest = fleetPageOf(new Map([['fleet.html', file]]));
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, onRequest }, () => {
    throw new Error('no connection');
  });
  try {
    const ask = (request: string, lines?: readonly string[]) => statusOf(listener.port, request, lines);
    const page = await ask('GET /fleet');
    expect(page).toMatch(/^HTTP\/1\.1 200 /);
    expect(page).toMatch(/content-security-policy: default-src 'none'; script-src 'self'/i);
    expect(await ask('GET /pages/fleet.html')).toMatch(/ 200 /);
    expect(await ask('HEAD /fleet')).toMatch(/ 200 /);
    expect(await ask('GET /pages/other.js')).toMatch(/ 404 /);
    for (const other of [
      'GET /',
      'GET /watch',
      'POST /fleet',
      'GET /fleet/x',
      'GET /pages',
      'GET //fleet',
      'GET /Fleet',
    ])
      expect(await ask(other), other).toMatch(/ 426 /);
    expect(await ask('GET /fleet', ['Host: 127.0.0.1', 'Origin: https://evil.example'])).toMatch(/ 403 /);
    expect(await ask('GET /fleet', ['Host: evil.example'])).toMatch(/ 403 /);
  } finally {
    await listener.close();
  }
});
