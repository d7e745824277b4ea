// `outrider bench modes --clock wall`: two processes, real models, the edge paced to other hardware or as it is. Modes take turns, so that
// a disturbance of the machine affects all of them. A run in which the edge missed the profile is void. The bench can run in slices. A pilot
// tries the best draft length by the predictor of token times and its two neighbours, and the quickest is taken.

import type { Conclusion, Run } from '../../../simulator/runner/experiment.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { otherEngine } from '../../measuring/other-engine.ts';
import { quickest } from '../best-draft-length.ts';
import { hedgeRatios } from './hedge-ratios.ts';
import {
  type BenchMode,
  edgeWindowedModes,
  isEmulated,
  isVirtualOnly,
  type ModeRow,
  mixHeadName,
  plainNames,
  plainWindow,
  runsBesideTarget,
  type Window,
  waysToRun,
  windowedModes,
} from './metrics.ts';
import { type ModesOptions, sharedModes } from './options.ts';
import { plainRatios } from './plain-ratios.ts';
import { predictTokenTimes } from './predict-modes.ts';
import {
  keyOfCell,
  openWallBench,
  type PilotFigures,
  pilotPrompts,
  pilotTokens,
  type WallBench,
  type WallCell,
  type WallSettings,
  warmUpTokens,
} from './wall-bench.ts';
import {
  isVoid,
  keyOfTry,
  nextRun,
  type PlannedRun,
  planRuns,
  rowsOf,
  type StepFigures,
  summariseWall,
  tpotOf,
  tryLimits,
  type WallRun,
} from './wall-runs.ts';

export interface WallFound {
  readonly settings: WallSettings;
  readonly named: object;
  readonly runs: readonly WallRun[];
  readonly plannedCount: number;
  readonly isComplete: boolean;
  readonly steps: StepFigures;
  /** Null: the draft lengths were given. */
  readonly figures: PilotFigures | null;
}

export async function measureWall(options: ModesOptions, run: Run): Promise<WallFound> {
  const { minutes, drafts } = options;
  if (drafts !== 'alike')
    throw badArgument('--drafts says what drafts are in virtual time', 'leave it out, or take --clock virtual');
  if (minutes !== undefined && !run.hasFile)
    throw badArgument('--minutes without a record would throw runs away', 'give --resume <file>, which keeps the runs');
  const startMs = performance.now();
  const isLate = (): boolean => minutes !== undefined && performance.now() - startMs > minutes * 60_000;
  await using bench = await openWallBench(settingsOf(options), run);
  const { settings, named } = bench;
  const plan = planRuns(settings);
  const limits = tryLimits(options.tries ?? null);
  const next = (made: readonly WallRun[]): PlannedRun | undefined => nextRun(plan, made, limits);
  const known = await runsUntil(next, run, () => null);
  run.note(expectedDuration(bench, known.length));
  const edgeWindow = await chooseEdgeDraftLength(bench);
  const steps = await bench.startEdges(edgeWindow);
  await bench.writeReferences();
  const figures = await bench.measureFigures();
  // At least one run is made, even after the time limit, so that a short slice makes progress too.
  const make = (planned: PlannedRun, made: readonly WallRun[]) => {
    if (made.length > known.length && isLate()) return null;
    run.onProgress('runs', made.length, plan.length);
    return () => bench.writePlanned(planned);
  };
  const runs = (await chooseDraftLengths(bench, isLate)) ? await runsUntil(next, run, make) : known;
  const isComplete = next(runs) === undefined;
  if (!isComplete) {
    const voidCount = runs.filter(isVoid).length;
    const counts = `${runs.length - voidCount} runs count, ${voidCount} are void, ${plan.length} are planned`;
    const rest = run.hasFile
      ? 'give the same command again for the rest'
      : 'with --resume <file> it could be continued';
    run.note(`${counts}; ${rest}`);
  }
  return { settings, named, runs, plannedCount: plan.length, isComplete, steps, figures };
}

/** The options, with the defaults of the wall clock. @throws OutriderError `bad-argument` */
export function settingsOf(options: ModesOptions): WallSettings {
  const { quick, unpaced, minConfidence } = options;
  const engine = otherEngine(options);
  if (engine !== undefined && !unpaced)
    throw badArgument('--engine measures what an engine takes on this machine', 'add --unpaced');
  return {
    modes: wallModes(options),
    roundTripsMs: options.roundTripsMs ?? usualRoundTripsOf(options),
    pair: options.pair,
    profile: unpaced ? null : options.profile,
    ...(engine === undefined ? {} : { engine }),
    ...(options.gpu === 'off' ? {} : { gpu: options.gpu }),
    tokens: options.tokens ?? (quick ? 32 : unpaced ? 48 : 64),
    promptCount: options.prompts ?? (quick ? quickPrompts(engine) : unpaced ? 4 : 6),
    repeats: options.repeats ?? (quick ? 1 : unpaced ? 3 : 5),
    gammas: options.gammas ?? (quick ? [4] : null),
    maxAhead: options.maxAhead,
    minChainConfidence: minConfidence,
    lookUp: options.lookUp,
    ...(options.unread ? { unread: true } : {}),
  };
}

