// Two lists of mutants, each with its reason. equivalents.json: no test can notice them. explained.json: survivors in folders that guard
// keys, files and sockets; they count as survivors, and each must be there.

import { readFileSync } from 'node:fs';
import type { Mutant } from './operators.ts';

export interface Equivalent extends Pick<Mutant, 'file' | 'place' | 'from' | 'to'> {
  /** Only this one of several with the same code; absent: each of them. */
  readonly nth?: number;
  readonly reason: string;
}

/** Folders whose survivors are explained. */
const securityFolders = ['src/core/access/', 'src/files/', 'src/network/transport-node/', 'src/processes/http/'];

export function readEquivalents(): Equivalent[] {
  return readList('equivalents');
}

export function readExplained(): Equivalent[] {
  return readList('explained');
}

function readList(name: string): Equivalent[] {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Equivalent[];
}

/** The entry for a mutant: the same code in the same function, wherever it stands in the file. */
export function findListed(listed: readonly Equivalent[], mutant: Omit<Mutant, 'id' | 'line'>): Equivalent | undefined {
  const { file, place, from, to, nth } = mutant;
  const isSame = (entry: Equivalent): boolean => entry.file === file && entry.place === place && entry.from === from;
  return listed.find((entry) => isSame(entry) && entry.to === to && (entry.nth ?? nth) === nth);
}

export function needsReason({ file }: Pick<Mutant, 'file'>): boolean {
  return securityFolders.some((folder) => file.startsWith(folder));
}
