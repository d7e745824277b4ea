// `outrider bench modes --clock wall`: two processes, real models, the edge paced to other hardware. Modes take turns, so that whatever
// disturbs the machine falls on all of them; a run during which the pacing could not be held does not count.

import { mean, median } from '../basics/statistics.ts';
import { acquirePair } from '../models/acquire.ts';
import { ModelDrafter } from '../models/drafter.ts';
import type { LanguageModel } from '../models/model.ts';
import { openModel } from '../models/open-model.ts';
import { findProfile } from '../models/profiles.ts';
import { type PacingName, pacingOf } from '../protocol/pacing.ts';
import { type ModeRow, standardError, summariseModes, windowedModes, withoutGaps } from './bench-modes.ts';
import type { ModesResult } from './bench-modes-virtual.ts';
import { measuresOf, runOnWall, type WallPrompt, type WallRun, type WallRunOptions } from './bench-modes-wall-run.ts';
import { type EdgeProcess, startEdgeProcess } from './edge-process.ts';
import trialPrompts from './trial-prompts.json' with { type: 'json' };

export interface WallBenchOptions {
  readonly modes: readonly PacingName[];
  readonly roundTripsMs: readonly number[];
  readonly pair: string;
  readonly profile: string;
  readonly tokens: number;
  readonly promptCount: number;
  /** Of each mode, prompt and round trip. */
  readonly repeats: number;
  /** Windows that the pilot tries. */
  readonly gammas: readonly number[];
  readonly maxAhead: number;
  readonly minChainConfidence: number;
  readonly lookUpTokens: number;
  readonly onNote: (text: string) => void;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

/** Of different kinds first. */
const promptOrder = ['spec-bench/91', 'humaneval/0', 'gsm8k/0', 'spec-bench/161', 'spec-bench/111', 'humaneval/1'];
const contextLength = 2048;
const pilotTokens = 32;
/** A run with a larger share of steps that could not be held to the profile is void. */
const overrunLimit = 0.01;
const attemptsPerRun = 3;
/** On a machine too busy to hold the pace, repeats may add no more than this share of the planned runs. */
const repeatShare = 1 / 3;

interface Setup extends AsyncDisposable {
  readonly options: WallBenchOptions;
  readonly targetName: string;
  readonly draftName: string;
  readonly draft: LanguageModel;
  readonly prompts: readonly WallPrompt[];
}

/** A run that counts or not, and whether its text is the edge's own. */
interface Judged extends WallRun {
  readonly prompt: string;
  readonly isVoid: boolean;
  readonly identical: boolean;
}

type References = ReadonlyMap<WallPrompt, readonly number[]>;

export async function benchModesWall(options: WallBenchOptions): Promise<ModesResult> {
  await using setup = await prepare(options);
  options.onNote(expectedDuration(options));
  const gammas = new Map<string, number>();
  if (needsOwnDraft(options)) gammas.set('edge-sd', await pilotEdgeSd(setup));
  const edge = await startEdge(setup, gammas.get('edge-sd') ?? 1);
  try {
    const references = await writeReferences(setup, edge);
    for (const [key, gamma] of await pilot(setup, edge)) gammas.set(key, gamma);
    return await measure(setup, edge, references, gammas);
  } finally {
    await edge.close();
  }
}

async function prepare(options: WallBenchOptions): Promise<Setup> {
  const { target, draft } = await acquirePair(options.pair);
  const draftName = draft.entry?.name ?? draft.path;
  const sequences = options.promptCount;
  const model = await openModel(draftName, { role: 'draft', sequences, contextLength, exact: true });
  const known = trialPrompts.prompts.toSorted((one, other) => rankOf(one.name) - rankOf(other.name));
  const prompts = known.slice(0, options.promptCount).map(({ name, form, text }, index) => ({
    name,
    ids: form === 'chat' ? model.tokenizer.encodeChat([{ role: 'user', content: text }]) : model.tokenizer.encode(text),
    conversation: (index + 1).toString(16).padStart(32, '0'),
    drafter: new ModelDrafter(model),
  }));
  return {
    options,
    targetName: target.entry?.name ?? target.path,
    draftName,
    draft: model,
    prompts,
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

/** About as long as it takes if no run is void; most modes take about three quarters of a step of the edge alone per token. */
function expectedDuration({
  modes,
  roundTripsMs,
  promptCount,
  repeats,
  tokens,
  gammas,
  profile,
}: WallBenchOptions): string {
  const { stepMs } = findProfile(profile);
  const runCount = modes.length * roundTripsMs.length * promptCount * repeats;
  const windowed = modes.filter((mode) => windowedModes.has(mode)).length;
  const pilotCount = gammas.length > 1 ? windowed * gammas.length * roundTripsMs.length : 0;
  const seconds = 15 + (runCount * tokens + pilotCount * pilotTokens) * 0.75 * stepMs * 1e-3;
  const minutes = Math.max(1, Math.round(seconds / 60));
  return `${runCount} runs of ${tokens} tokens and ${pilotCount} to choose windows by: about ${minutes} minutes`;
}

function startEdge({ options, targetName, draftName, prompts }: Setup, gamma: number): Promise<EdgeProcess> {
  const flags = ['--model', targetName, '--profile', options.profile, '--context', String(contextLength)];
  flags.push('--sessions', String(prompts.length + 1), '--look-up', String(options.lookUpTokens));
  if (needsOwnDraft(options)) flags.push('--draft', draftName, '--draft-window', String(gamma));
  return startEdgeProcess(flags, () => {});
}

function needsOwnDraft({ modes }: WallBenchOptions): boolean {
  return modes.some((mode) => pacingOf(mode).edgeDrafts);
}

const unwindowed = { mode: 'ar', roundTripMs: 0, gamma: 0 } as const;

/** What the edge writes alone, through the same machines: every other text must be this one. */
async function writeReferences(setup: Setup, edge: EdgeProcess): Promise<References> {
  const references = new Map<WallPrompt, readonly number[]>();
  for (const [index, prompt] of setup.prompts.entries()) {
    setup.options.onProgress?.('reference texts', index, setup.prompts.length);
    const { report } = await run(setup, edge, { ...unwindowed, prompt, tokens: setup.options.tokens });
    references.set(prompt, report.tokens);
  }
  return references;
}

type RunChoice = Pick<WallRunOptions, 'mode' | 'roundTripMs' | 'prompt' | 'gamma' | 'tokens'>;

function run({ options, draft }: Setup, edge: EdgeProcess, choice: RunChoice): Promise<WallRun> {
  const { maxAhead, minChainConfidence } = options;
  return runOnWall(edge, draft.tokenizer, { ...choice, maxAhead, minChainConfidence });
}

/** The edge's own window is a setting of its process, and the round trip does not matter to it. */
async function pilotEdgeSd(setup: Setup): Promise<number> {
  const { gammas, onProgress } = setup.options;
  const [prompt] = setup.prompts;
  const paces: [number, number][] = [];
  for (const [index, gamma] of gammas.entries()) {
    if (prompt === undefined || gammas.length === 1) break;
    onProgress?.('windows of edge-sd', index, gammas.length);
    const edge = await startEdge(setup, gamma);
    try {
      // The first evaluates the prompt.
      await run(setup, edge, { mode: 'edge-sd', roundTripMs: 0, prompt, gamma, tokens: 8 });
      const { report } = await run(setup, edge, {
        mode: 'edge-sd',
        roundTripMs: 0,
        prompt,
        gamma,
        tokens: pilotTokens,
      });
      paces.push([gamma, report.msPerToken ?? Number.POSITIVE_INFINITY]);
    } finally {
      await edge.close();
    }
  }
  return quickest(paces) ?? gammas[0] ?? 1;
}

/** A second try where the first could not be held to the profile. */
async function pilotPace(setup: Setup, edge: EdgeProcess, choice: Omit<RunChoice, 'tokens'>): Promise<number> {
  const first = await run(setup, edge, { ...choice, tokens: pilotTokens });
  const kept = wasOverrun(first) ? await run(setup, edge, { ...choice, tokens: pilotTokens }) : first;
  const paces = [first, kept].map(({ report }) => report.msPerToken ?? Number.POSITIVE_INFINITY);
  return Math.min(...paces);
}

function quickest(paces: readonly (readonly [gamma: number, msPerToken: number])[]): number | undefined {
  return paces.toSorted(([, one], [, other]) => one - other)[0]?.[0];
}

function keyOf(mode: PacingName, roundTripMs: number): string {
  return `${mode} at ${roundTripMs}`;
}

/** One short text for each window of each other mode at each round trip, with the first prompt. */
async function pilot(setup: Setup, edge: EdgeProcess): Promise<Map<string, number>> {
  const { gammas, roundTripsMs, modes, onProgress } = setup.options;
  const windowed = modes.filter((mode) => windowedModes.has(mode) && !pacingOf(mode).edgeDrafts);
  const cells = roundTripsMs.flatMap((roundTripMs) => windowed.map((mode) => ({ mode, roundTripMs })));
  const chosen = new Map<string, number>();
  const [prompt] = setup.prompts;
  for (const [index, { mode, roundTripMs }] of cells.entries()) {
    onProgress?.('windows of the other modes', index, cells.length);
    const paces: [number, number][] = [];
    for (const gamma of gammas) {
      if (prompt === undefined || gammas.length === 1) break;
      paces.push([gamma, await pilotPace(setup, edge, { mode, roundTripMs, prompt, gamma })]);
    }
    chosen.set(keyOf(mode, roundTripMs), quickest(paces) ?? gammas[0] ?? 1);
  }
  return chosen;
}

async function measure(
  setup: Setup,
  edge: EdgeProcess,
  references: References,
  gammas: ReadonlyMap<string, number>,
): Promise<ModesResult> {
  const { tokens, onProgress } = setup.options;
  const runs = new Map<string, Judged[]>();
  const order = orderOfRuns(setup);
  let repeatsLeft = Math.ceil(order.length * repeatShare);
  const mayRepeat = (): boolean => --repeatsLeft >= 0;
  for (const [index, { mode, roundTripMs, prompt }] of order.entries()) {
    onProgress?.('runs', index, order.length);
    const key = keyOf(mode, roundTripMs);
    // The window of the edge's own draft is a setting of its process: mix has that of edge-sd.
    const gamma = (pacingOf(mode).edgeDrafts ? gammas.get('edge-sd') : gammas.get(key)) ?? 0;
    const write = (): Promise<WallRun> => run(setup, edge, { mode, roundTripMs, prompt, gamma, tokens });
    runs.set(key, [...(runs.get(key) ?? []), ...(await runUntilItCounts(references, prompt, write, mayRepeat))]);
  }
  return resultOf(setup, runs);
}

/** Modes take turns within each repeat, and no mode always has the same one before it. */
function orderOfRuns({ options, prompts }: Setup): { mode: PacingName; roundTripMs: number; prompt: WallPrompt }[] {
  const { modes, roundTripsMs, repeats } = options;
  return roundTripsMs.flatMap((roundTripMs) =>
    Array.from({ length: repeats }, (_, repeat) => repeat % modes.length).flatMap((start) =>
      prompts.flatMap((prompt) =>
        [...modes.slice(start), ...modes.slice(0, start)].map((mode) => ({ mode, roundTripMs, prompt })),
      ),
    ),
  );
}

function wasOverrun({ steps, overranSteps }: WallRun): boolean {
  return steps > 0 && overranSteps / steps > overrunLimit;
}

/** Up to three runs: all of them are compared, and the last counts if its pacing was held. */
export async function runUntilItCounts(
  references: References,
  prompt: WallPrompt,
  write: () => Promise<WallRun>,
  mayRepeat: () => boolean = () => true,
): Promise<Judged[]> {
  const judged: Judged[] = [];
  const reference = references.get(prompt) ?? [];
  while (judged.length < attemptsPerRun) {
    const made = await write();
    const { tokens } = made.report;
    const identical = tokens.length === reference.length && tokens.every((id, index) => id === reference[index]);
    const isVoid = wasOverrun(made);
    judged.push({ ...made, prompt: prompt.name, isVoid, identical });
    if (!isVoid || (judged.length < attemptsPerRun && !mayRepeat())) break;
  }
  return judged;
}

function resultOf(
  { options, prompts, targetName, draftName }: Setup,
  runs: ReadonlyMap<string, readonly Judged[]>,
): ModesResult {
  const { modes, roundTripsMs, onNote: _note, onProgress: _progress, ...params } = options;
  const { stepMs, rowMs } = findProfile(options.profile);
  const rows = roundTripsMs.flatMap((roundTripMs) =>
    modes.map((mode) => {
      const law = { mode, roundTripMs, stepFixedMs: stepMs, stepPerRowMs: rowMs };
      return rowOf(law, runs.get(keyOf(mode, roundTripMs)) ?? [], prompts.length);
    }),
  );
  const all = [...runs.values()].flat();
  const streams = rows.filter(({ mode }) => mode === 'stream').map(({ acceptance }) => acceptance);
  const summary = {
    ...summariseModes(rows),
    ...withoutGaps({ acceptance: mean(streams.filter((value) => value !== null)) }),
    texts: all.length,
    identical: all.filter(({ identical }) => identical).length,
    voidRuns: all.filter(({ isVoid }) => isVoid).length,
    pacedOverrunShare: overrunShare(all.filter(({ isVoid }) => !isVoid)),
  };
  const named = { target: targetName, draft: draftName, prompts: prompts.map(({ name }) => name) };
  return { rows, summary, params: { clock: 'wall', modes, roundTripsMs, ...params, ...named } };
}

function rowOf(
  law: Pick<ModeRow, 'mode' | 'roundTripMs' | 'stepFixedMs' | 'stepPerRowMs'>,
  judged: readonly Judged[],
  promptCount: number,
) {
  const counted = judged.filter(({ isVoid }) => !isVoid);
  const byPrompt = [...Map.groupBy(counted, ({ prompt }) => prompt).values()].map((runs) =>
    runs.map(({ report }) => report.msPerToken ?? Number.NaN),
  );
  const errors = byPrompt.map((paces) => standardError(paces)).filter((error) => error !== null);
  const gamma = judged[0]?.gamma ?? 0;
  return {
    ...law,
    givenAcceptance: null,
    runs: counted.length,
    bestGamma: gamma === 0 ? null : gamma,
    // Prompts differ, runs of one do not: the median is over the latter. With a prompt missing, rows could not be compared.
    msPerToken: byPrompt.length < promptCount ? null : mean(byPrompt.map(median)),
    msPerTokenStandardError: errors.length === 0 ? null : Math.hypot(...errors) / errors.length,
    ...measuresOf(counted),
    texts: judged.length,
    identical: judged.filter(({ identical }) => identical).length,
    voidRuns: judged.length - counted.length,
    pacedOverrunShare: overrunShare(counted),
  };
}

function overrunShare(runs: readonly WallRun[]): number {
  const steps = runs.reduce((sum, run) => sum + run.steps, 0);
  return steps === 0 ? 0 : runs.reduce((sum, run) => sum + run.overranSteps, 0) / steps;
}
