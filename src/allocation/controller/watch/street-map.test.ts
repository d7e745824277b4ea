import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mostWatchBytes } from './fleet-view.ts';
import { encodeStreets, streetMapOf, streetsOf } from './street-map.ts';

const grid = { originX: -7, originY: 3, cellMetres: 2, columns: 4 };

it('comes to the page as the streets that it was made of', () => {
  const cells = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(cells, (isStreet) => {
      const bytes = encodeStreets(streetMapOf(grid, isStreet));
      const map = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()));
      expect(map.kind).toBe('map');
      const found = isStreet.map(() => false);
      for (const [west, south, width, height] of streetsOf(map)) {
        expect(height).toBe(2);
        const first = ((south - 3) / 2) * 4 + (west + 7) / 2;
        // In one row, and in none twice.
        expect(Math.floor(first / 4)).toBe(Math.floor((first + width / 2 - 1) / 4));
        for (let cell = first; cell < first + width / 2; cell += 1) {
          expect(found[cell]).toBe(false);
          found[cell] = true;
        }
      }
      expect(found).toEqual(isStreet);
    }),
  );
});

it('is not sent where it is too large', () => {
  const isStreet = Array.from({ length: mostWatchBytes }, (_, cell) => cell % 2 === 0);
  expect(encodeStreets(streetMapOf(grid, isStreet))).toBeNull();
});
