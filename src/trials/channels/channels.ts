// `outrider trial channels`: checks the radio model. TR 38.901 against vectors that were computed elsewhere, its fields against
// the distributions of the specification, and radio maps against single paths.

import { setImmediate } from 'node:timers/promises';
import type { Conclusion, Experiment } from '../../laboratory/experiment.ts';
import { trialSeed } from '../../laboratory/options.ts';
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
import { addSeed, type ChannelRow, type CreateChannel, createSums, fieldRows } from './fields.ts';
import { type MapErrors, mapRows, measureMaps } from './map.ts';

export interface ChannelsSummary extends Readonly<Record<string, number | string>> {
  readonly vectors: number;
  readonly worstErrorDb: number;
  /** The largest distance of a measured correlation from exp(-d / correlation distance). */
  readonly correlationError: number;
  /** Over the links of all maps; "no map" where none is at hand. */
  readonly mapMedianErrorDb: number | string;
}

export interface ChannelsConclusion extends Conclusion {
  readonly rows: readonly ChannelRow[];
  readonly summary: ChannelsSummary;
  readonly passed: boolean;
}

/** dB, and for probabilities a plain number. */
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

export const channelsTrial: Experiment<typeof options, Found, ChannelsConclusion> = {
  name: 'trial channels',
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

function summarise(rows: readonly ChannelRow[], maps: readonly MapErrors[]): ChannelsSummary {
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
