// The mutants that no test can notice, each with its reason: equivalents.json.

import { readFileSync } from 'node:fs';
import type { Mutant } from './operators.ts';

export interface Equivalent extends Pick<Mutant, 'file' | 'place' | 'from' | 'to'> {
  /** Only this one of several with the same code; absent: each of them. */
  readonly nth?: number;
  readonly reason: string;
}

export function readEquivalents(): Equivalent[] {
  return JSON.parse(readFileSync(new URL('./equivalents.json', import.meta.url), 'utf8')) as Equivalent[];
}

/** The entry for a mutant: the same code in the same function, wherever it stands in the file. */
export function findListed(listed: readonly Equivalent[], mutant: Omit<Mutant, 'id' | 'line'>): Equivalent | undefined {
  const { file, place, from, to, nth } = mutant;
  const isSame = (entry: Equivalent): boolean => entry.file === file && entry.place === place && entry.from === from;
  return listed.find((entry) => isSame(entry) && entry.to === to && (entry.nth ?? nth) === nth);
}
