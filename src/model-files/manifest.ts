// What can be known about a model before it is there: size, hash, licence, and where it can be had. Looks names up; it reads
// no file and opens no connection.

import { OutriderError } from '../basics/errors.ts';
import { modelEntries, modelPairs } from './manifest-data.ts';
import type { ModelEntry, ModelPair, ModelSource } from './manifest-entry.ts';

/** One line for people: where a source looks. */
export function describeSource(source: ModelSource): string {
  if (source.kind === 'hub') return `hub ${source.repository}`;
  if (source.kind === 'pypi') return `PyPI ${source.package} ${source.version}`;
  return `PyPI ${source.package.replace('{n}', `1..${source.parts.length}`)} ${source.version}`;
}

/** The same for an entry: every way to it. */
export function describeOrigin(entry: ModelEntry): string {
  if (entry.kind === 'packaged') return 'comes with outrider';
  return entry.kind === 'derived' || entry.kind === 'coarsened'
    ? `made from ${entry.base}`
    : entry.sources.map(describeSource).join(', ');
}

/** @returns the entry with that name, or undefined. */
export function findModel(name: string): ModelEntry | undefined {
  return modelEntries.find((entry) => entry.name === name);
}

export function findPair(name: string): ModelPair | undefined {
  return modelPairs.find((pair) => pair.name === name);
}

/** @throws OutriderError `model-unknown`, with the name that may have been meant. */
export function requireModel(name: string): ModelEntry {
  const entry = findModel(name);
  if (entry !== undefined) return entry;
  throw unknownModel(name, modelEntries);
}

/** The entries behind the name of a model or of a pair, target first. @throws OutriderError `model-unknown`. */
export function requireModels(name: string): ModelEntry[] {
  const pair = findPair(name);
  if (pair !== undefined) return [requireModel(pair.target), requireModel(pair.draft)];
  const entry = findModel(name);
  if (entry === undefined) throw unknownModel(name, [...modelEntries, ...modelPairs]);
  return [entry];
}

/** @throws OutriderError `model-unknown`, with the name that may have been meant. */
export function requirePair(name: string): ModelPair {
  const pair = findPair(name);
  if (pair !== undefined) return pair;
  throw new OutriderError('model-unknown', `there is no pair called "${name}"`, suggest(name, modelPairs));
}

function unknownModel(name: string, known: readonly { readonly name: string }[]): OutriderError {
  const cause = /[/\\]|\.gguf$/i.test(name) ? `there is no file ${name}` : `there is no model called "${name}"`;
  return new OutriderError('model-unknown', cause, `${suggest(name, known)}; or give the path of a GGUF file`);
}

function suggest(name: string, known: readonly { readonly name: string }[]): string {
  const names = known.map((entry) => entry.name);
  const meant = closestName(name, names);
  return `${meant === undefined ? '' : `did you mean "${meant}"? `}known: ${names.join(', ')}`;
}

/** Levenshtein distance: how many letters have to be added, removed or replaced. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** @returns the name that `text` most likely stands for, if any comes near. */
export function closestName(text: string, names: readonly string[]): string | undefined {
  const wanted = text.slice(0, 100).toLowerCase();
  const ranked = names
    .map((name) => ({ name, distance: name.startsWith(wanted) && wanted !== '' ? 1 : editDistance(wanted, name) }))
    .sort((left, right) => left.distance - right.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(2, best.name.length / 3) ? best.name : undefined;
}
