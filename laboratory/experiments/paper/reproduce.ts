// `outrider reproduce`: the paper's figures. Each is an experiment with data (CSV, JSON), pictures (SVG, PNG) and a page that lists which
// claims hold, all in one directory, and a record from which an interrupted run continues. The files beside this one measure.

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawingText, drawn } from '../../../simulator/charts/drawing.ts';
import { csvOf } from '../../../simulator/files/csv.ts';
import { checkRenderers, writeFigure } from '../../../simulator/files/render-figure.ts';
import { defaultTraceFile, findTraceFile } from '../../../simulator/files/shipped-traces.ts';
import { type Claim, claimRow, claimTable, holds } from '../../../simulator/runner/claim.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { columnTable, rounded } from '../../../simulator/runner/markdown.ts';
import { openNatsRecord, recordOptions } from '../../../simulator/runner/nats-record.ts';
import { FileRecord, type OpenRecord } from '../../../simulator/runner/run-record.ts';
import { badArgument, isOutriderError } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { buildDocument } from '../../../src/files/document.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import { accuracy } from './accuracy.ts';
import { fig2 } from './fig2.ts';
import { fig2Region } from './fig2-region.ts';
import { fig5 } from './fig5.ts';
import { fig6 } from './fig6.ts';
import type { PaperConclusion, PaperExperiment } from './paper-experiment.ts';
import { type Size, type SizeName, sizes } from './sizes.ts';

const figures: readonly PaperExperiment[] = [fig2, fig2Region, fig5, fig6, accuracy];
/** "fig2", "fig2-region" */
export const figureNames: readonly string[] = figures.map(({ figure }) => figure);

