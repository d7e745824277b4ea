// `outrider trial channels`: is the radio what it claims to be? TR 38.901 against vectors computed elsewhere, its fields against
// the distributions of the specification, and radio maps against single paths.

import { setImmediate } from 'node:timers/promises';
import { shippedPath } from '../../model-files/shipped-path.ts';
import golden from '../../world/golden/tr38901.json' with { type: 'json' };
import { createTr38901Channel } from '../../world/tr38901-channel.ts';
import {
  type BuildingLoss,
  losProbability,
  pathLossDb,
  pathLossTerms,
  wallLossDb,
} from '../../world/tr38901-path-loss.ts';
import { addSeed, type CreateChannel, createSums, fieldRows } from './fields.ts';
import { type MapErrors, mapRows, measureMaps } from './map.ts';
import type { ChannelRow } from './row.ts';

export interface TrialChannelsOptions {
  /** How many worlds the statistics are taken over. */
  readonly worlds: number;
  /** Of the first world. */
  readonly seed: number;
  /** Where maps lie; the repository's own without it. */
  readonly mapFolder?: string;
  readonly progress?: (done: number, total: number) => void;
}

export interface TrialChannelsSummary extends Readonly<Record<string, number | string | boolean>> {
  readonly vectors: number;
  readonly worstErrorDb: number;
  /** The largest distance of a measured correlation from exp(-d / correlation distance). */
  readonly correlationError: number;
  /** Over the links of all maps; "no map" where none is at hand. */
  readonly mapMedianErrorDb: number | string;
  readonly promiseHeld: boolean;
}

/** dB, and for probabilities a plain number. */
const vectorLimit = 1e-9;

/** @param create is what is on trial; another may be given to see the trial fail */
export async function trialChannels(
  options: TrialChannelsOptions,
  create: CreateChannel = createTr38901Channel,
): Promise<{ rows: ChannelRow[]; summary: TrialChannelsSummary }> {
  const vectors = vectorRows();
  const folder = options.mapFolder ?? shippedPath('maps');
  const maps = await measureMaps(folder);
  const sums = createSums();
  for (let world = 0; world < options.worlds; world++) {
    addSeed(sums, options.seed + world, create);
    options.progress?.(world + 1, options.worlds);
    await setImmediate();
  }
  const rows = [...vectors, ...fieldRows(sums), ...mapRows(maps)];
  return { rows, summary: summarise(rows, maps) };
}

function summarise(rows: readonly ChannelRow[], maps: readonly MapErrors[]): TrialChannelsSummary {
  const vectors = rows.filter(({ case: name }) => name.startsWith('vectors'));
  const correlations = rows.filter(({ case: name }) => name.endsWith('correlation'));
  const errorsDb = maps.flatMap(({ errorsDb: errors }) => errors);
  const [all] = mapRows([{ name: 'all', errorsDb, lonelyCount: 0, biasDb: 0 }]);
  return {
    vectors: vectors.reduce((sum, { samples }) => sum + samples, 0),
    worstErrorDb: Math.max(...vectors.map(({ error }) => error)),
    correlationError: Math.max(...correlations.map(({ error }) => error)),
    mapMedianErrorDb: errorsDb.length === 0 ? 'no map' : (all?.error ?? Number.NaN),
    mapLonelyLinks: maps.reduce((sum, { lonelyCount }) => sum + lonelyCount, 0),
    promiseHeld: rows.every(({ error, limit }) => error <= limit),
  };
}

function vectorRows(): ChannelRow[] {
  const links = golden.links.map((vector) => {
    const terms = pathLossTerms(vector.carrierGhz, vector.siteHeightMetres, vector.deviceHeightMetres);
    const squared = vector.distanceMetres ** 2;
    return {
      los: Math.abs(pathLossDb(terms, squared, true) - vector.losDb),
      nlos: Math.abs(pathLossDb(terms, squared, false) - vector.nlosDb),
      share: Math.abs(losProbability(vector.distanceMetres) - vector.losProbability),
    };
  });
  const walls = golden.walls.map(({ carrierGhz, building, wallDb }) =>
    Math.abs(wallLossDb(carrierGhz, building as BuildingLoss) - wallDb),
  );
  const row = (name: string, errors: readonly number[]): ChannelRow => ({
    case: `vectors, ${name}`,
    distanceMetres: null,
    samples: errors.length,
    expected: 0,
    measured: Math.max(...errors),
    error: Math.max(...errors),
    limit: vectorLimit,
  });
  return [
    row(
      'LOS path loss',
      links.map(({ los }) => los),
    ),
    row(
      'NLOS path loss',
      links.map(({ nlos }) => nlos),
    ),
    row(
      'LOS probability',
      links.map(({ share }) => share),
    ),
    row('wall loss', walls),
  ];
}
