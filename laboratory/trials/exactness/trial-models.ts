// What one exactness trial is asked for, and its models: a target, what drafts for it, and who may use how much of them.

import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import type { GpuChoice } from '../../../src/core/basics/gpu-choice.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { leastPositions, type ShapeCheckOptions } from '../../../src/models/exactness/shape-check.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { AdaptiveDrafter } from '../../../src/models/port/adaptive-drafter.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { createNgramModel } from '../../../src/models/port/ngram.ts';
import { alterModel } from './altered.ts';
import { shareModel } from './share-model.ts';

export interface ExactnessOptions extends Pick<ShapeCheckOptions, 'callSizes' | 'contextLengths' | 'positions'> {
  /** Names or paths. A model without a draft is its own. */
  readonly target: string;
  readonly draft?: string;
  /** What runs the target; default: llama.cpp. */
  readonly engine?: string;
  /** Threads of the target; default 1. */
  readonly threads?: number;
  /** GPU for target and drafts; default `off`. */
  readonly gpu?: GpuChoice;
  readonly tokens: number;
  readonly roundTripsMs: readonly number[];
  readonly temperatures: readonly number[];
  readonly modes: readonly ModeName[];
  /** Only so many prompts, the first or the shortest of all. */
  readonly promptCount?: number;
  readonly whichPrompts?: 'first' | 'shortest';
  /** Where found laws are kept; default: that of all models. */
  readonly cacheDirectory?: string;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  /** Checked between two texts. */
  readonly signal?: AbortSignal;
}

export interface Models extends AsyncDisposable {
  readonly target: LanguageModel;
  readonly drafts: ReadonlyMap<string, LanguageModel>;
  readonly edgeDraft: LanguageModel;
  readonly targetPath: string;
}

/** Texts that are written at the same time, so that steps hold several sessions. */
export const concurrentTurns = 4;
/** KV sequences of one drafter, on a device or the edge: one for its text, one for the alternative of a hedge. */
const sequencesOfDrafter = 2;
const drafterSequences = sequencesOfDrafter * concurrentTurns;
const edgeDraftSequences = sequencesOfDrafter * (concurrentTurns + 1);
/** A model that was trained for less has less. */
const mostContext = 2048;

/**
 * The target is loaded once, with sequences for the edge, for the references and for the drafts that it makes itself: each of them is
 * evaluated beside the others' cells.
 */
export async function openModels(options: ExactnessOptions): Promise<Models> {
  await using opened = new CloseStack();
  const { engine, threads, gpu, cacheDirectory, contextLengths = [] } = options;
  const { path: targetPath } = await acquireModel(options.target, { cacheDirectory });
  const { path: draftPath } = await acquireModel(options.draft ?? options.target, { cacheDirectory });
  const onLawProgress = (text: string, done: number, total: number): void =>
    options.onProgress?.(`shape law: ${text}`, Math.round((100 * done) / total), 100);
  const size = {
    sequences: concurrentTurns + 1 + 2 * drafterSequences,
    contextLength: Math.max(mostContext, ...contextLengths.map((length) => length + leastPositions + 1)),
    gpu,
    cacheDirectory,
    ...defined({ threads }),
  };
  const target = opened.use(
    await openModel(targetPath, { role: 'target', exact: true, engine, ...size, onLawProgress }),
  );
  const { contextLength } = target.limits;
  // Drafts need not be exact. The edge keeps conversations in all sequences of its own draft, so devices can't share them.
  const { tokenizer } = target;
  const asDraft = { role: 'draft', exact: false, gpu, threads: 1, contextLength, cacheDirectory, tokenizer } as const;
  const openDraft = async (sequences: number): Promise<LanguageModel> =>
    opened.use(await openModel(draftPath, { ...asDraft, sequences }));
  const openNgram = (sequences: number): LanguageModel => createNgramModel({ tokenizer, sequences, contextLength });
  const hasDraft = options.draft !== undefined;
  const drafts = new Map<string, LanguageModel>([
    ['n-gram', openNgram(drafterSequences)],
    ...(hasDraft ? [['draft', await openDraft(drafterSequences)] as const] : []),
    ['target itself', shareModel(target, drafterSequences)],
    ['target, 30 % altered', alterModel(shareModel(target, drafterSequences), { seed: 7, share: 0.3 })],
  ]);
  const edgeDraft = hasDraft ? await openDraft(edgeDraftSequences) : openNgram(edgeDraftSequences);
  const kept = opened.move();
  return {
    target: shareModel(target, concurrentTurns + 1),
    drafts,
    edgeDraft,
    targetPath,
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** Drafters as devices have them: each keeps the tokens that it has evaluated from one text to the next. */
export class DrafterPool {
  readonly #models: ReadonlyMap<string, LanguageModel>;
  readonly #free = new Map<string, AdaptiveDrafter[]>();

  constructor(models: ReadonlyMap<string, LanguageModel>) {
    this.#models = models;
  }

  take(draft: string): AdaptiveDrafter | null {
    const model = this.#models.get(draft);
    if (model === undefined) return null;
    return this.#free.get(draft)?.pop() ?? new AdaptiveDrafter(new ModelDrafter(model, sequencesOfDrafter));
  }

  giveBack(draft: string, drafter: AdaptiveDrafter | null): void {
    if (drafter !== null) this.#free.set(draft, [...(this.#free.get(draft) ?? []), drafter]);
  }

  async close(): Promise<void> {
    for (const drafter of [...this.#free.values()].flat()) await drafter[Symbol.asyncDispose]();
  }
}
