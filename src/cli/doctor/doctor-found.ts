// What the checks of doctor have found so far. Opens the two models as `outrider run` does: the target exact, or fast where that is refused;
// the draft fast.

import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { type OpenModelOptions, openModel } from '../../models/engines/open-model.ts';
import { demandMemory, type PlannedModel } from '../../models/files/memory-check.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import { pathOf } from './doctor-checks.ts';
import { type ExactCost, isNative } from './doctor-exactness.ts';
import type { MeasuredDrafts, MeasuredSteps } from './doctor-measure.ts';

const targetSize = { sequences: 2, contextLength: 2048 };
const nativeSize = { sequences: 1, contextLength: 256 };
const draftSize = { sequences: 1, contextLength: 2048 };

interface Named {
  readonly model: string;
  readonly draft: string;
}

export function notTried(why: string): OutriderError {
  return new OutriderError('bad-argument', `not tried: ${why}`, 'fix the failed check above first');
}

/** The models as the memory check counts them: what has no file takes next to nothing. */
export function plannedModels({ model, draft }: Named): PlannedModel[] {
  const planned = [
    { spec: model, ...targetSize },
    { spec: draft, ...draftSize },
  ];
  return planned.filter(({ spec }) => needsFile(spec)).map(({ spec, ...size }) => ({ path: pathOf(spec), ...size }));
}

/** A member is null, NaN or empty until its check has passed. */
export class Found implements AsyncDisposable {
  loopbackMs: number = Number.NaN;
  target: LanguageModel | null = null;
  draft: LanguageModel | null = null;
  /** Why the target could not be opened as exact. */
  refusal: OutriderError | null = null;
  drafts: MeasuredDrafts | null = null;
  steps: MeasuredSteps | null = null;
  /** The cost of each measured step. */
  costs: readonly ExactCost[] = [];
  /** What a real edge took. */
  edge: Readonly<Record<string, number>> = {};

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
  async open(
    { model, draft }: Named,
    { gpu, onLawProgress }: Pick<OpenModelOptions, 'gpu' | 'onLawProgress'>,
  ): Promise<string> {
    const asTarget = { role: 'target', gpu, ...targetSize } as const;
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.target?.close();
    await this.draft?.close();
  }
}

/** The target's engine without a law, if there is memory for a second copy; null where that would be the target itself. */
export async function openNative(
  spec: string,
  target: LanguageModel,
  gpu: OpenModelOptions['gpu'],
): Promise<LanguageModel | null> {
  if (isNative(target)) return null;
  try {
    await demandMemory([{ path: pathOf(spec), ...nativeSize }]);
  } catch (error) {
    if (isOutriderError(error) && error.code === 'memory-full') return null;
    throw error;
  }
  // As a target it would first count the choices that change.
  return openModel(spec, { role: 'draft', gpu, ...nativeSize, exact: false, threads: 1 });
}
