// The open parts of a wall bench: the draft model, the prompts and the edge processes. It writes texts with them, over an emulated network.

import samplePrompts from '../../../simulator/files/sample-prompts.json' with { type: 'json' };
import type { Run } from '../../../simulator/runner/experiment.ts';
import {
  edgeLookUpTokens,
  type LookUpPlace,
  looksUpOnDevice,
  type MinConfidence,
} from '../../../src/cli/options/look-up-place.ts';
import type { GpuChoice } from '../../../src/core/basics/gpu-choice.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { modeOf } from '../../../src/core/protocol/wire/mode.ts';
import { describeMachine } from '../../../src/files/document.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { acquirePair } from '../../../src/models/files/acquire.ts';
import { AdaptiveDrafter } from '../../../src/models/port/adaptive-drafter.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { AutoMode } from '../../../src/processes/device/auto-mode.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { ProbedEdge } from '../../measuring/probe.ts';
import {
  type BenchMode,
  edgeWindowedModes,
  isPlain,
  plainWindow,
  roomFor,
  runsBesideTarget,
  type Window,
  waysToRun,
} from './metrics.ts';
import { startWallEdges, type WallEdges } from './wall-edges.ts';
import {
  measureText,
  type PlannedRun,
  type PlanSettings,
  type StepFigures,
  type WallRun,
  type WallText,
  type WrittenText,
} from './wall-runs.ts';

/** All settings that affect the figures; a record keeps them. */
export interface WallSettings extends PlanSettings {
  readonly pair: string;
  /** Name of the edge's latency profile; null: no latency emulation. */
  readonly profile: string | null;
  /** What runs the target; default: llama.cpp. */
  readonly engine?: string;
  /** GPU for target and drafts; default `off`. */
  readonly gpu?: GpuChoice;
  readonly tokens: number;
  readonly promptCount: number;
  /** Draft lengths that the pilot tries; null: the predicted one and its neighbours. */
  readonly gammas: readonly number[] | null;
  readonly maxAhead: number;
  readonly minChainConfidence: MinConfidence;
  readonly lookUp: LookUpPlace;
  /** Whether the draft model reads the prompt again in each turn. */
  readonly unread?: true;
}

/** Inputs of the prediction of draft lengths. */
export interface PilotFigures extends StepFigures {
  readonly draftMs: number;
  readonly acceptance: number;
}

/** Prompts; different kinds come first. */
const promptOrder = ['spec-bench/91', 'humaneval/0', 'humaneval/1', 'spec-bench/161', 'gsm8k/0', 'spec-bench/111'];
const contextLength = 2048;
export const pilotPrompts = 2;
export const pilotTokens = 32;
export const warmUpTokens = 8;

export type WallCell = Pick<PlannedRun, 'mode' | 'roundTripMs'>;

interface WallPrompt {
  readonly name: string;
  readonly ids: readonly number[];
  /** 32 hex digits: the edge remembers the evaluated prompt from run to run. */
  readonly conversation: string;
  /** A drafter for each prompt, so that the draft remembers the prompt as well. */
  readonly drafter: ModelDrafter;
}

interface OpenParts {
  readonly targetName: string;
  readonly draftName: string;
  readonly draft: LanguageModel;
  readonly prompts: readonly WallPrompt[];
}

export async function openWallBench(settings: WallSettings, run: Run): Promise<WallBench> {
  const { target, draft } = await acquirePair(settings.pair);
  const { node: _node, ...machine } = describeMachine();
  const files = { target: target.sha256, draft: draft.sha256 };
  await run.begin({ clock: 'wall', ...settings, machine, files });
  const draftName = draft.entry?.name ?? draft.path;
  // Each drafter reads one text, and as many alternatives beside it as some mode has hedges.
  const width = 1 + Math.max(...settings.modes.map((mode) => plainWindow(mode).hedges ?? 0));
  const sequences = settings.promptCount * width;
  const shapes = { exact: false, threads: 1, gpu: settings.gpu };
  const model = await openModel(draftName, { role: 'draft', sequences, contextLength, ...shapes });
  const known = samplePrompts.prompts.toSorted((one, other) => rankOf(one.name) - rankOf(other.name));
  const prompts = known.slice(0, settings.promptCount).map(({ name, form, text }, index) => ({
    name,
    ids: form === 'chat' ? model.tokenizer.encodeChat([{ role: 'user', content: text }]) : model.tokenizer.encode(text),
    conversation: (index + 1).toString(16).padStart(32, '0'),
    drafter: new ModelDrafter(model),
  }));
  const targetName = target.entry?.name ?? target.path;
  return new WallBench(settings, run, { targetName, draftName, draft: model, prompts });
}

