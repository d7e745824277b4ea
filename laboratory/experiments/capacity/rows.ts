// The rows and the summary of "bench capacity", from its units.

import { type Estimate, estimate, ratioOfMeans, type Within, within } from '../../../simulator/charts/bootstrap.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { CapacityMode, CapacityRun } from './cell.ts';
import type { EdgesRow } from './edges.ts';
import { mainTarget, relativeName } from './hardware.ts';
import type { WallRow } from './wall.ts';

/** Sessions that one edge holds at one target. */
export interface HeldRow extends Within<'sessions'> {
  readonly what: 'sessions';
  readonly profile: string;
  readonly target: string;
  readonly targetMs: number;
  readonly mode: CapacityMode;
  readonly seeds: number;
  /** Sessions over those of `ar` and of `edge-sd`, of the same seeds; null: that one holds none, or was not measured. */
  readonly overAr: number | null;
  readonly overEdgeSd: number | null;
  /** Sessions that would keep the target with free drafts in every step, mean over the seeds, and over those of `ar`. */
  readonly bound: number;
  readonly boundOverAr: number | null;
  /** Answers a second at the largest load at which nine of ten keep the target and the limit of the first token; mean over the seeds. */
  readonly goodput: number;
  /** Time per output token of its answers when it holds so many, mean over the seeds; null: it holds none. */
  readonly p95Ms: number | null;
  readonly meanMs: number | null;
  readonly medianMs: number | null;
  /** Figures of the edge when it holds so many, mean over the seeds that hold one at least; null: none does, or the power is not known. */
  readonly joulesPerToken: number | null;
  readonly tokensPerSecond: number | null;
  readonly rowsPerToken: number | null;
  /** The mean over the seeds, in `edge-sd`. */
  readonly draftLength: number | null;
}

export type CapacityRow = HeldRow | EdgesRow | WallRow;

export function heldRows(runs: readonly CapacityRun[]): HeldRow[] {
  return [...Map.groupBy(runs, ({ profile }) => profile).values()].flatMap((own) => {
    const modes = [...new Set(own.map(({ mode }) => mode))];
    const [first] = own as [CapacityRun];
    return first.capacities.flatMap(({ name }) => modes.map((mode) => heldRow(own, name, mode)));
  });
}

type Figure = 'p95Ms' | 'meanMs' | 'medianMs' | 'joulesPerToken' | 'tokensPerSecond' | 'rowsPerToken' | 'draftLength';

/** @param runs of one profile */
function heldRow(runs: readonly CapacityRun[], target: string, mode: CapacityMode): HeldRow {
  const own = ofMode(runs, mode);
  const [{ profile, capacities }] = own as [CapacityRun];
  const sessions = own.map((run) => sessionsAt(run, target));
  const points = own.flatMap((run) => {
    const count = sessionsAt(run, target);
    const known = run.points.filter((point) => point.target === null || point.target === target);
    return known.filter((point) => point.sessions === count);
  });
  const average = (key: Figure): number | null => {
    const known = points.map((point) => point[key]).filter((value) => value !== null);
    return known.length === 0 ? null : mean(known);
  };
  const ofSeeds = (key: 'bound' | 'goodput'): number =>
    mean(own.map((run) => run.capacities.find(({ name }) => name === target)?.[key] ?? 0));
  const ofAr = mean(ofMode(runs, 'ar').map((run) => sessionsAt(run, target)));
  const bound = ofSeeds('bound');
  const ratio = (rival: CapacityMode): number | null => ratioOf(runs, target, mode, rival)?.value ?? null;
  return {
    what: 'sessions',
    profile,
    target,
    mode,
    seeds: own.length,
    targetMs: capacities.find(({ name }) => name === target)?.ms ?? Number.NaN,
    ...within(
      'sessions',
      estimate(own.length, (pick) => mean(pick.map((run) => sessions[run] as number))),
    ),
    overAr: ratio('ar'),
    overEdgeSd: ratio('edge-sd'),
    bound,
    boundOverAr: ofAr > 0 ? bound / ofAr : null,
    goodput: ofSeeds('goodput'),
    p95Ms: average('p95Ms'),
    meanMs: average('meanMs'),
    medianMs: average('medianMs'),
    joulesPerToken: average('joulesPerToken'),
    tokensPerSecond: average('tokensPerSecond'),
    rowsPerToken: average('rowsPerToken'),
    draftLength: average('draftLength'),
  };
}

function ofMode(runs: readonly CapacityRun[], mode: CapacityMode): CapacityRun[] {
  return runs.filter((run) => run.mode === mode).toSorted((one, other) => one.seed - other.seed);
}

function sessionsAt({ capacities }: CapacityRun, target: string): number {
  return capacities.find(({ name }) => name === target)?.sessions ?? 0;
}

/** Sessions of all seeds over those of the rival; seeds are drawn as pairs. Null: the rival holds none, or was not measured. */
function ratioOf(
  runs: readonly CapacityRun[],
  target: string,
  mode: CapacityMode,
  rival: CapacityMode,
): Estimate | null {
  const [own, others] = [ofMode(runs, mode), ofMode(runs, rival)].map((some) =>
    some.map((run) => sessionsAt(run, target)),
  ) as [number[], number[]];
  if (own.length === 0 || others.length !== own.length || mean(others) === 0) return null;
  return ratioOfMeans(own, others);
}

