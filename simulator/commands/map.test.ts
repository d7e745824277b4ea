import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { layerOf, mapPicture } from '../charts/map-picture.ts';
import { findRadioMap, shippedMapNames } from '../files/shipped-maps.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseRadioMap, type RadioMap } from '../world/radio-map.ts';
import { mapCommand, mapCoverage } from './map.ts';

interface LayerFigure {
  readonly title: { readonly subtitle: readonly string[] };
  readonly layer: readonly { readonly data: { readonly values: readonly object[] } }[];
}

/** Two rows of three cells, the last of which is no street; gains of two sites in dB, null where no ray came. */
const gains = [
  [-60, -100, null, -131, null, null],
  [-70, -88.5, null, null, -85, null],
];

function smallMap(): RadioMap {
  const body = Buffer.alloc(6 * 2 * 2 + 1);
  for (const [site, values] of gains.entries())
    for (const [cell, gain] of values.entries())
      body.writeInt16LE(gain === null ? -32768 : gain * 100, (site * 6 + cell) * 2);
  body[24] = 0b011111;
  return parseRadioMap(
    {
      format: 'outrider-radio-map',
      version: 1,
      scene: 'small',
      seed: 1,
      frequencyHz: 3.5e9,
      cellMetres: 10,
      origin: [100, 200],
      rows: 2,
      columns: 3,
      heightMetres: 1.5,
      sites: [
        { name: 'a', x: 105, y: 205, z: 10 },
        { name: 'b<', x: 115, y: 215, z: 10 },
      ],
      gainUnitDb: 0.01,
      noEnergy: -32768,
      floorDb: -160,
      attribution: 'nobody & co',
      licence: 'none',
      bodyBytes: body.length,
      bodySha256: '0'.repeat(64),
    },
    body,
  );
}

test.each([
  ['the gain of the strongest site, in steps of 5 dB', 'gain', undefined, [-60, -90, null, -130, -85]],
  ['the gain of one site', 'gain', 1, [-70, -90, null, null, -85]],
  ['the strongest site', 'server', undefined, ['a', 'b<', null, 'a', 'b<']],
  ['how many sites are heard', 'coverage', undefined, [2, 2, null, 1, 1]],
] as const)('a picture of %s', (_, draw, site, values) => {
  expect(layerOf(smallMap(), draw, site).values.slice(0, 5)).toEqual(values);
});

test('the picture has cells in the right place, no cell off the streets, and says who made the map', () => {
  const { title, layer } = mapPicture(smallMap(), 'server', undefined, 'small: x') as unknown as LayerFigure;
  expect(title.subtitle.at(-1)).toBe('nobody & co');
  expect(layer[0]?.data.values).toEqual([
    { x: 100, toX: 110, y: 200, toY: 210, value: 'a' },
    { x: 110, toX: 120, y: 200, toY: 210, value: 'b<' },
    { x: 100, toX: 110, y: 210, toY: 220, value: 'a' },
    { x: 110, toX: 120, y: 210, toY: 220, value: 'b<' },
  ]);
  expect(layer[1]?.data.values).toEqual([{ x: 120, toX: 130, y: 200, toY: 210, value: null }]);
});

test('coverage counts street cells only', () => {
  const { rows, summary } = mapCoverage(smallMap());
  expect(rows).toMatchObject([
    { site: 'a', coveredShare: 0.6, gainDbP50: -100, strongestShare: 0.4 },
    { site: 'b<', coveredShare: 0.6, gainDbP50: -85, strongestShare: 0.4 },
  ]);
  expect(summary).toMatchObject({ streetCells: 5, coveredShare: 0.8, coveredByTwoShare: 0.4, sitesPerCellMean: 1.2 });
});

describe('maps that come with outrider', () => {
  test('are found by name', async () => {
    expect(await shippedMapNames()).toEqual(['munich', 'munich-scattering', 'street-canyon']);
    expect((await findRadioMap('street-canyon')).header.sites.length).toBe(4);
    await expect(findRadioMap('berlin')).rejects.toMatchObject({
      code: 'bad-argument',
      remedy: expect.stringContaining('munich'),
    });
  });

  test('are those that the presets were made for', async () => {
    for (const name of ['munich', 'street-canyon'] as const) {
      const { header } = await findRadioMap(name);
      expect(readPreset(name, []).channel).toMatchObject({ kind: 'map', map: name, sha256: header.bodySha256 });
    }
  });

  test('cover their streets', async () => {
    const { summary } = mapCoverage(await findRadioMap('munich'));
    expect(summary['coveredShare']).toBeGreaterThan(0.99);
  });
});

describe('outrider map show', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-map-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const show = (...flags: string[]) => mapCommand().parseAsync(['show', 'street-canyon', ...flags], { from: 'user' });

  test('draws a PNG and prints one document', async () => {
    let printed = '';
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    const file = join(folder, 'map.png');
    await show('--figure', file, '--draw', 'coverage', '--json');
    write.mockRestore();
    expect(JSON.parse(printed)).toMatchObject({ command: 'map show', params: { map: 'street-canyon' } });
    expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
  });

  test('refuses what it can not draw', async () => {
    await expect(show('--figure', 'map.svg')).rejects.toThrow('does not end in .png');
    await expect(show('--site', 'es9')).rejects.toMatchObject({ remedy: 'Its sites: es0, es1, es2, es3.' });
    await expect(show('--figure', join(folder, 'none', 'map.png'))).rejects.toThrow('ENOENT');
  });
});
