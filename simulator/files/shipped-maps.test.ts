import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { median } from '../../src/core/basics/statistics.ts';
import { shippedPath } from '../../src/models/files/shipped-path.ts';
import { gainFloor } from '../world/channel.ts';
import { townBody, townHeader } from '../world/radio-map.fixture.ts';
import { createRadioMapChannel } from '../world/radio-map-channel.ts';
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

interface Paths {
  readonly mapSha256: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly gainDb: readonly (number | null)[] }[];
}

// A map holds means over cells, so it agrees with the path solver at single points within a spread.
it.each(['munich', 'street-canyon'])('%s is within 3 dB of single paths on half of all links', async (name) => {
  const map = await readRadioMap(shippedPath(`maps/${name}.map.json`));
  const { mapSha256, points } = JSON.parse(await readFile(shippedPath(`maps/${name}.paths.json`), 'utf8')) as Paths;
  expect(mapSha256).toBe(map.header.bodySha256);
  const gain = new Float64Array(points.length * map.header.sites.length);
  const places = (axis: 'x' | 'y') => Float64Array.from(points, (point) => point[axis]);
  createRadioMapChannel(map, { deviceCount: points.length }).updateGains(places('x'), places('y'), 0, gain);
  const pathsDb = points.flatMap(({ gainDb }) => gainDb);
  const errorsDb = pathsDb.flatMap((pathDb, link) => {
    const mapGain = gain[link] as number;
    return pathDb === null || mapGain <= gainFloor * (1 + 1e-9) ? [] : [Math.abs(10 * Math.log10(mapGain) - pathDb)];
  });
  expect(errorsDb.length).toBeGreaterThan(400);
  expect(median(errorsDb)).toBeLessThan(3);
});