const options = {
  smoke: { flag: '--smoke', help: 'the smallest size that runs everything, under two minutes', conflicts: 'full' },
  full: { flag: '--full', help: 'the published size' },
  seeds: { flag: '--seeds <count>', help: 'paired seeds; 20 by default', whole: [1, 1000] },
  out: {
    flag: '--out <directory>',
    help: 'where everything goes; an interrupted run is taken up there (reproduction/SIZE)',
  },
  record: recordOptions.record as typeof recordOptions.record,
  recordCredentials: recordOptions.recordCredentials as typeof recordOptions.recordCredentials,
  recordCa: recordOptions.recordCa as typeof recordOptions.recordCa,
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

export type Reproduction = Experiment<typeof options, readonly PaperConclusion[]>;

const everyFigure = reproduction('all', 'all figures', () => figureNames);

export const reproductions: readonly Reproduction[] = [
  ...figures.map(({ figure, description }) => reproduction(figure, description, () => [figure])),
  everyFigure,
];

/** @param chosen the figures, which are measured in the order of the list above */
export function reproduction(
  name: string,
  description: string,
  chosen: (given: Options) => readonly string[],
): Reproduction {
  return {
    name: `reproduce ${name}`,
    lasts: '5 minutes',
    description,
    options,
    measure: (given, run) => reproduce(chosen(given), given, run),
    conclude(done, given): Conclusion {
      const claims = done.flatMap((one) => one.claims);
      const { name: size, ...params } = sizeOf(given);
      const numbers = done.map(({ summary }) => summary);
      return {
        rows: claims.map(claimRow),
        table: claimTable(claims, !given.smoke),
        summary: {
          ...Object.assign({}, ...numbers),
          claims: claims.length,
          held: claims.filter(holds).length,
          digest: digestOf(done),
        },
        params: { figures: chosen(given), size, ...params },
        remarks: [`data, pictures and pages: ${directoryOf(given)}`, ...(given.smoke ? [smokeRemark] : [])],
      };
    },
    tableOptions: {},
  };
}

const smokeRemark =
  '--smoke shows that everything runs. It judges nothing: its sizes are too small to say whether a claim holds.';

/** @throws OutriderError `bad-argument` when the directory holds another run */
async function reproduce(
  chosen: readonly string[],
  given: Options,
  { onProgress, note, signal }: Run,
): Promise<PaperConclusion[]> {
  const directory = directoryOf(given);
  if (directory === '') throw badArgument('--out is empty', 'Name a directory.');
  if (given.pictures) await checkRenderers();
  if (given.smoke) note('with --smoke: under two minutes');
  makeDirectory(directory);
  await using shared = await openNatsRecord(given, note);
  signal.addEventListener('abort', () => shared?.giveUp());
  const asked = { size: sizeOf(given), tracePath: traceFile(given.traces), policies: given.policies };
  const done: PaperConclusion[] = [];
  for (const experiment of figures.filter(({ figure }) => chosen.includes(figure))) {
    const file = join(directory, `${experiment.figure}.progress.jsonl`);
    const record = shared === null ? file : besideFile(file, shared.open);
    const conclusion = await experiment.run(asked, { record, onProgress, onNote: note, signal });
    done.push(conclusion);
    await writeOutput(directory, conclusion, given.pictures);
  }
  if (done.length > 1) {
    await writeFile(join(directory, 'all.md'), pageOf(done, given.pictures));
    const claims = claimsSection(done.flatMap((one) => one.claims));
    await writeFile(join(directory, 'claims.md'), joined("# The paper's claims, here", reading, ...claims));
  }
  return done;
}

/** The same wherever, and by how many, the same was measured. */
function digestOf(done: readonly PaperConclusion[]): string {
  const all = done.map(({ figure, rows, claims, summary }) => [figure, rows, claims, summary]);
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/** The directory is still of one run. */
function besideFile(path: string, open: OpenRecord): OpenRecord {
  return async (name, asked) => {
    await FileRecord.open(path, name, asked);
    return await open(name, asked);
  };
}

function sizeNameOf({ smoke, full }: Options): SizeName {
  if (smoke) return 'smoke';
  return full ? 'full' : 'default';
}

function sizeOf(given: Options): Size {
  const { seedCount, ...chosen } = given.size ?? sizes[sizeNameOf(given)];
  return { ...chosen, seedCount: given.seeds ?? seedCount };
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

async function writeOutput(directory: string, done: PaperConclusion, drawsPictures: boolean): Promise<void> {
  const { figure, rows, claims, figures } = done;
  const path = (ending: string): string => join(directory, `${figure}${ending}`);
  const document = buildDocument(`reproduce ${figure}`, done, new Date());
  const text = JSON.stringify({ ...document, claims: claims.map(claimRow) }, undefined, 1);
  await writeFile(path('.json'), `${text}\n`);
  await writeFile(path('.csv'), csvOf(rows));
  await writeFile(path('.md'), pageOf([done], drawsPictures));
  if (!drawsPictures) return;
  for (const [name, drawing] of Object.entries(figures)) {
    await writeFile(join(directory, `${name}.figure.json`), drawingText(drawing));
    await writeFigure(drawn(drawing), join(directory, `${name}.svg`));
  }
}

const reading = 'How to read the tables: docs/research/reproduction.md.';

function joined(...parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

/** All figures on one page, claims first. */
function pageOf(done: readonly PaperConclusion[], drawsPictures: boolean): string {
  const sections = done.flatMap(({ description, claims, figures, page }) => [
    `## ${description}`,
    ...claimsSection(claims),
    ...interpretationCounts(claims),
    ...(drawsPictures ? Object.keys(figures).map((name) => `![${name}](${name}.svg)`) : []),
    page,
  ]);
  return joined("# The paper's figures, here", reading, ...sections);
}

/** The claims that go into the summary. */
function claimsSection(claims: readonly Claim[]): string[] {
  const shown = (value: number | string | null): string => (typeof value === 'number' ? rounded(value) : `${value}`);
  const rows = claims.filter(({ isMain }) => isMain === true);
  const table = columnTable(rows, {
    'the paper says': ({ statement }) => statement,
    interpretation: ({ interpretation }) => interpretation,
    claimed: ({ claimed }) => shown(claimed),
    measured: ({ measured }) => shown(measured),
    '95 %': ({ interval }) => interval?.map((end) => rounded(end)).join(' to ') ?? '-',
    verdict: ({ verdict }) => verdict,
    'depends on': ({ dependsOn }) => dependsOn,
  });
  return rows.length === 0 ? [] : [table];
}

/** For each claim, the number of interpretations under which it holds. */
function interpretationCounts(claims: readonly Claim[]): string[] {
  const counts = [...Map.groupBy(claims, ({ name }) => name)].flatMap(([name, all]) => {
    return all.length === 1 ? [] : [`\`${name}\` in ${all.filter(holds).length} of ${all.length}`];
  });
  return counts.length === 0 ? [] : [`Interpretations under which a claim holds: ${counts.join(', ')}.`];
}
