// `outrider trial channels`: checks the radio model. TR 38.901 against vectors that were computed elsewhere, its fields against
// the distributions of the specification, and radio maps against single paths.

import { setImmediate } from 'node:timers/promises';
import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import golden from '../../../simulator/world/golden/tr38901.json' with { type: 'json' };
import { createTr38901Channel } from '../../../simulator/world/tr38901-channel.ts';
import {
  type BuildingLoss,
  losProbability,
  pathLossDb,
  pathLossTerms,
  wallLossDb,
} from '../../../simulator/world/tr38901-path-loss.ts';
import { trialSeed } from '../../../src/cli/options/options.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { shippedPath } from '../../../src/models/files/shipped-path.ts';
import { addSeed, type ChannelRow, type CreateChannel, channelRow, createSums, fieldRows } from './fields.ts';
import { type MapErrors, mapRows, measureMaps } from './map.ts';

/** Decibels; probabilities have no unit. */
const vectorLimit = 1e-9;

const options = {
  worlds: {
    flag: '--worlds <count>',
    help: 'worlds that the statistics are taken over; fewer than 32 are too noisy',
    whole: [32, 10_000],
    default: 64,
  },
  seed: trialSeed as typeof trialSeed,
  /** Where maps lie. */
  mapFolder: { default: shippedPath('maps') as string },
  /** What is on trial; another may be given to see the trial fail. */
  create: { default: createTr38901Channel as CreateChannel },
} as const;

interface Found {
  readonly fields: readonly ChannelRow[];
  readonly maps: readonly MapErrors[];
}

export const channelsTrial: Experiment<typeof options, Found, Conclusion<ChannelRow>> = {
  name: 'trial channels',
  lasts: '1 minute',
  description: 'check the radio against 3GPP formulas and distributions, and radio maps against single paths',
  options,
  async measure({ worlds, seed, mapFolder, create }, run) {
    const maps = await measureMaps(mapFolder);
    const sums = createSums();
    for (let world = 0; world < worlds; world++) {
      addSeed(sums, seed + world, create);
      run.onProgress('worlds', world + 1, worlds);
      await setImmediate();
      run.signal.throwIfAborted();
    }
    return { fields: fieldRows(sums), maps };
  },
  conclude({ fields, maps }, { worlds }) {
    const rows = [...vectorRows(), ...fields, ...mapRows(maps)];
    const passed = rows.every(({ error, limit }) => error <= limit);
    return { rows, summary: summarise(rows, maps), passed, params: { worlds } };
  },
};

function summarise(rows: readonly ChannelRow[], maps: readonly MapErrors[]) {
  const vectors = rows.filter(({ case: name }) => name.startsWith('vectors'));
  const correlations = rows.filter(({ case: name }) => name.endsWith('correlation'));
  const errorsDb = maps.flatMap(({ errorsDb: errors }) => errors);
  return {
    vectors: vectors.reduce((sum, { samples }) => sum + samples, 0),
    worstErrorDb: Math.max(...vectors.map(({ error }) => error)),
    // The largest distance of a measured correlation from exp(-d / correlation distance).
    correlationError: Math.max(...correlations.map(({ error }) => error)),
    mapMedianErrorDb: errorsDb.length === 0 ? 'no map' : median(errorsDb),
    mapLonelyLinks: maps.reduce((sum, { lonelyCount }) => sum + lonelyCount, 0),
  };
}

function vectorRows(): ChannelRow[] {
  const { links, walls } = golden;
  const pathLossErrors = (isLos: boolean): number[] =>
    links.map((vector) => {
      const terms = pathLossTerms(vector.carrierGhz, vector.siteHeightMetres, vector.deviceHeightMetres);
      return pathLossDb(terms, vector.distanceMetres ** 2, isLos) - (isLos ? vector.losDb : vector.nlosDb);
    });
  const errors = {
    'LOS path loss': pathLossErrors(true),
    'NLOS path loss': pathLossErrors(false),
    'LOS probability': links.map((vector) => losProbability(vector.distanceMetres) - vector.losProbability),
    'wall loss': walls.map(
      ({ carrierGhz, building, wallDb }) => wallLossDb(carrierGhz, building as BuildingLoss) - wallDb,
    ),
  };
  return Object.entries(errors).map(([name, own]) =>
    channelRow(`vectors, ${name}`, null, own.length, 0, Math.max(...own.map(Math.abs)), vectorLimit),
  );
}