/** Code and prose are compared apart where engines are. */
function quickPrompts(engine: string | undefined): number {
  return engine === undefined ? 1 : 2;
}

function usualRoundTripsOf(options: ModesOptions): readonly number[] {
  if (otherEngine(options) !== undefined) return [10];
  return options.quick ? [0, 60] : [0, 10, 30, 60, 100];
}

/** @throws OutriderError `bad-argument` for an emulated rival, a row of virtual time, or llama.cpp beside itself */
function wallModes(options: ModesOptions): readonly BenchMode[] {
  const { modes, unpaced } = options;
  const engine = otherEngine(options);
  if (modes === undefined && engine !== undefined) return ['ar', 'stream', 'auto', ...plainNames];
  if (modes === undefined) return unpaced ? [...sharedModes, 'auto', 'ar-native'] : sharedModes;
  if (engine === undefined && modes.some((mode) => mode.startsWith('ar-llama')))
    throw badArgument('ar-llama is llama.cpp beside another engine', 'name one with --engine, or take ar-native');
  const real = modes.filter((mode) => !isEmulated(mode)).filter((mode) => !isVirtualOnly(mode) && mode !== mixHeadName);
  if (real.length === modes.length) return real;
  const cause = 'emulated rivals have no real models, and other rows are measured in virtual time only';
  throw badArgument(cause, 'leave them out, or take --clock virtual');
}

/**
 * The runs of earlier slices, void runs included, and then those that are made now.
 * @param make what makes a run; null: it is not made, and the slice ends
 */
async function runsUntil(
  next: (made: readonly WallRun[]) => PlannedRun | undefined,
  run: Run,
  make: (planned: PlannedRun, made: readonly WallRun[]) => (() => Promise<WallRun>) | null,
): Promise<WallRun[]> {
  const made: WallRun[] = [];
  for (let planned = next(made); planned !== undefined; planned = next(made)) {
    const key = keyOfTry(planned, made);
    const measure = run.has(key) ? () => Promise.reject(new Error('it is known')) : make(planned, made);
    if (measure === null) break;
    made.push(await run.one({ key, measure }));
  }
  return made;
}

/** About as long as the rest takes if no run is void; most modes take about three quarters of a step of the edge alone per token. */
function expectedDuration({ settings, prompts }: WallBench, madeCount: number): string {
  const { modes, roundTripsMs, repeats, tokens, profile } = settings;
  const runCount = modes.length * roundTripsMs.length * repeats;
  const leftCount = Math.max(0, runCount - madeCount);
  const made = madeCount === 0 ? '' : `, ${madeCount} are made`;
  const runs = `${runCount} runs of ${prompts.length} texts of ${tokens} tokens${made}`;
  if (profile === null) return runs;
  const pilots = roundTripsMs.length * modes.filter((mode) => windowedModes.has(mode)).length * pilotPrompts * 3;
  const pilotTexts = madeCount > 0 || settings.gammas?.length === 1 ? 0 : pilots;
  const { stepMs } = findProfile(profile);
  const seconds = 20 + (leftCount * prompts.length * tokens + pilotTexts * pilotTokens) * 0.75 * stepMs * 1e-3;
  return `${runs}; about ${Math.max(1, Math.round(seconds / 60))} minutes to go`;
}

export function concludeWall(found: WallFound): Conclusion<ModeRow> {
  const { settings, runs, steps, figures } = found;
  const profile = settings.profile === null ? null : findProfile(settings.profile);
  const cells = settings.roundTripsMs.flatMap((roundTripMs) => settings.modes.map((mode) => ({ mode, roundTripMs })));
  const law = { stepFixedMs: profile?.stepMs ?? null, stepPerRowMs: profile?.rowMs ?? null };
  const rows = rowsOf(runs, cells, law);
  const summary = { ...summariseWall(rows, runs, steps), ...hedgeRatios(runs), ...plainRatios(runs, steps) };
  const measured = {
    stepMsByRows: steps.stepMs,
    nativeStepMs: steps.nativeMs,
    plainStepMs: steps.plainMs,
    ...(figures === null ? {} : { pilotDraftMs: figures.draftMs, pilotAcceptance: figures.acceptance }),
  };
  return {
    rows,
    summary: { ...summary, runs: runs.length, plannedRuns: found.plannedCount, isComplete: found.isComplete },
    params: { clock: 'wall', ...settings, ...found.named, ...measured },
    passed: summary['texts'] === summary['identical'],
  };
}

