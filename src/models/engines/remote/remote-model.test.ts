// A model in another process: the model contract through the protocol, and what happens when the worker breaks each of its rules.

import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Candidates } from '../../../core/decoding/candidates.ts';
import { createMoodyEngine, inGroupsOfFour } from '../../exactness/moody-engine.fixture.ts';
import { folderOfAll } from '../../gguf/folder.fixture.ts';
import { describeModelContract } from '../../port/model.contract.ts';
import type { LanguageModel } from '../../port/model.ts';
import {
  type FakeOptions,
  type FakeWorker,
  type FaultName,
  fakeModel,
  startFakeWorker,
} from './fake-worker.fixture.ts';
import { openRemoteModel, type RemoteOptions } from './open-remote.ts';
import type { EngineEvent } from './remote-model.ts';

const here = folderOfAll();

const anyPort = { kind: 'tcp', port: 0 } as const;

interface Bed extends AsyncDisposable {
  readonly worker: FakeWorker;
  readonly model: LanguageModel;
  readonly events: EngineEvent[];
  /** The fault of each further rows frame. */
  fault: FaultName | undefined;
}

function options(more: Partial<RemoteOptions> = {}): RemoteOptions {
  return { model: 'toy', sequences: 8, contextLength: 512, exact: false, cacheDirectory: here(), tickMs: 30, ...more };
}

async function bed(more: Partial<RemoteOptions> = {}, fake: Partial<FakeOptions> = {}): Promise<Bed> {
  const events: EngineEvent[] = [];
  const tells = { fault: undefined as FaultName | undefined };
  const worker = await startFakeWorker({ address: anyPort, faultAt: () => tells.fault, ...fake });
  const onEngine = (event: EngineEvent): void => void events.push(event);
  const opening = openRemoteModel(worker.address, options({ onEngine, ...more }));
  const model = await opening.catch(async (error: unknown) => {
    await worker[Symbol.asyncDispose]();
    throw error;
  });
  const dispose = async (): Promise<void> => {
    await model.close();
    await worker[Symbol.asyncDispose]();
  };
  return Object.assign(tells, { worker, model, events, [Symbol.asyncDispose]: dispose });
}

const text = Array.from({ length: 60 }, (_, index) => 300 + index * 7);

/** What the toy itself says after each token. */
async function expected(): Promise<Candidates[]> {
  const model = fakeModel();
  const [rows] = await model.evaluate([{ sequence: model.openSequence(), tokens: text, rows: text.length }]);
  return rows as Candidates[];
}

const copyCase = 'a copy holds what the original held, and neither changes the other afterwards';
const workers: FakeWorker[] = [];
describeModelContract(
  'the toy in another process',
  async () => {
    // A worker serves one edge at a time.
    const worker = await startFakeWorker({ address: anyPort });
    workers.push(worker);
    return openRemoteModel(worker.address, options({ contextLength: 192 }));
  },
  { skip: [{ case: copyCase, reason: 'it copies none' }] },
);
afterAll(() => Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]())));

