// Which checks doctor makes, in which order, and which of them need what an earlier one found; doctor's summary with its stable keys. It
// opens the two models as `outrider run` does: the target exact, or fast where that is refused; the draft fast.

import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { describeLaw, freeLaw } from '../../core/decoding/shape-law.ts';
import type { ModeName } from '../../core/protocol/wire/mode.ts';
import type { Result } from '../../files/document.ts';
import { type OpenModelOptions, openModel } from '../../models/engines/open-model.ts';
import { demandListening } from '../../models/engines/remote/external-worker.ts';
import { demandMemory } from '../../models/files/memory-check.ts';
import { ModelDrafter } from '../../models/port/drafter.ts';
import {
  describeAddress,
  type EngineSpec,
  hasAddress,
  parseEngineSpec,
  readsModelFile,
} from '../../models/port/engine-spec.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import { defaultEdgeProfile } from '../../models/port/profiles.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { createDevice } from '../../processes/device/device.ts';
import { probeEdge, probeTimeoutMs } from '../../processes/device/probe-edge.ts';
import {
  type Check,
  checkCores,
  checkEngine,
  checkMemory,
  checkModelFile,
  checkNode,
  checkPort,
  checkScraper,
  checkTokenizers,
  measureLoopback,
  pathOf,
  runCheck,
} from './doctor-checks.ts';
import {
  checkShapesHere,
  comparedRows,
  describeCosts,
  describeExactness,
  type ExactCost,
  exactCosts,
  isNative,
} from './doctor-exactness.ts';
import { type MeasuredDrafts, measureDrafts, measureSteps, type StepTime } from './doctor-measure.ts';
import {
  type AllPredictions,
  againstNative,
  besideLlama,
  boundOf,
  measuredAtEdge,
  predict,
  quickestOf,
} from './doctor-predictions.ts';

export interface DoctorOptions extends Pick<OpenModelOptions, 'gpu' | 'onLawProgress'> {
  /** Names, paths or toys, as everywhere. */
  readonly model: string;
  readonly draft: string;
  /** The target's engine, as `--engine` of an edge takes it; default: llama.cpp in this process. */
  readonly engine?: string | undefined;
  /** Where the engine runs in another process: the file whose tokenizer is taken; default: `model`. */
  readonly tokenizer?: string | undefined;
  /** Address of an edge to try. */
  readonly edge?: string | undefined;
  /** SHA-256 of its certificate, where no authority vouches for that. */
  readonly edgeFingerprint?: string | undefined;
  readonly key?: string | undefined;
  /** The key of a scraper to try at that edge. */
  readonly metricsKey?: string | undefined;
  /** Sessions at the same time, for which engines are compared; default 1. */
  readonly sessions?: number;
  /** The port that an edge here would listen on. */
  readonly port: number;
  readonly onCheck?: (check: Check) => void;
}

export interface Examination extends Result {
  readonly rows: readonly Check[];
  readonly allPredictions: AllPredictions;
}

interface PlannedCheck {
  readonly check: string;
  /** Earlier checks without which it is not tried. */
  readonly needs?: readonly string[];
  /** @returns what was found @throws what is wrong */
  readonly run: () => Promise<string> | string;
}

const targetSize = { sequences: 2, contextLength: 2048 };
const nativeSize = { sequences: 1, contextLength: 256 };
const draftSize = { sequences: 1, contextLength: 2048 };
/** The network that `outrider run` emulates by default. */
const emulatedRoundTripMs = 20;

/** Runs all checks, then predicts if both models could be opened. */
export async function examine(options: DoctorOptions): Promise<Examination> {
  const rows: Check[] = [];
  await using found = new Found(options);
  for (const { check, needs = [], run } of [...machineChecks(options, found), ...modelChecks(options, found)]) {
    const row = await runCheck(check, () => {
      const failed = rows.find((one) => !one.ok && needs.includes(one.check));
      if (failed !== undefined) throw notTried(`${failed.check} failed`);
      return run();
    });
    rows.push(row);
    options.onCheck?.(row);
  }
  return { rows, ...conclude(rows, found) };
}

function notTried(why: string): OutriderError {
  return new OutriderError('bad-argument', `not tried: ${why}`, 'fix the failed check above first');
}

