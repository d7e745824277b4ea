// Opens the two models that doctor examines, as `outrider run` does: the target exact, or fast where that is refused; the draft fast.

import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { type OpenModelOptions, openModel } from '../../models/engines/open-model.ts';
import { demandMemory, type PlannedModel } from '../../models/files/memory-check.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import { pathOf } from './doctor-checks.ts';
import { isNative } from './doctor-exactness.ts';

export interface DoctorModels extends AsyncDisposable {
  target: LanguageModel | null;
  draft: LanguageModel | null;
  /** Why the target could not be opened as exact. */
  refusal: OutriderError | null;
}

const targetSize = { sequences: 2, contextLength: 2048 };
const nativeSize = { sequences: 1, contextLength: 256 };
const draftSize = { sequences: 1, contextLength: 2048 };

export function noModels(): DoctorModels {
  const models: DoctorModels = {
    target: null,
    draft: null,
    refusal: null,
    async [Symbol.asyncDispose]() {
      await models.target?.close();
      await models.draft?.close();
    },
  };
  return models;
}

/** For the memory check: what has no file takes next to nothing. */
export function plannedModels(target: string, draft: string): PlannedModel[] {
  const planned = [
    { spec: target, ...targetSize },
    { spec: draft, ...draftSize },
  ];
  return planned.filter(({ spec }) => needsFile(spec)).map(({ spec, ...size }) => ({ path: pathOf(spec), ...size }));
}

/** Fills `models` in; what was opened before a failure stays open. */
export async function openBoth(
  models: DoctorModels,
  target: string,
  draft: string,
  { gpu, onLawProgress }: Pick<OpenModelOptions, 'gpu' | 'onLawProgress'>,
): Promise<string> {
  const asTarget = { role: 'target', gpu, ...targetSize } as const;
  try {
    models.target = await openModel(target, { ...asTarget, exact: true, onLawProgress });
  } catch (error) {
    if (!isOutriderError(error) || error.code !== 'exact-refused') throw error;
    models.refusal = error;
    models.target = await openModel(target, { ...asTarget, exact: false });
  }
  // A draft need not be exact: the target's choice wins.
  const { tokenizer } = models.target;
  models.draft = await openModel(draft, { role: 'draft', gpu, ...draftSize, exact: false, threads: 1, tokenizer });
  return `${models.target.identity.description}; draft ${models.draft.identity.name}`;
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

export function notTried(why: string): OutriderError {
  return new OutriderError('bad-argument', `not tried: ${why}`, 'fix the failed check above first');
}

export function withModels<Value>(
  { target, draft }: DoctorModels,
  work: (target: LanguageModel, draft: LanguageModel) => Value,
): Value {
  if (target === null || draft === null) throw notTried('the models could not be opened');
  return work(target, draft);
}

/** The target where it is exact. */
export function withExact<Value>(models: DoctorModels, work: (target: LanguageModel) => Value): Value {
  return withModels(models, (target) => {
    if (models.refusal !== null) throw notTried('exact is refused');
    return work(target);
  });
}
