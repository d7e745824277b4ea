// What a controller reads of a radio map are the streets of the simulator.

import { expect, it } from 'vitest';
import { streetsOf } from '../../src/allocation/controller/watch/street-map.ts';
import { readStreetMap } from '../../src/files/street-map-file.ts';
import { shippedPath } from '../../src/models/files/shipped-path.ts';
import { isStreet } from '../world/street-mask.ts';
import { findRadioMap } from './shipped-maps.ts';

it.each(['munich', 'street-canyon'])('has the streets of %s', async (name) => {
  const { streets } = await findRadioMap(name);
  const read = streetsOf(await readStreetMap(shippedPath(`maps/${name}.map.json`)));
  let cells = 0;
  for (const [west, south, width] of read) {
    for (let x = west + streets.cellMetres / 2; x < west + width; x += streets.cellMetres) {
      cells += 1;
      expect(isStreet(streets, x, south + streets.cellMetres / 2)).toBe(true);
    }
  }
  expect(cells).toBe(streets.walkable.reduce((sum, one) => sum + one, 0));
});

it.each(['none.map.json', 'package.json', 'maps/munich.map.gz'])('refuses %s', async (path) => {
  await expect(readStreetMap(shippedPath(path))).rejects.toMatchObject({ code: 'bad-argument' });
});
