// Chooses drafts where the engine pads its calls. Rows then come in groups: rows in the place of padding cost nothing, and the
// first row beyond it pays for its whole group. Pure.

import { engineRows, type ShapeLaw } from '../decoding/shape-law.ts';
import { bestDraftCount, type WorthyDrafts } from './draft-value.ts';
import { curveMs } from './step-curve.ts';
import { type StepTimeModel, stepMs } from './step-time.ts';

/** The number of drafts of a session that fit at the cost of `drafts`. */
export function draftsAtCostOf(law: ShapeLaw, drafts: number): number {
  return engineRows(law, drafts + 1) - 1;
}

/**
 * The drafts of each chain that are in the best step without a limit of rows. `chains` holds falling chances, one chain for each session;
 * `sessionCount` counts all sessions. Drafts that cost nothing are always included.
 */
export function worthyCounts(
  chains: readonly (readonly number[])[],
  sessionCount: number,
  model: StepTimeModel,
): WorthyDrafts[] {
  const possible = chains.map((chain) => chain.filter((chance) => chance > 0));
  if (model.law.merges) return countsTogether(possible, sessionCount, model);
  return countsApart(possible, sessionCount, model).map((most) => ({ most, sure: most }));
}

/** Calls of single sessions add up, so at a given rate of tokens each session's best count is independent. */
function countsApart(chains: readonly (readonly number[])[], sessionCount: number, model: StepTimeModel): number[] {
  const idleMs = (sessionCount - chains.length) * stepMs(model, 1);
  let rate = 1 / stepMs(model, 1);
  // The rate rises from round to round up to the optimum (Dinkelbach 1967).
  for (;;) {
    const counts = chains.map((chain) => countAtRate(chain, rate, model));
    const tokens = sessionCount + sum(chains.map((chain, index) => sum(chain.slice(0, counts[index]))));
    const found = tokens / (idleMs + sum(counts.map((count) => stepMs(model, count + 1))));
    if (!(found > rate)) return counts;
    rate = found;
  }
}

/** The count with the most tokens left if each millisecond costs `rate` of them; the larger one if two are equally good. */
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

/** Rows of one session that are paid for together. */
interface Group {
  readonly place: number;
  readonly drafts: number;
  /** Expected tokens. */
  readonly gain: number;
  /** Additional rows of the engine. */
  readonly rows: number;
}

/**
 * Sessions share calls: the groups with the largest gain come first, and every number of them is tried. If chains are longer than a
 * call may be, the first call is filled first, then the next one with the sessions that filled the one before.
 */
function countsTogether(
  chains: readonly (readonly number[])[],
  sessionCount: number,
  model: StepTimeModel,
): WorthyDrafts[] {
  const { law, calls } = model;
  const counts = chains.map((chain) => Math.min(chain.length, draftsAtCostOf(law, 0)));
  const sure = [...counts];
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
    if (least === undefined) return counts.map((most, place) => ({ most, sure: sure[place] as number }));
    // Includes all groups that are as good as the last one: fair queueing chooses among them, and among them only.
    const isTied = gains[best] === least;
    for (const { place, drafts, gain } of groups) {
      if (gain < least) break;
      const isSure = (gain > least || !isTied) && sure[place] === counts[place];
      counts[place] = (counts[place] as number) + drafts;
      if (isSure) sure[place] = counts[place] as number;
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