function rankOf(name: string): number {
  const rank = promptOrder.indexOf(name);
  return rank === -1 ? promptOrder.length : rank;
}

export class WallBench implements AsyncDisposable {
  readonly settings: WallSettings;
  readonly run: Run;
  readonly #parts: OpenParts;
  readonly #autos = new Map<number, AutoMode>();
  readonly #windows = new Map<string, Window>();
  /** Texts of the edge alone, by prompt. */
  readonly #references = new Map<string, readonly number[]>();
  #edges: WallEdges | null = null;

  constructor(settings: WallSettings, run: Run, parts: OpenParts) {
    this.settings = settings;
    this.run = run;
    this.#parts = parts;
  }

  get prompts(): readonly WallPrompt[] {
    return this.#parts.prompts;
  }

  get named(): object {
    const { targetName, draftName } = this.#parts;
    return { target: targetName, draft: draftName, prompts: this.prompts.map(({ name }) => name) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeEdges();
    for (const { drafter } of this.prompts) await drafter[Symbol.asyncDispose]();
    await this.#parts.draft.close();
  }

  async #closeEdges(): Promise<void> {
    await this.#edges?.close();
    this.#edges = null;
  }

  /**
   * Replaces the running edges.
   * @param gamma draft length of the edge's own draft model: a setting of its process
   * @throws OutriderError when an edge ends before it listens
   */
  async startEdges(gamma: number): Promise<StepFigures> {
    await this.#closeEdges();
    const { profile, modes, engine } = this.settings;
    const draftFlags = ['--draft', this.#parts.draftName, '--draft-window', String(gamma)];
    this.#edges = await startWallEdges({
      flags: this.#edgeFlags(),
      lawfulFlags: this.#needsEdgeDraft() ? draftFlags : [],
      engine,
      profile,
      modes,
      // Of the messages of an edge, those about long work are passed on.
      onLine: (line) => {
        if (line.includes('shape law')) this.run.note(line);
      },
    });
    return this.#edges.steps;
  }

  #edgeFlags(): string[] {
    const { profile, lookUp, gpu = 'off' } = this.settings;
    const flags = ['--model', this.#parts.targetName, '--context', String(contextLength)];
    flags.push('--sessions', String(this.prompts.length + 1), '--look-up', String(edgeLookUpTokens(lookUp)));
    if (gpu !== 'off') flags.push('--gpu', gpu);
    if (profile !== null) flags.push('--profile', profile);
    return flags;
  }

  #needsEdgeDraft(): boolean {
    return this.settings.modes.some((mode) => waysToRun(mode).some(({ machine }) => modeOf(machine).edgeDrafts));
  }

  #edgeOf(mode: BenchMode): ProbedEdge {
    return (this.#edges as WallEdges).of(mode);
  }

  /** The texts of the edge alone, through the same machines: every other text must equal them. Both sides also read the prompts here. */
  async writeReferences(): Promise<void> {
    const reader = this.#needsEdgeDraft() ? 'mix' : 'stream';
    for (const [index, prompt] of this.prompts.entries()) {
      this.run.onProgress('reference texts', index, this.prompts.length);
      await this.#write(prompt, { mode: reader, roundTripMs: 0 }, warmUpTokens);
      for (const mode of this.settings.modes.filter(isPlain))
        await this.#write(prompt, { mode, roundTripMs: 0 }, warmUpTokens);
      const measure = async (): Promise<readonly number[]> =>
        (await this.#write(prompt, { mode: 'ar', roundTripMs: 0 })).report.tokens;
      this.#references.set(prompt.name, await this.run.one({ key: `reference ${prompt.name}`, measure }));
    }
  }

  get knowsFigures(): boolean {
    return this.settings.gammas !== null || this.run.has('figures');
  }

  /** Speed and acceptance of the draft on this machine, from one text of each prompt. Null: the draft lengths are given. */
  async measureFigures(): Promise<PilotFigures | null> {
    if (this.settings.gammas !== null) return null;
    return await this.run.one({
      key: 'figures',
      measure: async () => {
        const reports = [];
        for (const prompt of this.prompts.slice(0, pilotPrompts))
          reports.push((await this.#write(prompt, { mode: 'stream', roundTripMs: 0 })).report);
        const acceptance = mean(reports.map((report) => report.acceptance ?? 0));
        return {
          ...(this.#edges as WallEdges).steps,
          acceptance,
          draftMs: mean(reports.map((report) => report.draftMs ?? 1)),
        };
      },
    });
  }

  setWindow(cell: WallCell, window: Window): void {
    this.#windows.set(keyOfCell(cell), window);
  }

  writePlanned(planned: PlannedRun): Promise<WallRun> {
    const window = this.#windows.get(keyOfCell(planned)) ?? plainWindow(planned.mode);
    return this.#writeRun(planned, window, this.prompts, this.settings.tokens);
  }

  /** Writes a few texts that do not count. */
  writePilot(cell: WallCell, window: Window, tokens: number = pilotTokens): Promise<WallRun> {
    return this.#writeRun({ ...cell, repeat: 0 }, window, this.prompts.slice(0, pilotPrompts), tokens);
  }

  async #writeRun(
    planned: PlannedRun,
    window: Window,
    prompts: readonly WallPrompt[],
    tokens: number,
  ): Promise<WallRun> {
    const { mode, roundTripMs } = planned;
    const { machine, windowsInFlight, gamma } = window;
    const auto = mode === 'auto' ? await this.#autoFor(roundTripMs) : undefined;
    // Only the reader is a round trip away.
    const readerMs = runsBesideTarget(mode) ? roundTripMs : 0;
    const edge = this.#edgeOf(mode);
    const before = await edge.ask('pacing');
    const texts: WallText[] = [];
    for (const prompt of prompts) {
      const written = await this.#write(prompt, planned, tokens, window, auto);
      const text = measureText(prompt.name, written, this.#references.get(prompt.name), gamma);
      texts.push({ ...text, timeToFirstTokenMs: text.timeToFirstTokenMs + readerMs });
    }
    const after = await edge.ask('pacing');
    const grown = (key: 'steps' | 'overranSteps'): number => (after?.[key] ?? 0) - (before?.[key] ?? 0);
    return {
      ...planned,
      machine,
      windowsInFlight,
      gamma,
      texts,
      pacedSteps: grown('steps'),
      overranSteps: grown('overranSteps'),
    };
  }

  /** One instance for each round trip, as a device has one for each edge. It measures two texts before the first text that counts. */
  async #autoFor(roundTripMs: number): Promise<AutoMode> {
    const known = this.#autos.get(roundTripMs);
    if (known !== undefined) return known;
    const auto = new AutoMode();
    this.#autos.set(roundTripMs, auto);
    const cell = { mode: 'auto', roundTripMs } as const;
    for (const prompt of this.prompts.slice(0, pilotPrompts))
      await this.#write(prompt, cell, pilotTokens, plainWindow('auto'), auto);
    return auto;
  }

  /** @throws OutriderError when the turn fails */
  async #write(
    prompt: WallPrompt,
    { mode, roundTripMs }: WallCell,
    tokens: number = this.settings.tokens,
    window: Window = plainWindow(mode),
    auto?: AutoMode,
  ): Promise<WrittenText> {
    const { maxAhead, minChainConfidence, lookUp } = this.settings;
    const { machine, gamma, windowsInFlight, hedges = 0 } = window;
    const network = { ...idealLink, roundTripMs: runsBesideTarget(mode) ? 0 : roundTripMs };
    if (this.settings.unread === true) prompt.drafter.forget();
    // Its measurements from one text must not help it with the same text in the next run.
    const drafter = looksUpOnDevice(lookUp) ? new AdaptiveDrafter(prompt.drafter) : prompt.drafter;
    const turn = startTurn({
      connect: createEmulatedLink(connectWebSocket(this.#edgeOf(mode).url), network).connect,
      tokenizer: this.#parts.draft.tokenizer,
      drafter: mode === 'auto' || modeOf(machine).deviceDrafts ? drafter : null,
      prompt: prompt.ids,
      ...(auto === undefined ? { mode: machine, windowsInFlight } : { auto }),
      maxAnswerTokens: tokens,
      maxAhead: roomFor(window, maxAhead),
      minChainConfidence,
      hedges,
      conversation: prompt.conversation,
      ...(gamma === 0 ? {} : { draftLength: gamma }),
    });
    const commitTokenCounts: number[] = [];
    for await (const { tokens: committed } of turn) commitTokenCounts.push(committed.length);
    return { report: await turn.report, commitTokenCounts };
  }
}

/** Drafts that cross no network have the same draft length at every round trip. */
export function keyOfCell({ mode, roundTripMs }: WallCell): string {
  return `${mode} at ${edgeWindowedModes.has(mode) || runsBesideTarget(mode) ? 0 : roundTripMs}`;
}
