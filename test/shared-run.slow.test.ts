// Three processes share a run by a NATS server; one of them is killed, then the server, which comes back with what it has kept. The others end
// with what one process alone finds.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { natsServerPath, startNatsServer } from '../simulator/files/nats-server.ts';
import { openNatsRecord } from '../simulator/runner/nats-record.ts';
import { openNatsFleetStore, parseNatsAddress } from '../src/files/nats-fleet-store.ts';

const isThere = spawnSync(natsServerPath(), ['--version']).status === 0;
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

const module = (path: string): string => new URL(path, import.meta.url).href;

/** A run of twelve units; prints which of them it has measured, and at last what it has found. */
const program = `
const { runExperiment } = await import('${module('../simulator/runner/run.ts')}');
const { openNatsRecord } = await import('${module('../simulator/runner/nats-record.ts')}');
await using shared = await openNatsRecord({ record: process.env.RECORD }, (line) => console.error(line));
const units = Array.from({ length: 12 }, (_, index) => ({
  key: \`unit \${index}\`,
  async measure() {
    console.error(\`measures \${index}\`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { index, text: 'long '.repeat(200 * index) };
  },
}));
const experiment = {
  name: 'bench units',
  description: '',
  options: {},
  measure: (_, run) => run.all('units', units),
  conclude: (found) => ({ rows: found, summary: {} }),
};
console.log(JSON.stringify((await runExperiment(experiment, {}, { record: shared?.open })).rows));
`;

function start(url: string | undefined) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Node leaves out what is undefined.
    env: { ...process.env, RECORD: url },
  });
  started.push(child);
  const measured: string[] = [];
  child.stderr.on('data', (part: Buffer) => measured.push(...(part.toString().match(/(?<=measures )\d+/g) ?? [])));
  const found = Promise.all([text(child.stdout), once(child, 'close')]).then(([rows]) => JSON.parse(rows) as unknown);
  found.catch(() => {});
  return { child, measured, found };
}

describe.skipIf(!isThere)('a run that three processes share by NATS', () => {
  it('ends with the numbers of one, also where one of them and the store are killed', {
    timeout: 120_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outrider-record-'));
    const first = await startNatsServer({ folder });
    const url = `${first.url}/sweep`;
    const [killed, ...others] = [start(url), start(url), start(url)];
    await expect.poll(() => killed?.measured.length, { timeout: 30_000 }).toBeGreaterThan(0);
    killed?.child.kill('SIGKILL');
    process.kill(first.processId, 'SIGKILL');
    await first.lost;
    await using server = await startNatsServer({ folder, port: Number(new URL(url).port) });
    expect(server.url).toBe(first.url);
    const alone = await start(undefined).found;
    for (const { found } of others) expect(await found).toEqual(alone);
    // One of each process may be lost with it, or with the store, and is measured again.
    const measured = [killed, ...others].flatMap((one) => one?.measured ?? []).length;
    expect(measured).toBeGreaterThanOrEqual(12);
    expect(measured).toBeLessThanOrEqual(15);
    for (const { measured: own } of others) expect(own.length).toBeLessThan(12);
    await using record = await openNatsRecord({ record: url }, () => {});
    await expect(record?.open('bench units', { version: 'another' })).rejects.toThrow('other settings (version)');
    await rm(folder, { recursive: true, force: true });
  });

  it('is refused at once with wrong credentials, and in the bucket of a fleet', async () => {
    await using server = await startNatsServer({ more: ['--user', 'a', '--pass', 'b'] });
    const record = `${server.url}/x`;
    const folder = await mkdtemp(join(tmpdir(), 'outrider-credentials-'));
    const [right, wrong] = [join(folder, 'right'), join(folder, 'wrong')];
    await writeFile(right, 'a:b\n');
    await writeFile(wrong, 'a:c\n');
    const notes: string[] = [];
    const open = (recordCredentials: string) =>
      openNatsRecord({ record, recordCredentials }, (note) => notes.push(note));
    await expect(open(wrong)).rejects.toMatchObject({ code: 'unauthorized' });
    const fleet = await openNatsFleetStore({ ...parseNatsAddress(record), credentials: 'a:b', onState: () => {} });
    const write = (): Promise<string> => new Promise((done) => fleet.put('fleet', '1', ({ kind }) => done(kind)));
    await expect.poll(write, { timeout: 10_000 }).toBe('done');
    await expect(open(right)).rejects.toMatchObject({ code: 'version-mismatch' });
    expect(notes).toEqual([]);
    await fleet[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('is refused where the address names no record', async () => {
    await expect(openNatsRecord({ record: 'nats://127.0.0.1:1' }, () => {})).rejects.toThrow('names no record');
    await expect(openNatsRecord({ record: 'http://127.0.0.1:1/x' }, () => {})).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });
});
