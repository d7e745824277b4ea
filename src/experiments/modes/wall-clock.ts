// `outrider bench modes --clock wall`: two processes, real models, the edge paced to other hardware or as it is. Modes take turns, so that whatever
// disturbs the machine falls on all of them; a run during which the pacing could not be held does not count. It can be done in slices.

import { OutriderError } from '../../basics/errors.ts';
import { mean } from '../../basics/statistics.ts';
import { AutoMode } from '../../device/auto-mode.ts';
import { openModel } from '../../engines/open-model.ts';
import { describeMachine } from '../../files/document.ts';
import trialPrompts from '../../files/sample-prompts.json' with { type: 'json' };
import { acquirePair } from '../../model-files/acquire.ts';
import { ModelDrafter } from '../../models/drafter.ts';
import type { LanguageModel } from '../../models/model.ts';
import { findProfile } from '../../models/profiles.ts';
import { modeOf } from '../../protocol/mode.ts';
import { edgeLookUpTokens, type LookUpPlace, looksUpOnDevice, type MinConfidence } from '../look-up-place.ts';
import { type BenchMode, windowedModes } from './metrics.ts';
import type { ModesResult } from './virtual-clock.ts';
import { type BenchEdges, startBenchEdges } from './wall-edges.ts';
import { isVoid, nextRun, type PlannedRun, planRuns, type TryLimits, tryLimits } from './wall-plan.ts';
import { type StepFigures, WallRecord } from './wall-record.ts';
import { paceOf, rowsOf, summariseWall } from './wall-rows.ts';
import { type References, type TextOptions, type WallPrompt, type WallRun, writeRun, writeText } from './wall-run.ts';
import { windowsToTry } from './window-search.ts';

/** All that the figures depend on; a record keeps it. */
export interface WallSettings {
  readonly modes: readonly BenchMode[];
  readonly roundTripsMs: readonly number[];
  readonly pair: string;
  /** What the edge is paced to; null: nothing. */
  readonly profile: string | null;
  readonly tokens: number;
  readonly promptCount: number;
  /** Of each mode and round trip; a run writes every prompt once. */
  readonly repeats: number;
  /** Windows that the pilot tries; null: those around the predicted one. */
  readonly gammas: readonly number[] | null;
  readonly maxAhead: number;
  readonly minChainConfidence: MinConfidence;
  readonly lookUp: LookUpPlace;
}

