// The mutants that no test can notice, each with its reason: equivalents.json.

import { readFileSync } from 'node:fs';
import type { Mutant } from './operators.ts';

export interface Equivalent extends Pick<Mutant, 'file' | 'place' | 'from' | 'to'> {
  readonly reason: string;
}

export function readEquivalents(): Equivalent[] {
  return JSON.parse(readFileSync(new URL('./equivalents.json', import.meta.url), 'utf8')) as Equivalent[];
}

/** The entry for a mutant: the same code in the same function, wherever it stands in the file. */
export function findListed(
  listed: readonly Equivalent[],
  { file, place, from, to }: Omit<Mutant, 'id' | 'line'>,
): Equivalent | undefined {
  return listed.find((entry) => entry.file === file && entry.place === place && entry.from === from && entry.to === to);
}
