// The exactness trial on small files of many kinds, made on the spot: what can be a target is exact, everything else is refused in words, and
// nothing ends the process.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Conclusion } from '../../../../simulator/runner/experiment.ts';
import { badArgument, isOutriderError } from '../../../../src/core/basics/errors.ts';
import { trialExactness } from '../exactness.ts';
import { inTemporaryFolder } from '../formats.ts';
import type { ExactnessOptions } from '../trial-models.ts';
import { type Case, cases, seed } from './cases.ts';
import { type Opening, openInChild } from './open-in-child.ts';

export interface ArchitectureOptions
  extends Pick<ExactnessOptions, 'onProgress' | 'signal'>,
    Partial<Pick<ExactnessOptions, 'tokens' | 'promptCount'>> {
  /** Names of cases; default: all. */
  readonly only?: readonly string[];
}

/** @throws OutriderError `bad-argument` for a name that no case has */
export function namedCases(given: readonly string[] | true): string[] | undefined {
  if (given === true) return undefined;
  const names = given.flatMap((text) => text.split(',')).filter(Boolean);
  const known = cases.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw badArgument(`there is no made file "${unknown}"`, `Take some of ${known.join(', ')}.`);
}

/** Counts of the texts of a file. */
const counts = ['texts', 'identical', 'engineGreedyTexts', 'engineGreedyDiffering', 'shapeMismatches'] as const;
type Count = (typeof counts)[number];

function countsBy(countOf: (count: Count) => number): Record<Count, number> {
  return Object.fromEntries(counts.map((count) => [count, countOf(count)])) as Record<Count, number>;
}

/** Results of one file. */
export interface ArchitectureRow extends Readonly<Record<Count, number>> {
  readonly file: string;
  /** "exact", or the code of a refusal and words of its cause. */
  readonly must: string;
  /** What opening it said: "exact", a code, or "broken". */
  readonly said: string;
  /** The law, or the cause of the refusal. */
  readonly words: string;
  readonly right: boolean;
}

/** What is tried of an exact file. */
const few = {
  tokens: 16,
  roundTripsMs: [0],
  temperatures: [0, 0.8],
  modes: ['ar', 'stream', 'psd', 'edge-sd', 'mix'],
  promptCount: 2,
  whichPrompts: 'shortest',
  callSizes: [2, 3, 5, 8],
  contextLengths: [30, 150],
  positions: 18,
} as const satisfies Partial<ExactnessOptions>;

export async function trialArchitectures(options: ArchitectureOptions = {}): Promise<Conclusion> {
  const { only, onProgress, signal, tokens = few.tokens, promptCount = few.promptCount } = options;
  const texts = { ...few, tokens, promptCount };
  const chosen = only === undefined ? cases : cases.filter(({ name }) => only.includes(name));
  const fingerprints = new Map<string, string>();
  const rows = await inTemporaryFolder(async (folder) => {
    const found: ArchitectureRow[] = [];
    for (const [index, one] of chosen.entries()) {
      signal?.throwIfAborted();
      onProgress?.(one.name, index, chosen.length);
      found.push(await tryCase(one, { folder, texts, fingerprints, signal }));
    }
    return found;
  });
  const summary = {
    files: rows.length,
    exact: rows.filter(({ said }) => said === 'exact').length,
    refused: rows.filter(({ said }) => said !== 'exact' && said !== 'broken').length,
    wrong: rows.filter(({ right }) => !right).length,
    ...countsBy((count) => rows.reduce((total, row) => total + row[count], 0)),
  };
  return { rows, summary, forPeople: rows.map(briefly), params: { ...texts, only: only ?? 'all' }, seed };
}

function briefly({ file, said, words, right, texts, identical }: ArchitectureRow): object {
  return { file, right, said, words: words.length > 60 ? `${words.slice(0, 59)}…` : words, texts, identical };
}

interface Place {
  readonly folder: string;
  /** How texts are tried. */
  readonly texts: Omit<ExactnessOptions, 'target'>;
  /** Fingerprints of exact files, by the names of their cases. */
  readonly fingerprints: Map<string, string>;
  readonly signal: AbortSignal | undefined;
}

async function tryCase(one: Case, place: Place): Promise<ArchitectureRow> {
  const files = one.files();
  // The name of the folder must not be a word of a refusal.
  const folder = join(place.folder, 'file');
  await mkdir(folder);
  try {
    for (const [name, content] of Object.entries(files)) {
      if (content === null) await mkdir(join(folder, name));
      else await writeFile(join(folder, name), content);
    }
    const path = join(folder, Object.keys(files)[0] as string);
    const cacheDirectory = join(place.folder, 'cache');
    const opening = withoutFolder(await openInChild(path, { cacheDirectory, signal: place.signal }), folder);
    if (opening.kind !== 'opened' || one.must !== 'exact') return rowOf(one, opening, judgeOpening(one, opening));
    return await tryTexts(one, path, cacheDirectory, opening, place);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function judgeOpening({ must }: Case, opening: Opening): boolean {
  const isRefused = must !== 'exact' && opening.kind === 'refused';
  return isRefused && opening.code === must.code && opening.cause.includes(must.says);
}

/** Documents name no path of a machine. */
function withoutFolder(opening: Opening, folder: string): Opening {
  return opening.kind === 'opened' ? opening : { ...opening, cause: opening.cause.replaceAll(`${folder}${sep}`, '') };
}

/** The process of its own has shown that the engine does not abort on the file. */
async function tryTexts(
  one: Case,
  target: string,
  cacheDirectory: string,
  opening: Opening,
  { texts, fingerprints, signal }: Place,
): Promise<ArchitectureRow> {
  try {
    const { summary, params } = await trialExactness({ ...texts, target, cacheDirectory, ...(signal && { signal }) });
    const { fingerprint } = params as { readonly fingerprint: string };
    fingerprints.set(one.name, fingerprint);
    const isOther = one.unlike === undefined || fingerprints.get(one.unlike) !== fingerprint;
    const row = rowOf(one, opening, summary['wrong'] === 0 && summary['shapeMismatches'] === 0 && isOther);
    const words = isOther ? row.words : `${row.words}, with the fingerprint of ${one.unlike}`;
    return { ...row, words, ...countsBy((count) => Number(summary[count])) };
  } catch (error) {
    if (signal?.aborted === true || !isOutriderError(error)) throw error;
    return rowOf(one, { kind: 'refused', code: error.code, cause: error.message }, false);
  }
}

function rowOf({ name, must }: Case, opening: Opening, right: boolean): ArchitectureRow {
  return {
    file: name,
    must: must === 'exact' ? must : `${must.code}: ${must.says}`,
    said: opening.kind === 'opened' ? 'exact' : opening.kind === 'refused' ? opening.code : 'broken',
    words: opening.kind === 'opened' ? opening.law : opening.cause,
    right,
    ...countsBy(() => 0),
  };
}
