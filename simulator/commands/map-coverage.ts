// The share of a map's street cells that each site reaches, and the share that it serves best.

import { median } from '../../src/core/basics/statistics.ts';
import type { Result } from '../../src/files/document.ts';
import { gainAt, siteCountAt, strongestSite } from '../charts/map-layers.ts';
import type { RadioMap } from '../world/radio-map.ts';

/** One row per site; shares are of the street cells, gains in dB over the cells that the site reaches. */
export function mapCoverage(map: RadioMap): Result {
  const { header, streets } = map;
  const cells = Array.from(streets.walkable.keys()).filter((cell) => streets.walkable[cell] === 1);
  const strongest = cells.map((cell) => strongestSite(map, cell));
  const heard = cells.map((cell) => siteCountAt(map, cell));
  const share = (count: number): number => count / cells.length;
  const rows = header.sites.map(({ name, x, y, z }, site) => {
    const gains = cells.map((cell) => gainAt(map, site, cell)).filter((gain) => !Number.isNaN(gain));
    return {
      site: name,
      x,
      y,
      z,
      coveredShare: share(gains.length),
      gainDbP50: gains.length === 0 ? null : median(gains),
      strongestShare: share(strongest.filter((one) => one === site).length),
    };
  });
  const summary = {
    scene: header.scene,
    frequencyHz: header.frequencyHz,
    cellMetres: header.cellMetres,
    streetCells: cells.length,
    coveredShare: share(heard.filter((count) => count > 0).length),
    coveredByTwoShare: share(heard.filter((count) => count > 1).length),
    sitesPerCellMean: share(heard.reduce((sum, count) => sum + count, 0)),
  };
  return { rows, summary };
}