/** By name in the summary: mode and rival. */
const compared = {
  sessionsStreamOverAr: ['stream', 'ar'],
  sessionsTargetOverAr: ['stream-target', 'ar'],
  sessionsAutoOverAr: ['auto', 'ar'],
  sessionsStreamOverEdgeSd: ['stream', 'edge-sd'],
  sessionsAutoOverEdgeSd: ['auto', 'edge-sd'],
  sessionsAutoEdgeDraftOverEdgeSd: ['auto-edge-draft', 'edge-sd'],
  sessionsAutoTargetOverEdgeSd: ['auto-target', 'edge-sd'],
  sessionsEdgeSdOverAr: ['edge-sd', 'ar'],
} as const satisfies Record<string, readonly [CapacityMode, CapacityMode]>;

/** The other targets that are multiples of a step. */
const others = { Strictest: 1.1, Strict: 1.25, Loose: 2 } as const;

/**
 * Ratios at the main target, geometric means over the profiles, with 95 % over the seeds; at the others without.
 * `joules...`: energy of a token, each mode at its own capacity.
 */
export function summariseCapacity(
  runs: readonly CapacityRun[],
  held: readonly HeldRow[],
  wall: readonly WallRow[],
): Record<string, number> {
  const entries = Object.entries(compared).flatMap(([key, [mode, rival]]) => {
    const { value, interval } = ratioOverProfiles(runs, relativeName(mainTarget), mode, rival);
    const more = Object.entries(others).map(([name, steps]) => {
      return [`${key}${name}`, ratioOverProfiles(runs, relativeName(steps), mode, rival).value] as const;
    });
    return [[key, value], [`${key}Low`, interval[0]], [`${key}High`, interval[1]], ...more] as const;
  });
  const energy = [
    ['joulesStreamOverAr', joulesRatio(held, 'stream', 'ar')],
    ['joulesAutoOverEdgeSd', joulesRatio(held, 'auto', 'edge-sd')],
  ] as const;
  const all = [...entries, ...energy, ...targetSummary(held), ...wallSummary(wall)];
  return Object.fromEntries(all.filter(([, value]) => !Number.isNaN(value)));
}

/** `a6000At150`: sessions with a target of 1.5 steps over those of `ar`; `...Bound`: the bound over those of `ar`. */
function targetSummary(held: readonly HeldRow[]): readonly (readonly [string, number])[] {
  return held
    .filter(({ mode, target }) => mode === 'stream-target' && target.endsWith('steps'))
    .flatMap(({ profile, target, overAr, boundOverAr }) => {
      if (overAr === null || boundOverAr === null) return [];
      const key = `${profile.split('-').at(-1)}At${Math.round(100 * Number.parseFloat(target))}`;
      return [[key, overAr] as const, [`${key}Bound`, boundOverAr] as const];
    });
}

/** Profiles in which the rival holds none are left out. */
function ratioOverProfiles(
  runs: readonly CapacityRun[],
  target: string,
  mode: CapacityMode,
  rival: CapacityMode,
): Estimate {
  const profiles = [...Map.groupBy(runs, ({ profile }) => profile).values()];
  const usable = profiles.filter((own) => ratioOf(own, target, mode, rival) !== null);
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  if (usable.length === 0) return { value: Number.NaN, interval: [Number.NaN, Number.NaN] };
  const at = (own: readonly CapacityRun[], which: CapacityMode, pick: readonly number[]): number => {
    const sessions = ofMode(own, which).map((run) => sessionsAt(run, target));
    return mean(pick.map((seed) => sessions[seed] ?? 0));
  };
  return estimate(seeds.length, (pick) => {
    return geometricMean(usable.map((own) => at(own, mode, pick) / at(own, rival, pick)));
  });
}

function joulesRatio(rows: readonly HeldRow[], mode: CapacityMode, rival: CapacityMode): number {
  const atMain = rows.filter(({ target }) => target === relativeName(mainTarget));
  const ratios = [...Map.groupBy(atMain, ({ profile }) => profile).values()].flatMap((own) => {
    const of = (which: CapacityMode): number | null => own.find((row) => row.mode === which)?.joulesPerToken ?? null;
    const [one, other] = [of(mode), of(rival)];
    return one === null || other === null ? [] : [one / other];
  });
  return ratios.length === 0 ? Number.NaN : geometricMean(ratios);
}

/** `wallOverVirtual`: of the modes, the ratio that is furthest from 1. Void runs do not count. */
function wallSummary(rows: readonly WallRow[]): readonly (readonly [string, number])[] {
  if (rows.length === 0) return [];
  const ratios = rows.filter(({ isValid }) => isValid).map(({ p95WallOverVirtual }) => p95WallOverVirtual);
  const off = (ratio: number): number => Math.abs(ratio - 1);
  const worst = ratios.toSorted((one, other) => off(other) - off(one))[0] ?? Number.NaN;
  const answers = rows.reduce((sum, row) => sum + row.answers, 0);
  return [
    ['wallOverVirtual', worst],
    ['wallOffVirtual', off(worst)],
    ['wallTexts', answers],
    ['wallIdentical', rows.reduce((sum, { identical }) => sum + identical, 0)],
    ['latePacedSteps', Math.max(...rows.map(({ latePacedSteps }) => latePacedSteps))],
  ];
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}
