// Radio maps: the path gain from each site to every street cell of a city, computed beforehand by ray tracing. docs/research/channels.md
// has the format; the caller reads the files and checks their hash.

import { badArgument } from '../../src/core/basics/errors.ts';
import { parseRadioMapHeader, type RadioMapHeader } from './radio-map-header.ts';
import type { StreetMask } from './street-mask.ts';

/** Path gains of some sites over a grid, traced beforehand; see {@link parseRadioMap}. */
export interface RadioMap {
  readonly header: RadioMapHeader;
  readonly streets: StreetMask;
  /** The path gain in dB of site s at cell c is [c * sites + s]; NaN where no ray arrived. */
  readonly gainDb: Float32Array;
}

/**
 * @param header the parsed JSON
 * @param body the uncompressed bytes
 * @throws OutriderError `bad-argument` naming the field that does not fit
 */
export function parseRadioMap(header: unknown, body: Uint8Array): RadioMap {
  const known = parseRadioMapHeader(header);
  const { rows, columns, cellMetres, sites, originX, originY } = known;
  const cellCount = rows * columns;
  const gainBytes = sites.length * cellCount * 2;
  const expectedBytes = gainBytes + Math.ceil(cellCount / 8);
  if (body.length !== expectedBytes || known.bodyBytes !== expectedBytes) {
    throw badArgument(
      `the map's body has ${body.length} bytes and bodyBytes is ${known.bodyBytes}, but ${sites.length} sites of ${rows} x ${columns} cells need ${expectedBytes}`,
      'take header and body from the same export',
    );
  }
  const walkable = new Uint8Array(cellCount);
  for (let cell = 0; cell < cellCount; cell++)
    walkable[cell] = ((body[gainBytes + (cell >> 3)] as number) >> (cell & 7)) & 1;
  if (!walkable.includes(1)) {
    throw badArgument('the map has no street cell', 'export it again with the whole scene');
  }
  return {
    header: known,
    streets: { originX, originY, cellMetres, rows, columns, walkable },
    gainDb: readGains(known, body, walkable),
  };
}

/** The file is ordered by site, the memory by cell, because a device looks up all sites of one place. */
function readGains(header: RadioMapHeader, body: Uint8Array, walkable: Uint8Array): Float32Array {
  const { sites, gainUnitDb, noEnergy, floorDb } = header;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const gainDb = new Float32Array(walkable.length * sites.length).fill(Number.NaN);
  for (let site = 0; site < sites.length; site++) {
    for (let cell = 0; cell < walkable.length; cell++) {
      const stored = view.getInt16((site * walkable.length + cell) * 2, true);
      if (stored === noEnergy) continue;
      const gain = stored * gainUnitDb;
      if (gain > 0 || gain < floorDb) {
        throw badArgument(
          `site "${sites[site]?.name}" has a gain of ${gain} dB at cell ${cell}; allowed are ${floorDb} to 0`,
          'export the map again; a path gain is never above 0 dB',
        );
      }
      gainDb[cell * sites.length + site] = gain;
    }
  }
  return gainDb;
}
