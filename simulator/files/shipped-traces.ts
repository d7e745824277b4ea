// The acceptance traces that come with outrider: of the default target with each of its drafts, over the same prompts, at temperature 0
// and at 0.8, and of the second pair. Commands that take traces take these where no file is named.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { badArgument } from '../../src/core/basics/errors.ts';
import { defaultPair } from '../../src/models/files/manifest-data.ts';
import { shippedPath } from '../../src/models/files/shipped-path.ts';
import type { Trace } from '../traces/trace.ts';
import { readTrace } from './trace-files.ts';

const shippedFolder = shippedPath('traces');
const ending = '.trace';

function pathOf(name: string): string {
  return join(shippedFolder, `${name}${ending}`);
}

/** Paths, in the order of their names, without those in folders of the folder. */
export function shippedTraceFiles(): readonly string[] {
  return shippedTraceNames().flatMap((name) => (name.includes('/') ? [] : [pathOf(name)]));
}

/** The traces of one target: only they can be compared with each other. */
export function shippedTraceFilesOf(target: string): readonly string[] {
  return shippedTraceFiles().filter((file) => readTrace(file).header.target.name === target);
}

/** Names without folder and ending: those of the folder, then those in folders of it. */
export function shippedTraceNames(): readonly string[] {
  if (!existsSync(shippedFolder)) return [];
  const files = readdirSync(shippedFolder, { encoding: 'utf8', recursive: true });
  const traces = files.filter((file) => file.endsWith(ending));
  const names = traces.map((file) => file.slice(0, -ending.length).replaceAll('\\', '/'));
  return names.toSorted((a, b) => Number(a.includes('/')) - Number(b.includes('/')) || (a < b ? -1 : 1));
}

/** @param nameOrPath "coarse-greedy", or a file @throws OutriderError `bad-argument` */
export function findTraceFile(nameOrPath: string): string {
  if (existsSync(nameOrPath)) return nameOrPath;
  if (existsSync(pathOf(nameOrPath))) return pathOf(nameOrPath);
  const remedy = `give a file, or the name of a trace that comes with outrider: ${shippedTraceNames().join(', ')}`;
  throw badArgument(`there is no trace "${nameOrPath}"`, remedy);
}

/** @throws OutriderError `bad-argument`, `version-mismatch` */
export function findTrace(nameOrPath: string): Trace {
  return readTrace(findTraceFile(nameOrPath));
}

/** Greedy answers, drafts of the default pair. @throws OutriderError `bad-argument` when none is shipped */
export function defaultTraceFile(): string {
  const found = shippedTraceFiles().find((file) => {
    const { sampling, draft } = readTrace(file).header;
    return draft.name === defaultPair.draft && sampling.temperature === 0;
  });
  if (found !== undefined) return found;
  const cause = `no trace of ${defaultPair.draft} comes with outrider`;
  throw badArgument(cause, 'record one: outrider trace record, see docs/research/traces.md');
}