export interface WallBenchOptions extends WallSettings {
  /** Where finished runs are kept; null: nowhere. */
  readonly recordPath: string | null;
  /** No run begins later than this; null: all are made. */
  readonly minutes: number | null;
  /** How often a run is tried while it is void; null: up to three times, and a third more runs than planned in all. */
  readonly tries: number | null;
  readonly onNote: (text: string) => void;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

/** Of different kinds first. */
const promptOrder = ['spec-bench/91', 'humaneval/0', 'gsm8k/0', 'spec-bench/161', 'spec-bench/111', 'humaneval/1'];
const contextLength = 2048;
const pilotPrompts = 2;
const pilotTokens = 32;
const warmUpTokens = 8;

interface Setup extends AsyncDisposable {
  readonly settings: WallSettings;
  readonly targetName: string;
  readonly draftName: string;
  readonly draft: LanguageModel;
  readonly prompts: readonly WallPrompt[];
  readonly record: WallRecord;
  readonly limits: TryLimits;
  readonly autos: Map<number, AutoMode>;
  /** What steps cost the edges; null: none has been started yet. */
  steps: StepFigures | null;
  readonly isLate: () => boolean;
  readonly onNote: (text: string) => void;
  readonly onProgress: (label: string, done: number, total: number) => void;
}

export async function benchModesWall(options: WallBenchOptions): Promise<ModesResult> {
  await using setup = await prepare(options);
  options.onNote(expectedDuration(setup));
  const plan = planRuns(setup.settings);
  const edgeWindow = await chooseEdgeWindow(setup);
  const edges = await startEdges(setup, edgeWindow);
  try {
    setup.steps = edges;
    const references = await writeReferences(setup, edges);
    await measureFigures(setup, edges);
    if (await chooseWindows(setup, edges)) await makeRuns(setup, edges, plan, references);
  } finally {
    await edges.close();
  }
  const left = nextRun(plan, setup.record.runs, setup.limits) !== undefined;
  if (left) options.onNote(`${progressOf(setup.record.runs, plan.length)}; ${howToGoOn(options)}`);
  return resultOf(setup, plan.length, left);
}

function progressOf(runs: readonly WallRun[], plannedCount: number): string {
  const voidCount = runs.filter(isVoid).length;
  return `${runs.length - voidCount} runs count, ${voidCount} are void, ${plannedCount} are planned`;
}

/** At least one, however late it is: a slice that is too short must not go round in circles. */
async function makeRuns(
  setup: Setup,
  edges: BenchEdges,
  plan: readonly PlannedRun[],
  references: References,
): Promise<void> {
  const { record, limits, isLate, onProgress, draft, prompts } = setup;
  const next = (): PlannedRun | undefined => nextRun(plan, record.runs, limits);
  for (let planned = next(); planned !== undefined; planned = next()) {
    onProgress('runs', record.runs.length, plan.length);
    const { mode, roundTripMs, repeat } = planned;
    const options = { ...textOptions(setup, mode, roundTripMs, windowOf(setup, mode, roundTripMs)), repeat };
    const auto = mode === 'auto' ? { auto: await autoFor(setup, edges, roundTripMs) } : {};
    const made = await writeRun(edges.edgeOf(mode), draft.tokenizer, prompts, references, { ...options, ...auto });
    await record.add({ kind: 'run', ...made });
    if (isLate()) return;
  }
}

/** One for each round trip, as a device has one for each edge; it has seen two texts before the first that counts. */
async function autoFor(setup: Setup, edges: BenchEdges, roundTripMs: number): Promise<AutoMode> {
  const known = setup.autos.get(roundTripMs);
  if (known !== undefined) return known;
  const auto = new AutoMode();
  setup.autos.set(roundTripMs, auto);
  const options = { ...textOptions(setup, 'auto', roundTripMs, 0), auto, tokens: pilotTokens };
  for (const prompt of setup.prompts.slice(0, pilotPrompts)) {
    await writeText(edges.edgeOf('auto'), setup.draft.tokenizer, prompt, options);
  }
  return auto;
}

function howToGoOn({ recordPath }: WallBenchOptions): string {
  return recordPath === null ? 'with --resume <file> it could go on' : 'the same command goes on';
}

async function prepare(options: WallBenchOptions): Promise<Setup> {
  const { recordPath, minutes, tries, onNote, onProgress = () => {}, ...settings } = options;
  if (minutes !== null && recordPath === null) {
    const remedy = 'give --resume <file>, which keeps the runs';
    throw new OutriderError('bad-argument', '--minutes without a record would throw runs away', remedy);
  }
  const startMs = performance.now();
  const { target, draft } = await acquirePair(settings.pair);
  const { node: _node, ...machine } = describeMachine();
  const files = { target: target.sha256, draft: draft.sha256 };
  const record = await WallRecord.open(recordPath, { ...settings, machine, files });
  const draftName = draft.entry?.name ?? draft.path;
  const sequences = settings.promptCount;
  const model = await openModel(draftName, { role: 'draft', sequences, contextLength, exact: false, threads: 1 });
  const known = trialPrompts.prompts.toSorted((one, other) => rankOf(one.name) - rankOf(other.name));
  const prompts = known.slice(0, settings.promptCount).map(({ name, form, text }, index) => ({
    name,
    ids: form === 'chat' ? model.tokenizer.encodeChat([{ role: 'user', content: text }]) : model.tokenizer.encode(text),
    conversation: (index + 1).toString(16).padStart(32, '0'),
    drafter: new ModelDrafter(model),
  }));
  return {
    settings,
    targetName: target.entry?.name ?? target.path,
    draftName,
    draft: model,
    prompts,
    record,
    limits: tryLimits(tries),
    autos: new Map(),
    steps: null,
    isLate: () => minutes !== null && performance.now() - startMs > minutes * 60_000,
    onNote,
    onProgress,
    async [Symbol.asyncDispose]() {
      for (const { drafter } of prompts) await drafter[Symbol.asyncDispose]();
      await model.close();
    },
  };
}

function rankOf(name: string): number {
  const rank = promptOrder.indexOf(name);
  return rank === -1 ? promptOrder.length : rank;
}

/** About as long as the rest takes if no run is void; most modes take about three quarters of a step of the edge alone per token. */
function expectedDuration({ settings, prompts, record }: Setup): string {
  const { modes, roundTripsMs, repeats, tokens, profile } = settings;
  const runCount = modes.length * roundTripsMs.length * repeats;
  const leftCount = Math.max(0, runCount - record.runs.length);
  const made = record.runs.length === 0 ? '' : `, ${record.runs.length} are made`;
  const runs = `${runCount} runs of ${prompts.length} texts of ${tokens} tokens${made}`;
  if (profile === null) return runs;
  const pilots = roundTripsMs.length * modes.filter((mode) => windowedModes.has(mode)).length * pilotPrompts * 3;
  const pilotTexts = record.runs.length > 0 || settings.gammas?.length === 1 ? 0 : pilots;
  const { stepMs } = findProfile(profile);
  const seconds = 20 + (leftCount * prompts.length * tokens + pilotTexts * pilotTokens) * 0.75 * stepMs * 1e-3;
  return `${runs}; about ${Math.max(1, Math.round(seconds / 60))} minutes to go`;
}

function startEdges({ settings, targetName, draftName, prompts, onNote }: Setup, gamma: number): Promise<BenchEdges> {
  const { profile, lookUp, modes } = settings;
  const draft = needsOwnDraft(settings) ? draftName : null;
  const sizes = { sessions: prompts.length + 1, contextLength, lookUpTokens: edgeLookUpTokens(lookUp) };
  return startBenchEdges({ target: targetName, draft, gamma, profile, ...sizes }, modes.includes('ar-native'), onNote);
}

function needsOwnDraft({ modes }: WallSettings): boolean {
  return modes.some((mode) => mode !== 'auto' && mode !== 'ar-native' && modeOf(mode).edgeDrafts);
}

function textOptions({ settings }: Setup, mode: BenchMode, roundTripMs: number, gamma: number): TextOptions {
  const { tokens, maxAhead, minChainConfidence, lookUp } = settings;
  return { mode, roundTripMs, gamma, tokens, maxAhead, minChainConfidence, looksUp: looksUpOnDevice(lookUp) };
}

/** What the edge writes alone, through the same machines: every other text must be this one. Prompts are read on both sides meanwhile. */
async function writeReferences(setup: Setup, edges: BenchEdges): Promise<References> {
  const { prompts, record, settings, draft, onProgress } = setup;
  const references = new Map<string, readonly number[]>();
  const reader = needsOwnDraft(settings) ? 'mix' : 'stream';
  const warmUp = { ...textOptions(setup, reader, 0, 0), tokens: warmUpTokens };
  for (const [index, prompt] of prompts.entries()) {
    onProgress('reference texts', index, prompts.length);
    await writeText(edges.edgeOf(warmUp.mode), draft.tokenizer, prompt, warmUp);
    if (settings.modes.includes('ar-native')) {
      const options = { ...textOptions(setup, 'ar-native', 0, 0), tokens: warmUpTokens };
      await writeText(edges.edgeOf('ar-native'), draft.tokenizer, prompt, options);
    }
    const known = record.reference(prompt.name);
    const tokens =
      known ??
      (await writeText(edges.edgeOf('ar'), draft.tokenizer, prompt, textOptions(setup, 'ar', 0, 0))).report.tokens;
    if (known === undefined) await record.add({ kind: 'reference', prompt: prompt.name, tokens });
    references.set(prompt.name, tokens);
  }
  return references;
}

/** How quick and how good the draft is here, from one text of each prompt. */
async function measureFigures(setup: Setup, edges: BenchEdges): Promise<void> {
  const { prompts, record, draft, settings } = setup;
  if (record.figures !== undefined || settings.gammas !== null) return;
  const reports = [];
  for (const prompt of prompts.slice(0, pilotPrompts)) {
    reports.push(
      (await writeText(edges.edgeOf('stream'), draft.tokenizer, prompt, textOptions(setup, 'stream', 0, 0))).report,
    );
  }
  const acceptance = mean(reports.map((report) => report.acceptance ?? 0));
  const { stepMs, nativeMs } = edges;
  await record.add({
    kind: 'figures',
    stepMs,
    nativeMs,
    acceptance,
    draftMs: mean(reports.map((report) => report.draftMs ?? 1)),
  });
}

/** The edge's own window is a setting of its process, and the round trip does not matter to it. */
async function chooseEdgeWindow(setup: Setup): Promise<number> {
  const cell = cellOf('edge-sd', 0);
  const known = setup.record.window(cell);
  if (!setup.settings.modes.includes('edge-sd') || known !== undefined) return known ?? 1;
  if (setup.settings.gammas === null && setup.record.figures === undefined) {
    const edges = await startEdges(setup, 1);
    try {
      await measureFigures(setup, edges);
    } finally {
      await edges.close();
    }
  }
  const paces = new Map<number, number>();
  const windows = windowsFor(setup, 'edge-sd', 0);
  for (const [index, gamma] of windows.entries()) {
    if (windows.length === 1) paces.set(gamma, 0);
    else {
      setup.onProgress('windows of edge-sd', index, windows.length);
      const edges = await startEdges(setup, gamma);
      try {
        // The first text of each prompt reads it.
        await writePilot(setup, edges, 'edge-sd', 0, gamma, warmUpTokens);
        paces.set(gamma, await pilotPace(setup, edges, 'edge-sd', 0, gamma));
      } finally {
        await edges.close();
      }
    }
  }
  return keepQuickest(setup, cell, paces);
}

/** A few short texts for each window of each other mode at each round trip. @returns whether all are chosen; one more at least */
async function chooseWindows(setup: Setup, edges: BenchEdges): Promise<boolean> {
  const { settings, record, onProgress, isLate } = setup;
  const windowed = settings.modes.filter((mode) => windowedModes.has(mode) && mode !== 'edge-sd');
  const cells = settings.roundTripsMs.flatMap((roundTripMs) => windowed.map((mode) => ({ mode, roundTripMs })));
  let hasChosen = false;
  for (const [index, { mode, roundTripMs }] of cells.entries()) {
    const cell = cellOf(mode, roundTripMs);
    if (record.window(cell) !== undefined) continue;
    if (hasChosen && isLate()) return false;
    hasChosen = true;
    onProgress('windows of the other modes', index, cells.length);
    const windows = windowsFor(setup, mode, roundTripMs);
    const paces = new Map<number, number>();
    for (const gamma of windows) {
      paces.set(gamma, windows.length === 1 ? 0 : await pilotPace(setup, edges, mode, roundTripMs, gamma));
    }
    await keepQuickest(setup, cell, paces);
  }
  return true;
}

function windowsFor({ settings, record }: Setup, mode: BenchMode, roundTripMs: number): readonly number[] {
  if (settings.gammas !== null) return settings.gammas;
  if (record.figures === undefined) throw new Error('windows are predicted from figures');
  return windowsToTry(mode, roundTripMs, record.figures);
}

async function keepQuickest(setup: Setup, cell: string, paces: ReadonlyMap<number, number>): Promise<number> {
  const gamma = [...paces].reduce((best, other) => (other[1] < best[1] ? other : best))[0];
  await setup.record.add({ kind: 'window', cell, gamma });
  return gamma;
}

function cellOf(mode: BenchMode, roundTripMs: number): string {
  return `${mode} at ${roundTripMs}`;
}

function windowOf({ record }: Setup, mode: BenchMode, roundTripMs: number): number {
  return record.window(cellOf(mode, mode === 'edge-sd' ? 0 : roundTripMs)) ?? 0;
}

/** A second try where the first could not be held to the profile. */
async function pilotPace(
  setup: Setup,
  edges: BenchEdges,
  mode: BenchMode,
  roundTripMs: number,
  gamma: number,
): Promise<number> {
  const first = await writePilot(setup, edges, mode, roundTripMs, gamma, pilotTokens);
  if (!isVoid(first)) return paceOf(first);
  return Math.min(paceOf(first), paceOf(await writePilot(setup, edges, mode, roundTripMs, gamma, pilotTokens)));
}

function writePilot(
  setup: Setup,
  edges: BenchEdges,
  mode: BenchMode,
  roundTripMs: number,
  gamma: number,
  tokens: number,
): Promise<WallRun> {
  const options = { ...textOptions(setup, mode, roundTripMs, gamma), tokens, repeat: 0 };
  return writeRun(edges.edgeOf(mode), setup.draft.tokenizer, setup.prompts.slice(0, pilotPrompts), new Map(), options);
}

function resultOf(setup: Setup, plannedRuns: number, left: boolean): ModesResult {
  const { settings, record, targetName, draftName, prompts } = setup;
  const profile = settings.profile === null ? null : findProfile(settings.profile);
  const cells = settings.roundTripsMs.flatMap((roundTripMs) => settings.modes.map((mode) => ({ mode, roundTripMs })));
  const rows = rowsOf(record.runs, cells, {
    stepFixedMs: profile?.stepMs ?? null,
    stepPerRowMs: profile?.rowMs ?? null,
  });
  const summary = {
    ...summariseWall(rows, record.runs, setup.steps),
    runs: record.runs.length,
    plannedRuns,
    isComplete: !left,
  };
  const { draftMs, acceptance } = record.figures ?? {};
  const steps = setup.steps === null ? {} : { stepMsByRows: setup.steps.stepMs, nativeStepMs: setup.steps.nativeMs };
  const measured = {
    ...steps,
    ...(draftMs === undefined ? {} : { pilotDraftMs: draftMs, pilotAcceptance: acceptance }),
  };
  const named = { target: targetName, draft: draftName, prompts: prompts.map(({ name }) => name) };
  return { rows, summary, params: { clock: 'wall', ...settings, ...named, ...measured } };
}
