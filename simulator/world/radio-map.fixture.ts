// A town of four blocks for tests, small enough to check by hand: 12 x 16 cells of 5 m, streets round and between the blocks,
// and an alley into one of them in row 2, so that the town has no symmetry.
//
//     row 0 ................     . street, # building
//         .######..######.
//         ...              two rows of streets in the middle, likewise two columns

import { parseRadioMap, type RadioMap, type RadioMapSite } from './radio-map.ts';

export const townRows = 12;
export const townColumns = 16;

export function isTownStreet(row: number, column: number): boolean {
  const isStreetRow = row === 0 || row === 5 || row === 6 || row === 11;
  const isStreetColumn = column === 0 || column === 7 || column === 8 || column === 15;
  const isAlley = row === 2 && column < 3;
  return isStreetRow || isStreetColumn || isAlley;
}

export interface TownHeader {
  readonly sites: readonly RadioMapSite[];
  readonly bodyBytes: number;
  readonly [field: string]: unknown;
}

export const townHeader: TownHeader = {
  format: 'outrider-radio-map',
  version: 1,
  scene: 'town',
  seed: 1,
  frequencyHz: 3.5e9,
  cellMetres: 5,
  origin: [-40, -30],
  rows: townRows,
  columns: townColumns,
  heightMetres: 1.5,
  sites: [
    { name: 'west', x: -35, y: 0, z: 10 },
    { name: 'east', x: 35, y: 0, z: 10 },
  ],
  gainUnitDb: 0.01,
  noEnergy: -32768,
  floorDb: -160,
  attribution: 'made up for tests',
  licence: 'Apache-2.0',
  bodyBytes: 2 * townRows * townColumns * 2 + (townRows * townColumns) / 8,
  bodySha256: '0'.repeat(64),
};

/** Gains fall by 1 dB a column to the east for `west`, by 2 dB a row to the north for `east`; `east` has no energy in row 0. */
export function townGainDb(site: number, row: number, column: number): number | null {
  if (!isTownStreet(row, column)) return null;
  if (site === 0) return -70 - column;
  return row === 0 ? null : -80 - 2 * row;
}

export function townBody(): Uint8Array {
  const body = new Uint8Array(townHeader.bodyBytes);
  const view = new DataView(body.buffer);
  const cellCount = townRows * townColumns;
  for (let cell = 0; cell < cellCount; cell++) {
    const [row, column] = [Math.floor(cell / townColumns), cell % townColumns];
    for (const site of [0, 1]) {
      const gainDb = townGainDb(site, row, column);
      view.setInt16(2 * (site * cellCount + cell), gainDb === null ? -32768 : Math.round(gainDb * 100), true);
    }
    const byte = 4 * cellCount + (cell >> 3);
    if (isTownStreet(row, column)) body[byte] = (body[byte] as number) | (1 << (cell & 7));
  }
  return body;
}

export function townMap(): RadioMap {
  return parseRadioMap(townHeader, townBody());
}
