import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { coverageLayer, gainLayer, scaleColors, serverLayer, siteColors } from '../charts/map-layers.ts';
import { mapPicture } from '../charts/map-picture.ts';
import { findRadioMap, shippedMapNames } from '../files/shipped-maps.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseRadioMap, type RadioMap } from '../world/radio-map.ts';
import { mapCommand, mapCoverage } from './map.ts';

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

describe('layers', () => {
  test('the gain of the strongest site, in steps of 5 dB', () => {
    const { classes, colors, legend } = gainLayer(smallMap());
    expect([...classes]).toEqual([13, 8, 14, 0, 9, -1]);
    expect(colors.length).toBe(15);
    // The legend runs from strong to weak and names the upper edge of every other step.
    expect(legend.entries.map(({ label }) => label).slice(0, 3)).toEqual(['−60', '', '−70']);
    expect(legend.entries[0]?.color).toBe(colors[13]);
  });

  test('the gain of one site', () => {
    expect([...gainLayer(smallMap(), 1).classes]).toEqual([12, 8, 14, 14, 9, -1]);
  });

  test('the strongest site', () => {
    const { classes, siteColors: sites } = serverLayer(smallMap());
    expect([...classes]).toEqual([0, 1, 2, 0, 1, -1]);
    expect(sites?.length).toBe(2);
  });

  test('how many sites are heard', () => {
    const { classes, legend } = coverageLayer(smallMap());
    expect([...classes]).toEqual([1, 1, 2, 0, 0, -1]);
    expect(legend.entries.map(({ label }) => label)).toEqual(['2', '1']);
  });
});

test('colours differ, and are colours', () => {
  for (const colors of [scaleColors(14), siteColors(20)]) {
    expect(new Set(colors).size).toBe(colors.length);
    for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  }
});

test('the picture has cells in the right place, up is up, and names are escaped', () => {
  const svg = mapPicture(smallMap(), 'server', undefined, 'small: x');
  // Around the 3 x 2 cells is one dark cell on each side, so that the view has 4 rows. Cell 0 is in the lower row.
  expect(svg).toContain('d="M1 2h1v1h-1zM1 1h1v1h-1z"');
  expect(svg).toContain('b&#60;');
  expect(svg).toContain('nobody &#38; co');
  expect(svg).toContain('>5 m</text>');
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