describe('a model in another process', () => {
  it('finds the shape law of its engine, and remembers it', async () => {
    const moody = createMoodyEngine(inGroupsOfFour);
    const served = { ...moody.bench, limits: { ...moody.bench.limits, maxItemTokens: 63 } };
    const law = { multiple: 1, least: 1, most: 63, merges: true };
    let first: unknown;
    for (const isKnown of [false, true]) {
      const tried: string[] = [];
      const onLawProgress = (words: string): void => void tried.push(words);
      await using one = await bed({ exact: true, onLawProgress }, { model: served, hello: { law } });
      // What the worker expects is tried first, and does not hold.
      expect(tried.at(0)).toBe(isKnown ? undefined : 'any shape');
      expect(one.model.limits.law).not.toEqual(law);
      first ??= one.model.limits.law;
      expect(one.model.limits.law).toEqual(first);
      const [whole, apart] = [one.model.openSequence(), one.model.openSequence()];
      const [rows] = await one.model.evaluate([{ sequence: whole, tokens: text, rows: text.length }]);
      const single: Candidates[] = [];
      for (const id of text)
        single.push(...((await one.model.evaluate([{ sequence: apart, tokens: [id], rows: 1 }]))[0] ?? []));
      expect(single).toEqual(rows);
    }
  });

  it('tries the law first that the worker expects', async () => {
    const law = { multiple: 1, least: 1, most: 1, merges: true };
    await using one = await bed({ exact: true }, { hello: { law, parts: { fingerprint: 'one row' } } });
    expect(one.model.limits.law).toEqual(law);
  });

  it.each([
    { contextLength: 1000, isFound: true },
    { contextLength: 512, isFound: false },
  ])('compares calls up to the end of a context of $contextLength', async ({ contextLength, isFound }) => {
    const moody = createMoodyEngine((row) => (row.contextLength > 700 ? row.callRows : 0));
    const served = { ...moody.bench, limits: { ...moody.bench.limits, maxItemTokens: 63 } };
    const parts = { fingerprint: `to ${contextLength}` };
    await using one = await bed({ exact: true, contextLength }, { model: served, hello: { parts } });
    expect(one.model.limits.law.most < 63).toBe(isFound);
  });

  it('evaluates its texts again for the next worker, and callers only wait', async () => {
    await using one = await bed();
    const rows = await expected();
    const sequences = [one.model.openSequence(), one.model.openSequence()];
    const found: Candidates[][] = [[], []];
    for (let at = 0; at < 60; at += 6) {
      const items = sequences.map((sequence) => ({ sequence, tokens: text.slice(at, at + 6), rows: 6 }));
      const work = one.model.evaluate(items);
      if (at % 12 === 0) one.worker.drop();
      for (const [index, lists] of (await work).entries()) found[index]?.push(...lists);
      if (at % 18 === 0) {
        one.worker.drop();
        await sequences[0]?.truncate(at + 3);
        const [again] = await one.model.evaluate([
          { sequence: sequences[0] as never, tokens: text.slice(at + 3, at + 6), rows: 3 },
        ]);
        expect(again).toEqual(rows.slice(at + 3, at + 6));
      }
    }
    expect(found).toEqual([rows, rows]);
    expect(one.model.isWaiting).toBe(false);
    expect(one.model.waitCount).toBeGreaterThan(6);
    expect(one.events.map(({ kind }) => kind)).not.toContain('ended');
  });

  it.each(['dies', 'hangs'] as const)('outlasts a worker that %s', async (fault) => {
    await using one = await bed({ countsChanges: false }, { faultAt: (rows) => (rows === 2 ? fault : undefined) });
    const sequence = one.model.openSequence();
    await one.model.evaluate([{ sequence, tokens: text.slice(0, 30), rows: 0 }]);
    const [rows] = await one.model.evaluate([{ sequence, tokens: text.slice(30), rows: 30 }]);
    expect(rows).toEqual((await expected()).slice(30));
    expect(one.events.map(({ kind }) => kind)).toEqual(['lost', 'back']);
  });

  it('waits for a late worker as long as it says that it works', async () => {
    await using one = await bed();
    const sequence = one.model.openSequence();
    one.fault = 'late';
    expect((await one.model.evaluate([{ sequence, tokens: text, rows: 60 }]))[0]).toEqual(await expected());
    expect(one.events).toEqual([]);
  });

  const broken: readonly [FaultName, string][] = [
    ['too-few-rows', 'rows of the'],
    ['many-rows', 'are the most'],
    ['longer-length', ''],
    ['shorter-length', ''],
    ['huge-length', 'a frame of 4294967295 bytes'],
    ['other-step', '"rows" was not asked for'],
    ['rows-unasked', '"rows" was not asked for'],
    ['id-beyond', 'of a vocabulary of 49152'],
    ['id-twice', 'twice in a row'],
    ['no-candidates', 'a row without candidates'],
    ['unknown-kind', 'an unknown kind'],
  ];
  it.each(broken)('drops a worker with %s, and refuses the step if each one is so', async (fault, words) => {
    await using one = await bed();
    const sequence = one.model.openSequence();
    await one.model.evaluate([{ sequence, tokens: text.slice(0, 30), rows: 0 }]);
    one.fault = fault;
    const item = { sequence, tokens: text.slice(30), rows: 30 };
    // A frame too many comes after the step has its rows: the next one notices.
    const message = expect.stringContaining(words);
    const refusal = fault === 'longer-length' ? { code: 'engine-lost' } : { code: 'engine-refused', message };
    if (fault === 'rows-unasked') await one.model.evaluate([item]);
    else await expect(one.model.evaluate([item])).rejects.toMatchObject(refusal);
    one.fault = undefined;
    if (fault === 'rows-unasked') await sequence.truncate(30);
    expect((await one.model.evaluate([item]))[0]).toEqual((await expected()).slice(30));
    expect(one.events.some((event) => event.kind === 'lost' && event.cause.includes(words))).toBe(true);
  });

  it.each([
    ['no-memory', 'memory-full', '12 blocks'],
    ['no-numbers', 'engine-failed', 'no numbers'],
  ] as const)('reports %s of one step, and goes on', async (fault, code, words) => {
    await using one = await bed();
    const sequence = one.model.openSequence();
    await one.model.evaluate([{ sequence, tokens: text.slice(0, 20), rows: 0 }]);
    one.fault = fault;
    const item = { sequence, tokens: text.slice(20), rows: 40 };
    await expect(one.model.evaluate([item])).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    expect(sequence.length).toBe(20);
    one.fault = undefined;
    expect((await one.model.evaluate([item]))[0]).toEqual((await expected()).slice(20));
    expect(one.events).toEqual([]);
  });

  it('ignores rows of a step that was given up', async () => {
    await using one = await bed();
    const sequence = one.model.openSequence();
    one.fault = 'late';
    const work = one.model.evaluate([{ sequence, tokens: text.slice(0, 9), rows: 1 }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    one.model.giveUp?.();
    await expect(work).rejects.toThrow('given up');
    one.fault = undefined;
    expect((await one.model.evaluate([{ sequence, tokens: text, rows: 60 }]))[0]).toEqual(await expected());
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await one.model.evaluate([{ sequence, tokens: [5], rows: 1 }])).toHaveLength(1);
    expect(one.events).toEqual([]);
  });

  it('ends where the engine comes back as another one', async () => {
    await using one = await bed();
    const sequence = one.model.openSequence();
    one.fault = 'other-parts';
    one.worker.drop();
    for (const _ of ['now', 'later']) {
      const work = one.model.evaluate([{ sequence, tokens: text, rows: 1 }]);
      await expect(work).rejects.toMatchObject({ code: 'engine-changed' });
    }
    expect(one.events.at(-1)).toMatchObject({ kind: 'ended', error: { code: 'engine-changed' } });
  });

  it('waits without end for a worker, unless it is closed or the wait given up', async () => {
    const one = await bed();
    const sequence = one.model.openSequence();
    await one.worker[Symbol.asyncDispose]();
    const works = [1, 2].map((id) => one.model.evaluate([{ sequence, tokens: [id], rows: 1 }]));
    await expect.poll(() => one.model.isWaiting).toBe(true);
    await expect.poll(() => one.events.map(({ kind }) => kind)).toContain('awaited');
    one.model.giveUp?.();
    await expect(works[0]).rejects.toThrow('given up');
    await one.model.close();
    await expect(works[1]).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('a worker is refused', () => {
  it.each([
    ['version-2', 'version-mismatch', 'speaks version 2'],
    ['no-hello-fields', 'engine-refused', 'its hello is not valid at engine'],
    ['other-tokenizer', 'tokenizer-mismatch', 'where the engine has'],
  ] as const)('with %s', async (fault, code, words) => {
    const message = expect.stringContaining(words);
    await expect(bed({}, { faultAt: () => fault })).rejects.toMatchObject({ code, message });
  });

  it('with more tokens than a vocabulary has, before a list of them is made', async () => {
    await expect(bed({}, { hello: { vocabularySize: 4_000_001 } })).rejects.toMatchObject({ code: 'engine-refused' });
  });

  it('with a tokenizer that nothing can be compared with', async () => {
    await (await bed({}, { hello: { encodes: false } }))[Symbol.asyncDispose]();
    const other = { encodes: false, tokenizer: { format: 'gguf', sha256: '0'.repeat(64) } };
    await expect(bed({}, { hello: other })).rejects.toMatchObject({ code: 'tokenizer-mismatch' });
  });

  it('where no tokenizer is named', async () => {
    const message = expect.stringContaining('no tokenizer');
    await expect(bed({ model: 'none' })).rejects.toMatchObject({ code: 'bad-argument', message });
  });

  it('at a socket that others may write, or replace', async () => {
    const folder = here('open');
    await mkdir(folder, { mode: 0o700 });
    const path = join(folder, 'rows');
    await using one = await startFakeWorker({ address: { kind: 'unix', path } });
    const open = async (): Promise<void> => (await openRemoteModel(one.address as never, options())).close();
    await open();
    const refused = { code: 'engine-refused', remedy: expect.stringContaining('chmod 600') };
    for (const mode of [0o602, 0o620]) {
      await chmod(path, mode);
      await expect(open()).rejects.toMatchObject(refused);
    }
    await chmod(path, 0o600);
    const replaceable = { code: 'engine-refused', message: expect.stringContaining('replace') };
    for (const mode of [0o770, 0o707]) {
      await chmod(folder, mode);
      await expect(open()).rejects.toMatchObject(replaceable);
    }
    await chmod(folder, 0o1777);
    await open();
  });
});
