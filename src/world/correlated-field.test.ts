// Mean, variance and correlation of the fields, over many views of many tiles.

import { describe, expect, it } from 'vitest';
import { createRandom } from '../basics/philox.ts';
import { createFieldTile, drawFieldView, type FieldTile, fieldAt } from './correlated-field.ts';

const tiles: readonly FieldTile[] = Array.from({ length: 5 }, (_, seed) => createFieldTile(seed, 1));

/** Mean of the products of values `distance` apart, over random places, directions and views. */
function correlationAt(distance: number, correlationMetres: number, pairs: number, seed: number): number {
  const random = createRandom(seed);
  let sum = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const tile = tiles[pair % tiles.length] as FieldTile;
    const view = drawFieldView(random, correlationMetres);
    const angle = 2 * Math.PI * random.uniform();
    const [x, y] = [random.uniform() * 1000, random.uniform() * 1000];
    const other = fieldAt(tile, view, x + distance * Math.cos(angle), y + distance * Math.sin(angle));
    sum += fieldAt(tile, view, x, y) * other;
  }
  return sum / pairs;
}

describe('a correlated field', () => {
  it('has mean 0 and variance 1 at every place, between the nodes too', () => {
    const random = createRandom(3);
    const [sums, counts] = [new Float64Array(4), new Float64Array(4)];
    let sum = 0;
    const places = 100_000;
    for (let place = 0; place < places; place++) {
      // Steps of a quarter node: the first of four is a node of the coarse grid, the third lies in its middle.
      const quarter = place % 4;
      const view = { cosine: 1, sine: 0, offsetX: 0, offsetY: 0, fineX: 0.3, fineY: 0.6 };
      const tile = tiles[place % 5] as FieldTile;
      const value = fieldAt(tile, view, random.integer(512) + quarter / 4, random.integer(512) + quarter / 4);
      sum += value;
      sums[quarter] = (sums[quarter] as number) + value * value;
      counts[quarter] = (counts[quarter] as number) + 1;
    }
    expect(Math.abs(sum / places)).toBeLessThan(0.05);
    for (let quarter = 0; quarter < 4; quarter++)
      expect(Math.abs((sums[quarter] as number) / (counts[quarter] as number) - 1)).toBeLessThan(0.06);
    const [node, middle] = [sums[0] as number, sums[2] as number];
    expect(Math.abs(middle / node - 1)).toBeLessThan(0.03);
  });

  it.each([0.3, 1, 3, 10, 20, 40])('has correlation exp(-d / 10 m) at %f m', (distance) => {
    expect(Math.abs(correlationAt(distance, 10, 100_000, 5) - Math.exp(-distance / 10))).toBeLessThan(0.03);
  });

  it('is not smooth: a twentieth of the distance already loses most of what it should', () => {
    const near = correlationAt(2.5, 50, 50_000, 6);
    expect(correlationAt(0, 50, 50_000, 6) - near).toBeGreaterThan((1 - Math.exp(-0.05)) / 2);
  });

  it('is the same when one comes back, and changes little over a millimetre', () => {
    const tile = tiles[0] as FieldTile;
    const view = drawFieldView(createRandom(7), 13);
    const first = fieldAt(tile, view, 12.3, -45.6);
    fieldAt(tile, view, 500, 500);
    expect(fieldAt(tile, view, 12.3, -45.6)).toBe(first);
    expect(Math.abs(fieldAt(tile, view, 12.301, -45.6) - first)).toBeLessThan(0.02);
  });

  it('is continuous over the seam of the tile', () => {
    const tile = tiles[0] as FieldTile;
    const view = { cosine: 1, sine: 0, offsetX: 0, offsetY: 0, fineX: 0, fineY: 0 };
    for (const y of [0, 0.5, 511.5, -0.5])
      expect(Math.abs(fieldAt(tile, view, 512 - 1e-6, y) - fieldAt(tile, view, 512 + 1e-6, y))).toBeLessThan(1e-3);
  });

  it('is uncorrelated between views', () => {
    const random = createRandom(8);
    let sum = 0;
    const pairs = 50_000;
    for (let pair = 0; pair < pairs; pair++) {
      const tile = tiles[pair % tiles.length] as FieldTile;
      const [x, y] = [random.uniform() * 500, random.uniform() * 500];
      sum += fieldAt(tile, drawFieldView(random, 10), x, y) * fieldAt(tile, drawFieldView(random, 10), x, y);
    }
    expect(Math.abs(sum / pairs)).toBeLessThan(0.02);
  });

  it('is decided by the seed', () => {
    const again = createFieldTile(0, 1);
    expect(again.smooth).toEqual((tiles[0] as FieldTile).smooth);
    expect((tiles[1] as FieldTile).smooth[0]).not.toBe(again.smooth[0]);
  });
});