function machineChecks({ model, draft, gpu, port, tokenizer }: DoctorOptions, found: Found): PlannedCheck[] {
  const engine = { check: 'engine', run: () => checkEngine(gpu) };
  // What has no file takes next to nothing, and a worker's memory is its own.
  const withFiles = [...(found.hasTargetHere ? [{ spec: model, ...targetSize }] : []), { spec: draft, ...draftSize }];
  const file = found.hasTargetHere ? model : (tokenizer ?? model);
  const planned = withFiles.filter(({ spec }) => needsFile(spec));
  return [
    { check: 'node', run: () => checkNode() },
    ...(planned.length > 0 ? [engine] : []),
    ...workerChecks(found.engine),
    ...(file === 'none' ? [] : [{ check: 'target file', run: () => checkModelFile(file) }]),
    { check: 'draft file', run: () => checkModelFile(draft) },
    {
      check: 'memory',
      needs: ['target file', 'draft file'],
      run: () => checkMemory(planned.map(({ spec, ...size }) => ({ path: pathOf(spec), ...size }))),
    },
    { check: 'cores', run: () => checkCores() },
    { check: 'port', run: () => checkPort(port) },
    {
      check: 'loopback',
      async run() {
        found.loopbackMs = await measureLoopback();
        return `a frame goes and comes back in ${found.loopbackMs.toFixed(2)} ms`;
      },
    },
  ];
}

function workerChecks(engine: EngineSpec): PlannedCheck[] {
  if (!hasAddress(engine)) return [];
  const run = async (): Promise<string> => {
    await demandListening(engine);
    return `a worker listens at ${describeAddress(engine)}`;
  };
  return [{ check: 'worker', run }];
}

function modelChecks({ edge, edgeFingerprint, metricsKey }: DoctorOptions, found: Found): PlannedCheck[] {
  // Opening would download missing files, and need more memory than there is.
  const openable = ['engine', 'worker', 'target file', 'draft file', 'memory'];
  return [
    { check: 'models', needs: openable, run: () => found.open() },
    { check: 'tokenizers', run: () => checkTokenizers(...found.models) },
    {
      check: 'shape law',
      run() {
        if (found.refusal !== null) throw found.refusal;
        return describeExactness(found.exactTarget);
      },
    },
    { check: 'exact shapes', run: () => checkShapesHere(found.exactTarget) },
    { check: 'acceptance', run: () => found.measureAcceptance() },
    { check: 'steps', run: () => found.measureSteps() },
    { check: 'exact cost', run: () => found.compareCosts() },
    ...(found.isRemote && found.hasTargetHere ? [{ check: 'llama.cpp', run: () => found.compareWithLlama() }] : []),
    ...(edge === undefined ? [] : [{ check: 'edge', run: () => found.tryEdge(edge) }]),
    ...(edge === undefined || metricsKey === undefined
      ? []
      : [{ check: 'metrics', run: () => checkScraper(edge, metricsKey, edgeFingerprint) }]),
  ];
}

/** What the checks have found so far. A member is null, NaN or empty until its check has passed. */
class Found implements AsyncDisposable {
  loopbackMs: number = Number.NaN;
  target: LanguageModel | null = null;
  draft: LanguageModel | null = null;
  /** Why the target could not be opened as exact. */
  refusal: OutriderError | null = null;
  drafts: MeasuredDrafts | null = null;
  steps: readonly StepTime[] = [];
  /** The cost of each measured step. */
  costs: readonly ExactCost[] = [];
  /** The engine's time per token over that of llama.cpp; null: not compared. */
  overLlama: number | null = null;
  /** What a real edge took; times in ms. */
  edge: Readonly<Record<string, number | string | null>> = {};
  readonly engine: EngineSpec;
  readonly #options: DoctorOptions;

  constructor(options: DoctorOptions) {
    this.#options = options;
    this.engine = parseEngineSpec(options.engine ?? 'llama');
  }

  get isRemote(): boolean {
    return this.engine.kind !== 'llama';
  }

  /** Whether the engine reads the file that is named as the target. */
  get hasTargetHere(): boolean {
    return readsModelFile(this.engine);
  }

  /** @throws OutriderError where the models could not be opened */
  get models(): readonly [target: LanguageModel, draft: LanguageModel] {
    if (this.target === null || this.draft === null) throw notTried('the models could not be opened');
    return [this.target, this.draft];
  }