/** The predictor has one model for all kinds of psd. */
const predictedAs: Partial<Record<BenchMode, 'sd' | 'psd' | 'edge-sd'>> = {
  'psd-windows': 'psd',
  'edge-psd': 'psd',
  sd: 'sd',
  psd: 'psd',
  'psd-lockstep': 'psd',
  'edge-sd': 'edge-sd',
};

/** Draft lengths for the pilot, ascending. Steps hold no more rows than the edge allows, so larger ones gain nothing. */
export function draftLengthsToTry(
  mode: BenchMode,
  roundTripMs: number,
  { draftMs, acceptance, stepMs }: Omit<PilotFigures, 'nativeMs'>,
): number[] {
  const most = Math.max(1, stepMs.length - 1);
  const predictions = predictTokenTimes({
    stepMs: (rows) => stepMs[rows - 1] ?? stepMs.at(-1) ?? 0,
    draftMs,
    edgeDraftMs: draftMs,
    roundTripMs: runsBesideTarget(mode) ? 0 : roundTripMs,
    acceptance,
    maxDrafts: most,
  });
  const best = predictions.find((one) => one.mode === predictedAs[mode])?.drafts ?? 1;
  // At an end both neighbours lie on the same side.
  const middle = Math.min(Math.max(best, 2), Math.max(2, most - 1));
  return [middle - 1, middle, middle + 1].filter((gamma) => gamma <= most);
}

/** The edge's own draft length is a setting of its process and independent of the round trip: an edge is started for each. */
export async function chooseEdgeDraftLength(bench: WallBench): Promise<number> {
  const cell = { mode: 'edge-sd', roundTripMs: 0 } as const;
  if (!bench.settings.modes.includes('edge-sd')) return 1;
  if (!(bench.knowsFigures || bench.run.has(unitOf(cell)))) await bench.startEdges(1);
  const { gamma: chosen } = await chooseWindow(bench, cell, async (gamma, index, count) => {
    bench.run.onProgress('draft lengths of edge-sd', index, count);
    await bench.startEdges(gamma);
    // All prompts are read before the first pilot.
    await bench.writePilot(cell, plainWindow('edge-sd', gamma), warmUpTokens);
  });
  return chosen;
}

/** A few short texts for each draft length of the other modes at each round trip. @returns whether all are chosen; chooses at least one */
export async function chooseDraftLengths(bench: WallBench, isLate: () => boolean): Promise<boolean> {
  const { settings, run } = bench;
  const windowed = settings.modes.filter((mode) => windowedModes.has(mode) && !edgeWindowedModes.has(mode));
  const cells = settings.roundTripsMs.flatMap((roundTripMs) => windowed.map((mode) => ({ mode, roundTripMs })));
  let hasChosen = false;
  for (const [index, cell] of cells.entries()) {
    const isKnown = run.has(unitOf(cell));
    if (!isKnown && hasChosen && isLate()) return false;
    if (!isKnown) run.onProgress('draft lengths of the other modes', index, cells.length);
    await chooseWindow(bench, cell);
    hasChosen ||= !isKnown;
  }
  return true;
}

async function chooseWindow(
  bench: WallBench,
  cell: WallCell,
  prepare?: (gamma: number, index: number, count: number) => Promise<void>,
): Promise<Window> {
  const measure = async (): Promise<Window> => {
    const figures = await bench.measureFigures();
    const lengths =
      figures === null ? (bench.settings.gammas ?? []) : draftLengthsToTry(cell.mode, cell.roundTripMs, figures);
    const windows = lengths.flatMap((gamma) => waysToRun(cell.mode).map((way): Window => ({ ...way, gamma })));
    if (windows.length === 1) return windows[0] as Window;
    const tpotsMs = new Map<Window, number>();
    for (const [index, window] of windows.entries()) {
      await prepare?.(window.gamma, index, windows.length);
      tpotsMs.set(window, await pilotTpot(bench, cell, window));
    }
    return quickest(windows, (window) => tpotsMs.get(window) as number);
  };
  const window = await bench.run.one({ key: unitOf(cell), measure });
  bench.setWindow(cell, window);
  return window;
}

/** Makes a second try where the first one missed the profile. */
async function pilotTpot(bench: WallBench, cell: WallCell, window: Window): Promise<number> {
  const first = await bench.writePilot(cell, window);
  if (!isVoid(first)) return tpotOf(first);
  return Math.min(tpotOf(first), tpotOf(await bench.writePilot(cell, window)));
}

function unitOf(cell: WallCell): string {
  return `window of ${keyOfCell(cell)}`;
}
