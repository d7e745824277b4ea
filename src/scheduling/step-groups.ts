// Which drafts are worth a row where the engine fills calls up. Rows then come in groups: those that go where padding would be
// cost nothing, and the first row that does not fit pays for its whole group. Pure.

import { engineRows, type ShapeLaw } from '../decoding/shape-law.ts';
import { bestDraftCount } from './draft-value.ts';
import { curveMs } from './step-curve.ts';
import { type StepTimeModel, stepMs } from './step-time.ts';

/** Drafts that a session's step has room for at the cost of `drafts`. */
export function draftsAtCostOf(law: ShapeLaw, drafts: number): number {
  return engineRows(law, drafts + 1) - 1;
}

/**
 * How many drafts of each chain the best step would hold if rows were not limited. `chains` are chances that never rise, those of the
 * sessions that have drafts; `sessionCount` counts all. Drafts that cost nothing are always among them.
 */
export function worthyCounts(
  chains: readonly (readonly number[])[],
  sessionCount: number,
  model: StepTimeModel,
): number[] {
  const possible = chains.map((chain) => chain.filter((chance) => chance > 0));
  return model.law.merges ? countsTogether(possible, sessionCount, model) : countsApart(possible, sessionCount, model);
}

/** Calls that are a session's own add up, so at a given rate of tokens each session's best count is its own matter. */
function countsApart(chains: readonly (readonly number[])[], sessionCount: number, model: StepTimeModel): number[] {
  const idleMs = (sessionCount - chains.length) * stepMs(model, 1);
  let rate = 1 / stepMs(model, 1);
  // The rate rises from round to round and ends at the best that there is (Dinkelbach 1967).
  for (;;) {
    const counts = chains.map((chain) => countAtRate(chain, rate, model));
    const tokens = sessionCount + sum(chains.map((chain, index) => sum(chain.slice(0, counts[index]))));
    const found = tokens / (idleMs + sum(counts.map((count) => stepMs(model, count + 1))));
    if (!(found > rate)) return counts;
    rate = found;
  }
}

/** The count that leaves most tokens when each millisecond costs `rate` of them; the larger one where two are as good. */
function countAtRate(chain: readonly number[], rate: number, model: StepTimeModel): number {
  let best = Math.min(chain.length, draftsAtCostOf(model.law, 0));
  let bestGain = 0;
  let tokens = 0;
  for (let count = best; count < chain.length; count += 1) {
    tokens += chain[count] as number;
    const gain = tokens - rate * (stepMs(model, count + 2) - stepMs(model, 1));
    if (gain < bestGain) continue;
    best = count + 1;
    bestGain = gain;
  }
  return best;
}

/** One session's rows that are paid for together. */
interface Group {
  readonly place: number;
  readonly drafts: number;
  /** Tokens that they are expected to add. */
  readonly gain: number;
  /** Rows that the engine has more to work on. */
  readonly rows: number;
}

/**
 * Sessions share calls: the groups that add most come first, and every number of them is tried. Where chains are longer than a call
 * may be, first for the first call, then for the next one with those who filled the one before.
 */
function countsTogether(chains: readonly (readonly number[])[], sessionCount: number, model: StepTimeModel): number[] {
  const { law, calls } = model;
  const counts = chains.map((chain) => Math.min(chain.length, draftsAtCostOf(law, 0)));
  let tokens = sessionCount + sum(chains.map((chain, place) => sum(chain.slice(0, counts[place]))));
  let earlierMs = 0;
  let rows = sessionCount * engineRows(law, 1);
  for (let call = 0; ; call += 1) {
    const groups = chains.flatMap((chain, place) => groupsInCall(law, chain, place, counts[place] as number, call));
    groups.sort((left, right) => right.gain - left.gain);
    const times = [earlierMs + curveMs(calls, rows)];
    for (const group of groups) {
      rows += group.rows;
      times.push(earlierMs + curveMs(calls, rows));
    }
    const gains = groups.map(({ gain }) => gain);
    const best = bestDraftCount(gains, tokens, (count) => times[count] as number);
    const least = gains[best - 1];
    if (least === undefined) return counts;
    // With all that are as good as the last one: whose turn it is decides among them.
    for (const { place, drafts, gain } of groups) {
      if (gain < least) break;
      counts[place] = (counts[place] as number) + drafts;
      tokens += gain;
    }
    earlierMs = times[best] as number;
    rows = 0;
  }
}

/** The groups of a chain after its first `from` drafts, as far as they belong to this call, counted from 0. */
function groupsInCall(law: ShapeLaw, chain: readonly number[], place: number, from: number, call: number): Group[] {
  const groups: Group[] = [];
  for (let start = from; start < chain.length && Math.floor((start + 1) / law.most) === call; ) {
    const end = Math.min(chain.length, draftsAtCostOf(law, start + 1));
    const rows = engineRows(law, start + 2) - engineRows(law, start + 1);
    groups.push({ place, drafts: end - start, gain: sum(chain.slice(start, end)), rows });
    start = end;
  }
  return groups;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