  /** The target where it is exact. @throws OutriderError */
  get exactTarget(): LanguageModel {
    const [target] = this.models;
    if (this.refusal !== null) throw notTried('exact is refused');
    return target;
  }

  /** What was opened before a failure stays open. */
  async open(): Promise<string> {
    const { model, draft, gpu, onLawProgress, engine, tokenizer: tokenizerFile } = this.#options;
    const asTarget = { role: 'target', gpu, ...targetSize, engine, tokenizerFile } as const;
    try {
      this.target = await openModel(model, { ...asTarget, exact: true, onLawProgress });
    } catch (error) {
      if (!isOutriderError(error) || error.code !== 'exact-refused') throw error;
      this.refusal = error;
      this.target = await openModel(model, { ...asTarget, exact: false });
    }
    // A draft need not be exact: the target's choice wins.
    const { tokenizer } = this.target;
    this.draft = await openModel(draft, { role: 'draft', gpu, ...draftSize, exact: false, threads: 1, tokenizer });
    return `${this.target.identity.description}; draft ${this.draft.identity.name}`;
  }

  async measureAcceptance(): Promise<string> {
    const [target, draft] = this.models;
    checkTokenizers(target, draft);
    this.drafts = await measureDrafts(target, draft);
    const { acceptance, comparedTokens, draftMs } = this.drafts;
    return `${Math.round(acceptance * 100)} % of ${comparedTokens} drafts hold; a draft takes ${draftMs.toFixed(1)} ms`;
  }

  async measureSteps(): Promise<string> {
    const [target] = this.models;
    const native = await this.#openNative(target);
    try {
      this.steps = await measureSteps(target, native);
    } finally {
      await native?.close();
    }
    const times = this.steps.map(({ ms }) => ms.toFixed(1)).join(', ');
    return `1 to ${this.steps.length} rows of one sequence take ${times} ms`;
  }

  /** The target's engine without a law, if there is memory for a second copy; null where that would be the target itself. */
  async #openNative(target: LanguageModel): Promise<LanguageModel | null> {
    const { model, gpu } = this.#options;
    // A worker serves one connection.
    if (isNative(target) || this.isRemote) return null;
    try {
      await demandMemory([{ path: pathOf(model), ...nativeSize }]);
    } catch (error) {
      if (isOutriderError(error) && error.code === 'memory-full') return null;
      throw error;
    }
    // As a target it would first count the choices that change.
    return openModel(model, { role: 'draft', gpu, ...nativeSize, exact: false, threads: 1 });
  }

  compareCosts(): string {
    const target = this.exactTarget;
    if (this.steps.length === 0) throw notTried('steps were not measured');
    this.costs = exactCosts(target, this.steps);
    return describeCosts(this.costs, isNative(target) || this.steps.every(({ nativeMs }) => nativeMs !== null));
  }

  /** Steps of the engine and of llama.cpp without a law in turns, on the same file. */
  async compareWithLlama(): Promise<string> {
    const target = this.exactTarget;
    if (this.drafts === null) throw notTried('drafts were not measured');
    const { model, sessions = 1 } = this.#options;
    await demandMemory([{ path: pathOf(model), ...nativeSize }]);
    await using llama = await openModel(model, { role: 'draft', ...nativeSize, exact: false, threads: 1 });
    const steps = await measureSteps(target, llama);
    const ofLlama = steps.map(({ rows, nativeMs }) => ({ rows, ms: nativeMs ?? Number.NaN }));
    const engines = [
      { steps, law: target.limits.law },
      { steps: ofLlama, law: freeLaw },
    ] as const;
    const { acceptance } = this.drafts;
    const { ratio, said } = besideLlama(...engines, { acceptance, sessions });
    this.overLlama = ratio;
    return said;
  }

  /** Asks a real edge for two short answers, one with drafts and one without. Without a draft it only reads the greeting. */
  async tryEdge(edge: string): Promise<string> {
    const { edgeFingerprint: fingerprint, key } = this.#options;
    const probing = connectWebSocket(edge, { fingerprint, timeoutMs: probeTimeoutMs });
    const { hello, roundTripMs: edgeRoundTripMs } = await probeEdge(probing);
    const greeting = `${hello.model}, ${edgeRoundTripMs.toFixed(1)} ms away`;
    const { draft } = this;
    if (draft === null) {
      this.edge = { edgeRoundTripMs };
      return greeting;
    }
    const { tokenizer } = draft;
    if (tokenizer.hash !== hello.tokenizerHash) {
      const cause = `${greeting}, has another tokenizer than the draft`;
      throw new OutriderError('tokenizer-mismatch', cause, 'use a draft made for that model (--draft)');
    }
    await using drafter = new ModelDrafter(draft);
    const credentials = key === undefined ? {} : { credentials: key };
    const device = createDevice({ edge: connectWebSocket(edge, { fingerprint }), tokenizer, drafter, ...credentials });
    const ask = async (mode: ModeName): Promise<number> => {
      const turn = device.ask('Why is the sky blue?', { mode, maxAnswerTokens: 32, giveUpAfterMs: 5000 });
      for await (const _ of turn) void 0;
      return (await turn.report).msPerToken ?? Number.NaN;
    };
    const edgeArMsPerToken = await ask('ar');
    const edgeStreamMsPerToken = await ask('stream');
    const found = measuredAtEdge(edgeArMsPerToken, edgeStreamMsPerToken);
    this.edge = { edgeRoundTripMs, edgeArMsPerToken, edgeStreamMsPerToken, ...found };
    const times = `${edgeArMsPerToken.toFixed(1)} ms from the edge alone, ${edgeStreamMsPerToken.toFixed(1)} ms with drafts`;
    return `${greeting}; a token takes ${times} (both measured)`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.target?.close();
    await this.draft?.close();
  }
}

