// What can be known about a model before it is there: size, hash, licence, and where it can be had. It finds entries by name; it reads
// no file and opens no connection.

import { OutriderError } from '../../core/basics/errors.ts';
import { nearestName } from '../../core/basics/nearest-name.ts';
import { defaultPair, modelEntries, modelPairs } from './manifest-data.ts';
import type { CommittedModel, ModelEntry, ModelPair, ModelSource } from './manifest-entry.ts';

/** One line for people: where a source is. */
export function describeSource(source: ModelSource): string {
  if (source.kind === 'hub') return `hub ${source.repository}`;
  return `PyPI ${source.package.replace('{n}', `1..${source.parts.length}`)} ${source.version}`;
}

/** The same for an entry: every way to it. */
export function describeOrigin(entry: ModelEntry): string {
  if (entry.kind === 'committed') return 'comes with a clone of the repository';
  return entry.kind === 'derived' || entry.kind === 'coarsened'
    ? `made from ${entry.base}`
    : entry.sources.map(describeSource).join(', ');
}

/** Whether somebody means a file: it has a separator, or ends in .gguf. Anything else is a name, whatever files there are. */
export function isModelPath(nameOrPath: string): boolean {
  return /[/\\]|\.gguf$/i.test(nameOrPath);
}

/** How to get a committed model where the package has none, or a wrong one. */
export function cloneRemedy({ repositoryPath }: CommittedModel): string {
  return `take ${repositoryPath} from a clone of the repository and give its path, or take ${defaultPair.draft}`;
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
  const cause = isModelPath(name) ? `there is no file ${name}` : `there is no model called "${name}"`;
  return new OutriderError('model-unknown', cause, `${suggest(name, known)}; or give the path of a GGUF file`);
}

function suggest(name: string, known: readonly { readonly name: string }[]): string {
  const names = known.map((entry) => entry.name);
  const meant = nearestName(name, names);
  return `${meant === undefined ? '' : `did you mean "${meant}"? `}known: ${names.join(', ')}`;
}
