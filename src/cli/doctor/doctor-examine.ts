// Which checks doctor makes, in which order, and which of them need what an earlier one found; doctor's summary with its stable keys. It
// opens the two models as `outrider run` does: the target exact, or fast where that is refused; the draft fast.

import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { describeLaw } from '../../core/decoding/shape-law.ts';
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
  measureSteps,
  type StepTime,
} from './doctor-exactness.ts';

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
  /** The port that an edge here would listen on. */
  readonly port: number;
  readonly onCheck?: (check: Check) => void;
}

export interface Examination extends Result {
  readonly rows: readonly Check[];
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

/** Runs all checks. */
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
  return { rows, summary: summaryOf(rows, found) };
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
    { check: 'steps', run: () => found.measureSteps() },
    { check: 'exact cost', run: () => found.compareCosts() },
    ...(edge === undefined ? [] : [{ check: 'edge', run: () => found.tryEdge(edge) }]),
    ...(edge === undefined || metricsKey === undefined
      ? []
      : [{ check: 'metrics', run: () => checkScraper(edge, metricsKey, edgeFingerprint) }]),
  ];
}

/** What the checks have found so far. A member is null, NaN or empty until its check has passed. */
class Found implements AsyncDisposable {
  target: LanguageModel | null = null;
  draft: LanguageModel | null = null;
  /** Why the target could not be opened as exact. */
  refusal: OutriderError | null = null;
  steps: readonly StepTime[] = [];
  /** The cost of each measured step. */
  costs: readonly ExactCost[] = [];
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
    this.edge = { edgeRoundTripMs, edgeArMsPerToken, edgeStreamMsPerToken };
    const times = `${edgeArMsPerToken.toFixed(1)} ms from the edge alone, ${edgeStreamMsPerToken.toFixed(1)} ms with drafts`;
    return `${greeting}; a token takes ${times} (both measured)`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.target?.close();
    await this.draft?.close();
  }
}

function summaryOf(rows: readonly Check[], found: Found): Result['summary'] {
  const failed = rows.filter(({ ok }) => !ok).length;
  const steps = found.steps.map(({ rows, ms }) => [`stepMs${rows}`, ms] as const);
  return { ok: failed === 0, failed, ...found.edge, ...Object.fromEntries(steps), ...exactnessOf(found) };
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
