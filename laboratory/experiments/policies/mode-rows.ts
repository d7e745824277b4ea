// Where drafts of devices pay: each preset and policy with drafts (`stream`), without (`ar`), and with each device's own decision (`auto`).

import type { Within } from '../../../simulator/charts/bootstrap.ts';
import type { Conclusion, Goals } from '../../../simulator/runner/experiment.ts';
import { camelCase, estimateColumns, meanOf, ratioOfMeans } from '../../../simulator/runner/paired-runs.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { least } from './baseline-rows.ts';
import { bestFelt, type FeltMode, feltModes, modePolicies } from './felt-cells.ts';
import type { FeltRun } from './felt-run.ts';
import { runsOf } from './runs-of.ts';

type Ratio = 'streamOverAr' | 'autoOverAr' | 'autoOverStream';
type Joules = 'joulesPerTokenStream' | 'joulesPerTokenAr' | 'joulesPerTokenAuto';
type Drafts = 'draftsPerTokenStream' | 'draftsPerTokenAuto';
type Estimated = Ratio | Joules | Drafts | 'firstTokenMsStream' | 'firstTokenMsAr' | 'firstTokenMsAuto';

/** Tokens a second of one mode over another, with the same seeds; a policy in a preset. */
export interface ModeRow extends Within<Estimated> {
  readonly what: 'mode';
  readonly preset: string;
  readonly policy: string;
  readonly seeds: number;
}

/** None where a mode was not played. */
export function modeRows(runs: readonly FeltRun[], presets: readonly string[]): ModeRow[] {
  return presets.flatMap((preset) => modePolicies.flatMap((policy) => modeRow(runs, preset, policy) ?? []));
}

function modeRow(runs: readonly FeltRun[], preset: string, policy: string): ModeRow | null {
  const of = (mode: FeltMode): FeltRun[] => runsOf(runs, { preset, law: 'ids' }, policy, mode);
  const [stream, ar, auto] = [of('stream'), of('ar'), of('auto')];
  if (feltModes.some((mode) => of(mode).length === 0)) return null;
  const tokens = ratioOfMeans((run: FeltRun) => run.tokensPerSecond);
  const joules = meanOf((run: FeltRun) => run.joulesPerToken);
  const drafts = meanOf((run: FeltRun) => run.draftsPerToken);
  const first = meanOf((run: FeltRun) => run.firstTokenMs);
  return {
    what: 'mode',
    preset,
    policy,
    seeds: stream.length,
    ...estimateColumns([stream], ar, {
      streamOverAr: tokens,
      joulesPerTokenStream: joules,
      draftsPerTokenStream: drafts,
      firstTokenMsStream: first,
    }),
    ...estimateColumns([auto], ar, {
      autoOverAr: tokens,
      joulesPerTokenAuto: joules,
      draftsPerTokenAuto: drafts,
      firstTokenMsAuto: first,
    }),
    ...estimateColumns([auto], stream, { autoOverStream: tokens }),
    ...estimateColumns([ar], [], { joulesPerTokenAr: joules, firstTokenMsAr: first }),
  };
}

/**
 * The city is the preset for which drafts are made. `auto` may lose a little by trying whether drafts pay, and it does without small gains
 * where a battery is low, so that it has no goal over `stream`.
 */
export const modeGoals: Goals = {
  streamOverArFeltCity70b: { atLeast: 1.25 },
  autoOverArFelt: { atLeast: 0.97 },
};

/** Beyond the interval. */
function doDraftsPay({ streamOverArLow }: ModeRow): boolean {
  return streamOverArLow > 1;
}

/** So much of the tokens a second of the better mode is no less. */
const noLess = 0.97;

/**
 * For `best, felt`: the least of worlds, and each preset by its name. `worldsAutoNoLess`: worlds in which `auto` has at least 0.97 of the
 * tokens a second of `ar` and of `stream`; `worldsAutoLess`: in which it has less, beyond an interval; `worldsAutoLessThanStream`: in which
 * it has less than `stream` at all, beyond the interval. `draftsAutoOverStream...`: the mean over worlds in which drafts pay beyond the
 * interval, and over the others.
 */
export function summariseModes(rows: readonly ModeRow[], areDrawn: boolean): Conclusion['summary'] {
  const felt = rows.filter(({ policy }) => policy === bestFelt);
  const draftsWhere = (doPay: boolean): number | null => {
    const worlds = felt.filter((row) => doDraftsPay(row) === doPay && row.draftsPerTokenStream > 0);
    const ratios = worlds.map((row) => row.draftsPerTokenAuto / row.draftsPerTokenStream);
    return ratios.length === 0 ? null : mean(ratios);
  };
  const byPreset = felt.flatMap((row) =>
    (['streamOverAr', 'autoOverAr'] as const).map((key) => [camelCase(`${key} felt ${row.preset}`), row[key]] as const),
  );
  return {
    ...(areDrawn ? {} : Object.fromEntries(byPreset)),
    worldsDraftsPay: felt.filter(doDraftsPay).length,
    worldsAutoNoLess: felt.filter((row) => Math.min(row.autoOverAr, row.autoOverStream) >= noLess).length,
    worldsAutoLess: felt.filter((row) => Math.min(row.autoOverArHigh, row.autoOverStreamHigh) < noLess).length,
    worldsAutoLessThanStream: felt.filter((row) => row.autoOverStreamHigh < 1).length,
    draftsAutoOverStreamWherePaid: draftsWhere(true),
    draftsAutoOverStreamWhereNotPaid: draftsWhere(false),
    autoOverArFelt: least(felt.map((row) => row.autoOverAr)),
    autoOverStreamFelt: least(felt.map((row) => row.autoOverStream)),
  };
}