function conclude(rows: readonly Check[], found: Found): Omit<Examination, 'rows'> {
  const failed = rows.filter(({ ok }) => !ok).length;
  const { loopbackMs, edge, drafts, steps } = found;
  const allPredictions = predictAll(found);
  const summary: Record<string, string | number | boolean | null> = { ok: failed === 0, failed, loopbackMs, ...edge };
  if (drafts !== null) summary['draftMs'] = drafts.draftMs;
  for (const { rows, ms } of steps) summary[`stepMs${rows}`] = ms;
  if (drafts !== null) summary['acceptance'] = drafts.acceptance;
  if (found.overLlama !== null) summary['overLlama'] = found.overLlama;
  Object.assign(summary, exactnessOf(found));
  for (const { key, predictions, quickest, why } of allPredictions) {
    for (const { mode, msPerToken } of predictions) summary[`${key}_${mode}_msPerToken`] = msPerToken;
    summary[`${key}_quickest`] = quickest.mode;
    summary[`${key}_why`] = why;
  }
  return { summary: { ...summary, ...quickestOf(allPredictions[0]) }, allPredictions };
}

/** Null: the target could not be opened, or keeps to no law. */
function exactnessOf({ target, refusal, costs }: Found): Result['summary'] {
  const law = target === null || refusal !== null ? null : describeLaw(target.limits.law);
  const exact = target === null ? null : refusal === null;
  const compared = comparedRows.flatMap((rows) => {
    const { nativeMs = null, ratio = null } = costs.find((one) => one.rows === rows) ?? {};
    return [[`nativeStepMs${rows}`, nativeMs] as const, [`exactCost${rows}`, ratio] as const];
  });
  return { exact, law, weights: target?.exactness?.weights ?? null, ...Object.fromEntries(compared) };
}

function predictAll({ target, drafts, steps, costs, loopbackMs, refusal }: Found): AllPredictions {
  if (target === null || drafts === null || steps.length === 0 || Number.isNaN(loopbackMs)) return [];
  const measured = { ...drafts, steps };
  const profile = defaultEdgeProfile;
  const { law } = target.limits;
  const here = predict(measured, law, loopbackMs);
  const msPerToken = costs.find(({ rows }) => rows === 1)?.nativeMs ?? here.arMs;
  const refused =
    'Exact text is refused, so these are the times of an edge with --fast, which does not promise the text';
  const said = refusal === null ? againstNative(here, msPerToken) : refused;
  const paced = predict(measured, law, emulatedRoundTripMs, profile);
  const slower = paced.keepsUp ? '' : '; this machine is slower than that, so its own steps count';
  const where = `paced to ${profile.description}, ${emulatedRoundTripMs} ms away${slower}`;
  const bound = boundOf(measured, msPerToken);
  return [
    { key: 'here', where: 'both processes on this machine, unpaced', ...here, native: { msPerToken, said }, bound },
    { key: 'paced', where, ...paced },
  ];
}
