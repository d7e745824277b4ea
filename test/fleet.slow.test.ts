// What `outrider controller --fleet` says of a store that it can't use: one line each, and it runs on. Skipped where no nats-server is
// installed (node setup.mjs --fleet).

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, it } from 'vitest';
import { type LocalStore, natsServerPath, startNatsServer } from '../simulator/files/nats-server.ts';
import { startChild } from '../src/cli/children/child-service.ts';
import { mayMount, onTinyDisk } from './tiny-disk.fixture.ts';

const isThere = spawnSync(natsServerPath(), ['--version']).status === 0;
const poll = { timeout: 60_000, interval: 100 };
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function openStore(): Promise<LocalStore> {
  const store = await startNatsServer();
  undo.push(() => store[Symbol.asyncDispose]());
  return store;
}

/** Writes a record as somebody else. */
async function write({ url }: LocalStore, bucket: string, key: string, value: string): Promise<void> {
  const connection = await connect({ servers: url.replace('nats://', '') });
  await (await new Kvm(connection).create(bucket, { history: 1 })).put(key, value);
  await connection.close();
}

/** A store with a disk of 1 MB of its own. It is said to have more, so that what fails is the write. */
async function openTinyStore(): Promise<LocalStore> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-tiny-'));
  const [disk, server, settings] = ['disk', 'server', 'conf'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(disk);
  writeFileSync(settings, 'jetstream { max_file_store: 1GB }\n');
  const words = onTinyDisk(disk, '1m').map((word) => `'${word}'`);
  writeFileSync(server, `#!/bin/sh\nexec ${words.join(' ')} ${natsServerPath()} "$@"\n`, { mode: 0o700 });
  const store = await startNatsServer({ path: server, folder: disk, more: ['-c', settings] });
  undo.push(
    () => rmSync(folder, { recursive: true }),
    () => store[Symbol.asyncDispose](),
  );
  return store;
}

/** Fills the disk from another bucket, and the rest from the fleet's. */
async function fill({ url }: LocalStore): Promise<void> {
  const connection = await connect({ servers: url.replace('nats://', ''), reconnect: false });
  undo.push(() => connection.close());
  const kvm = new Kvm(jetstream(connection, { timeout: 1000 }));
  for (const [bucket, bytes] of [
    ['filler', 15_000],
    ['outrider', 2000],
  ] as const) {
    const kv = await kvm.create(bucket, { history: 1, maxValueSize: 16_384 });
    let isFull = false;
    for (let count = 0; !isFull; count += 1)
      isFull = await kv.put(`filler.${count}`, 'x'.repeat(bytes)).then(
        () => false,
        () => true,
      );
  }
}

/** A controller. @returns its lines about cells and store, and whether it still runs */
async function startController(...flags: string[]) {
  const lines: string[] = [];
  const words = ['controller', '--port', '0', ...flags];
  const child = await startChild(words, 'internal', {
    onNote: (line) => void (/ cells? |store|bucket|metrics|joined/.test(line) && lines.push(line)),
  });
  let hasEnded = false;
  void child.ended.then(() => {
    hasEnded = true;
  });
  undo.push(() => child.close());
  return { lines, child, hasEnded: () => hasEnded };
}

describe.skipIf(!isThere)('a controller of a fleet', { timeout: 120_000 }, () => {
  it.each([
    ['newer', 'fleet', '{"version":2,"sinceMs":5}', /record of the fleet is none of version 1.*\[version-mismatch\]$/],
    ['ahead', 'fleet', '{"version":1,"sinceMs":9007199254740000}', /none of version 1.*\[version-mismatch\]$/],
    ['foreign', 'thing', 'theirs', /the bucket "foreign" of .* has no "fleet".*\[version-mismatch\]$/],
  ])('says that the bucket "%s" is not its own, and leads nothing', async (bucket, key, value, line) => {
    const store = await openStore();
    await write(store, bucket, key, value);
    const { lines, hasEnded } = await startController('--fleet', `${store.url}/${bucket}`);
    await expect.poll(() => lines.filter((one) => line.test(one)).length, poll).toBe(1);
    expect([lines.some((one) => one.startsWith('leads ')), hasEnded()]).toEqual([false, false]);
  });

  it('waits for a store that is not there, leads when it is, and says that it is lost', async () => {
    const away = await startController('--fleet', 'nats://127.0.0.1:1');
    await expect.poll(() => away.lines, poll).toEqual([expect.stringMatching(/\[store-unreachable\]$/)]);
    const store = await openStore();
    const { lines, hasEnded } = await startController('--fleet', store.url, '--cells', 'north,south');
    await expect.poll(() => lines.filter((one) => /^leads the cell (north|south), /.test(one)).length, poll).toBe(2);
    process.kill(store.processId, 'SIGKILL');
    await expect.poll(() => lines.some((one) => one.endsWith('[store-unreachable]')), poll).toBe(true);
    await expect.poll(() => lines.filter((one) => one.startsWith('nobody leads the cell ')).length, poll).toBe(2);
    expect([hasEnded(), away.hasEnded(), away.lines.length]).toEqual([false, false, 1]);
  });

  // NATS answers no write that it has no room for.
  it.skipIf(!mayMount())('says once that a store with a full disk does not answer, and leads no more', async () => {
    const store = await openTinyStore();
    const { lines, hasEnded } = await startController('--fleet', store.url);
    const count = (text: string): number => lines.filter((line) => line.includes(text)).length;
    await expect.poll(() => count('leads the cell default, epoch'), poll).toBe(1);
    await fill(store);
    await expect.poll(() => count('nobody leads the cell default'), poll).toBe(1);
    expect(lines.filter((line) => line.endsWith('[store-unreachable]'))).toEqual([expect.stringMatching(/disk/)]);
    expect(hasEnded()).toBe(false);
  });

  it('says once that members ask for a cell that nobody leads, and counts them', async () => {
    const store = await openStore();
    const { lines, child } = await startController('--fleet', store.url, '--metrics-port', '0');
    await expect.poll(() => lines.some((line) => line.startsWith('leads ')), poll).toBe(true);
    const words = ['edge', '--model', 'toy:1', '--port', '0', '--cell', 'nroth'];
    const edge = await startChild([...words, '--controller', child.url], 'internal');
    undo.push(() => edge.close());
    await expect.poll(() => lines.filter((line) => line.includes('"nroth"')).length, poll).toBe(1);
    const url = lines.map((line) => /metrics at (\S+)/.exec(line)?.[1]).find((found) => found !== undefined) ?? '';
    const counted = async (): Promise<number> =>
      Number(/refusals_total\{code="cell-mismatch"\} (\d+)/.exec(await (await fetch(url)).text())?.[1] ?? 0);
    await expect.poll(counted, poll).toBeGreaterThan(1);
    expect(lines.filter((line) => line.includes('"nroth"'))).toHaveLength(1);
  });

  it('gives its cells to another one at once when it ends in order', async () => {
    const store = await openStore();
    const one = await startController('--fleet', store.url);
    await expect.poll(() => one.lines.some((line) => line.startsWith('leads ')), poll).toBe(true);
    const two = await startController('--fleet', store.url);
    await expect.poll(() => two.lines.some((line) => line.includes(`led by ${one.child.url}`)), poll).toBe(true);
    await one.child.close();
    await expect.poll(() => two.lines.some((line) => line.startsWith('leads ')), poll).toBe(true);
    // A lease that is given back is no lease that has ended.
    expect(two.lines.filter((line) => line.startsWith('nobody leads')).length).toBeLessThanOrEqual(1);
  });
});
