// Mean, variance and correlation of the fields, over many views of many tiles.

import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { createFieldTile, drawFieldView, type FieldTile, fieldAt } from './correlated-field.ts';

const tiles: readonly FieldTile[] = Array.from({ length: 5 }, (_, seed) => createFieldTile(seed, 1));

/** Mean product of two values that are `distance` apart, over random places, directions and views. */
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

  it('gives the fine part 0.15 of the variance', () => {
    const sum = tiles.reduce((total, { fine }) => total + fine.reduce((part, value) => part + value * value, 0), 0);
    expect(Math.abs(sum / (tiles.length * 512 * 512) - 0.15)).toBeLessThan(0.01);
  });

  it.each([0.3, 1, 3, 10, 20, 40])('has correlation exp(-d / 10 m) at %f m', (distance) => {
    expect(Math.abs(correlationAt(distance, 10, 100_000, 5) - Math.exp(-distance / 10))).toBeLessThan(0.03);
  });

  it('is not smooth: a twentieth of the correlation distance already loses most of its share', () => {
    const near = correlationAt(2.5, 50, 50_000, 6);
    expect(correlationAt(0, 50, 50_000, 6) - near).toBeGreaterThan((1 - Math.exp(-0.05)) / 2);
  });

  it('has the same value when a device comes back, and changes little over a millimetre', () => {
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

  it('differs from exp(-d) by less than 0.005 on average, by exact sums over the nodes that two places use', () => {
    for (const lag of [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5]) {
      let sum = 0;
      let count = 0;
      for (const angle of [0, Math.PI / 8, Math.PI / 4, 1.1]) {
        for (let place = 0; place < 256; place++) {
          const [x, y] = [16 + ((place % 16) + 0.5) / 16, 16 + (Math.floor(place / 16) + 0.5) / 16];
          const other = [x + 8 * lag * Math.cos(angle), y + 8 * lag * Math.sin(angle)] as const;
          sum += exactCovariance([x, y], other);
          count++;
        }
      }
      expect(Math.abs(sum / count - Math.exp(-lag)), `at ${lag}`).toBeLessThan(0.005);
    }
    expect(exactCovariance([16.3, 16.8], [16.3, 16.8])).toBeCloseTo(1, 4);
  });
});

type Place = readonly [x: number, y: number];

/** Covariance of the values at two places (in nodes of the coarse tile), over all tiles. */
function exactCovariance(one: Place, other: Place): number {
  const smooth = 0.85 / (1 - 1 / 8);
  return (
    levelCovariance('smooth', one, other, (d) => smooth * (Math.exp(-d) - Math.exp(-8 * d) / 8)) +
    levelCovariance('fine', one, other, (d) => 0.15 * Math.exp(-d))
  );
}

function levelCovariance(
  level: 'smooth' | 'fine',
  one: Place,
  other: Place,
  covariance: (distance: number) => number,
): number {
  const ends = nodesRead(level, other);
  return nodesRead(level, one).reduce(
    (sum, from) =>
      sum +
      ends.reduce((part, to) => {
        const distance = Math.hypot(from.column - to.column, from.row - to.row) / 8;
        return part + from.weight * to.weight * covariance(distance);
      }, 0),
    0,
  );
}

const dark: FieldTile = { smooth: new Float32Array(512 * 512), fine: new Float32Array(512 * 512) };

/** The weight of each node at a place, found by setting one node at a time. */
function nodesRead(level: 'smooth' | 'fine', [x, y]: Place): { column: number; row: number; weight: number }[] {
  const view = { cosine: 1, sine: 0, offsetX: 0, offsetY: 0, fineX: 0, fineY: 0 };
  const scale = level === 'smooth' ? 1 : 8;
  const [column, row] = [Math.floor(x * scale), Math.floor(y * scale)];
  return [0, 1, 2, 3].map((corner) => {
    const [toColumn, toRow] = [column + (corner & 1), row + (corner >> 1)];
    const node = toRow * 512 + toColumn;
    dark[level][node] = 1;
    const weight = fieldAt(dark, view, x, y);
    dark[level][node] = 0;
    return { column: toColumn, row: toRow, weight };
  });
}
