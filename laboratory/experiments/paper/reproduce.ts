// `outrider reproduce`: the paper's figures. Each is an experiment with data, figures and a page in one directory, and a record from
// which an interrupted run continues. The files beside this one measure.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRenderers } from '../../../simulator/files/render-figure.ts';
import { defaultTraceFile, findTraceFile } from '../../../simulator/files/shipped-traces.ts';
import { claimRow, holds } from '../../../simulator/runner/claim.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { runExperiment } from '../../../simulator/runner/run.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { badArgument, isOutriderError } from '../../../src/core/basics/errors.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import { accuracy } from './accuracy.ts';
import { fig2 } from './fig2.ts';
import { fig2Region } from './fig2-region.ts';
import { fig5 } from './fig5.ts';
import { fig6 } from './fig6.ts';
import { fig6Plane } from './fig6-plane.ts';
import type { PaperExperiment } from './paper-experiment.ts';
import { sensitivity } from './sensitivity.ts';
import { type Size, type SizeName, sizes } from './sizes.ts';
import { type Concluded, claimsPage, pageOf, writeOutput } from './write-output.ts';

export const figureNames = ['fig2', 'fig2-region', 'fig5', 'fig6', 'fig6-units', 'accuracy', 'sensitivity'] as const;
export type FigureName = (typeof figureNames)[number];
const figures: Readonly<Record<FigureName, PaperExperiment>> = {
  fig2,
  'fig2-region': fig2Region,
  fig5,
  fig6,
  'fig6-units': fig6Plane,
  accuracy,
  sensitivity,
};

const options = {
  smoke: { flag: '--smoke', help: 'the smallest size that runs everything, under two minutes', conflicts: 'full' },
  full: { flag: '--full', help: 'the published size' },
  seeds: { flag: '--seeds <count>', help: 'paired seeds; 20 by default', whole: [1, 1000] },
  out: {
    flag: '--out <directory>',
    help: 'where everything goes; an interrupted run is taken up there (reproduction/SIZE)',
  },
  traces: {
    flag: '--traces <name|file>',
    help: 'acceptance trace for fig2 (the shipped one of the default pair; without one, drafts are drawn)',
    /** Null: drafts are drawn. */
    type: undefined as string | null | undefined,
  },
  policies: {
    flag: '--policy <name|file>',
    help: 'one more policy, in every figure of slots; may be given several times',
    texts: true,
    default: [] as readonly string[],
  },
  pictures: { flag: '--no-pictures', help: 'data and pages only; needs neither vega nor resvg', default: true },
  /** Replaces the sizes that have flags. */
  size: { default: null as Size | null },
} as const;
type Options = OptionsOf<typeof options>;

export type Reproduction = Experiment<typeof options, readonly Concluded[]>;

/** Open values are halved and doubled at full size only, or on request. */
const everyFigure = reproduction('all', 'all figures; the sensitivity with --full only', ({ full }) =>
  figureNames.filter((name) => name !== 'sensitivity' || full),
);

export const reproductions: readonly Reproduction[] = [
  ...figureNames.map((name) => reproduction(name, figures[name].description, () => [name])),
  everyFigure,
];

/** @param chosen the figures in the order of measurement */
export function reproduction(
  name: string,
  description: string,
  chosen: (given: Options) => readonly FigureName[],
): Reproduction {
  return {
    name: `reproduce ${name}`,
    description,
    options,
    measure: (given, run) => reproduce(chosen(given), given, run),
    conclude(done, given): Conclusion {
      const claims = done.flatMap(({ conclusion }) => conclusion.claims);
      const { name: size, ...params } = sizeOf(given);
      const numbers = done.map(({ conclusion }) => conclusion.summary);
      return {
        rows: claims.map(claimRow),
        // A terminal does not show every interpretation of every claim.
        forPeople: [],
        summary: { ...Object.assign({}, ...numbers), claims: claims.length, held: claims.filter(holds).length },
        params: { figures: chosen(given), size, ...params },
        remarks: [`data, pictures and pages: ${directoryOf(given)}`],
      };
    },
  };
}

/** @throws OutriderError `bad-argument` when the directory holds another run */
async function reproduce(chosen: readonly FigureName[], given: Options, run: Run): Promise<Concluded[]> {
  const directory = directoryOf(given);
  if (directory === '') throw badArgument('--out is empty', 'Name a directory.');
  if (given.pictures) await checkRenderers();
  makeDirectory(directory);
  const asked = { size: sizeOf(given), tracePath: traceFile(given.traces), policies: given.policies };
  const { onProgress, signal } = run;
  const done: Concluded[] = [];
  for (const name of chosen) {
    const experiment = figures[name];
    const record = join(directory, `${name}.progress.jsonl`);
    const conclusion = await runExperiment(experiment, asked, { record, onProgress, signal });
    done.push({ name, experiment, conclusion });
    await writeOutput(directory, { name, experiment, conclusion }, given.pictures);
  }
  if (done.length > 1) {
    await writeFile(join(directory, 'all.md'), pageOf(done, given.pictures));
    await writeFile(join(directory, 'claims.md'), claimsPage(done));
  }
  return done;
}

function sizeNameOf({ smoke, full }: Options): SizeName {
  if (smoke) return 'smoke';
  return full ? 'full' : 'default';
}

function sizeOf({ seeds, size, ...given }: Options): Size {
  const { seedCount, ...chosen } = size ?? sizes[sizeNameOf({ seeds, size, ...given })];
  return { ...chosen, seedCount: seeds ?? seedCount };
}

function directoryOf(given: Options): string {
  return given.out ?? `reproduction/${sizeNameOf(given)}`;
}

/** Null: no trace of the default pair is shipped, or none is requested. */
function traceFile(nameOrPath: string | null | undefined): string | null {
  if (nameOrPath === null) return null;
  if (nameOrPath !== undefined) return findTraceFile(nameOrPath);
  try {
    return defaultTraceFile();
  } catch (error) {
    if (isOutriderError(error)) return null;
    throw error;
  }
}
