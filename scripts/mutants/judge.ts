// What became of the mutants: the score of each folder, and the survivors.

import { type Equivalent, findListed } from './equivalents.ts';
import type { Mutant } from './operators.ts';
import { type Line, linesOf, type Outcome } from './plan.ts';

export interface Result {
  readonly mutant: Mutant;
  /** Equivalent: no test can notice it (equivalents.json). */
  readonly outcome: Outcome | 'equivalent';
  /** The test that noticed it. */
  readonly test: string;
}

export interface Score {
  readonly tried: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly unreached: number;
  readonly equivalent: number;
  /** Killed and timed out, of those tried that are not equivalent. */
  readonly score: number;
  /** The same with those that timed out as not noticed. */
  readonly scoreWithoutTimeouts: number;
}

/** @param lines what the test processes wrote */
export function judge(mutants: readonly Mutant[], lines: readonly Line[]): Result[] {
  const ends = new Map(linesOf(lines, 'end').map((line) => [line.id, line]));
  const reached = new Set([...linesOf(lines, 'reached'), ...linesOf(lines, 'loads')].map(({ id }) => id));
  return mutants.map((mutant) => {
    const end = ends.get(mutant.id);
    if (end !== undefined) return { mutant, outcome: end.outcome, test: end.test };
    return { mutant, outcome: reached.has(mutant.id) ? 'survived' : 'unreached', test: '' };
  });
}

/** Marks those that no test can notice. @returns the results, and entries of the list that a test has proved wrong, in words */
export function markEquivalents(results: readonly Result[], listed: readonly Equivalent[]): [Result[], string[]] {
  const notes: string[] = [];
  const marked = results.map((result): Result => {
    if (findListed(listed, result.mutant) === undefined) return result;
    if (isAlive(result)) return { ...result, outcome: 'equivalent' };
    notes.push(`listed as equivalent, but noticed by "${result.test}": ${nameOf(result.mutant)}`);
    return result;
  });
  return [marked, notes];
}

export function isAlive({ outcome }: Result): boolean {
  return outcome === 'survived' || outcome === 'unreached';
}

export function scoreOf(results: readonly Result[]): Score {
  const count = (outcome: Result['outcome']): number => results.filter((result) => result.outcome === outcome).length;
  const [killed, timeout, equivalent] = [count('killed'), count('timeout'), count('equivalent')];
  const judged = results.length - equivalent;
  const share = (noticed: number): number => (judged === 0 ? 1 : noticed / judged);
  return {
    tried: results.length,
    killed,
    timeout,
    survived: count('survived'),
    unreached: count('unreached'),
    equivalent,
    score: share(killed + timeout),
    scoreWithoutTimeouts: share(killed),
  };
}

export function textOf(folder: string, score: Score): string {
  const { tried, killed, timeout, survived, unreached, equivalent } = score;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const counts = `${killed} killed, ${timeout} timed out, ${survived} survived, ${unreached} without coverage, ${equivalent} equivalent`;
  return `${folder}: ${percent(score.score)}, ${percent(score.scoreWithoutTimeouts)} without time-outs (${tried} tried: ${counts})`;
}

export function nameOf({ file, line, place, from, to }: Mutant): string {
  return `${file}:${line} ${place === '' ? '' : `in ${place}: `}${from}  ->  ${to === '' ? '(left out)' : to}`;
}
