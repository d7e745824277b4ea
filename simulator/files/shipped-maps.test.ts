import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { townBody, townHeader } from '../world/radio-map.fixture.ts';
import { readRadioMap } from './shipped-maps.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-map-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bodySha256 = createHash('sha256').update(townBody()).digest('hex');

async function write(name: string, header: string, packed: Uint8Array): Promise<string> {
  await writeFile(join(folder, `${name}.map.gz`), packed);
  await writeFile(join(folder, `${name}.map.json`), header);
  return join(folder, `${name}.map.json`);
}

describe('readRadioMap', () => {
  it('reads a map whose hash fits', async () => {
    const path = await write('good', JSON.stringify({ ...townHeader, bodySha256 }), gzipSync(townBody()));
    expect((await readRadioMap(path)).header.sites.map(({ name }) => name)).toEqual(['west', 'east']);
  });

  it('refuses another body of the same size', async () => {
    const body = townBody();
    body[0] = 1;
    const path = await write('other', JSON.stringify({ ...townHeader, bodySha256 }), gzipSync(body));
    await expect(readRadioMap(path)).rejects.toThrow('not bodySha256');
  });

  it('unpacks no more than is announced, and no more than a map of its size can hold', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const more = await write('more', JSON.stringify({ ...townHeader, bodySha256 }), bomb);
    await expect(readRadioMap(more)).rejects.toThrow('is not a whole gzip');
    const huge = await write('huge', JSON.stringify({ ...townHeader, bodySha256, bodyBytes: 50_000_000 }), bomb);
    await expect(readRadioMap(huge)).rejects.toThrow(/announces 50000000 bytes, more than .* can hold/);
  });

  it('refuses what is broken or missing, by name', async () => {
    const cut = gzipSync(townBody()).subarray(0, 40);
    await expect(readRadioMap(await write('cut', JSON.stringify(townHeader), cut))).rejects.toThrow('not a whole gzip');
    await expect(readRadioMap(await write('text', '{', cut))).rejects.toThrow('is not JSON');
    await expect(readRadioMap(join(folder, 'none.map.json'))).rejects.toThrow('none.map.json" can\'t be read');
    await expect(readRadioMap('map.png')).rejects.toThrow('does not end in .map.json');
  });
});
