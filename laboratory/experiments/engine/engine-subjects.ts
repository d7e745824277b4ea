// The engines that `bench engine` measures side by side: which are asked for, which of them are here, and each opened.

import type { Run } from '../../../simulator/runner/experiment.ts';
import { modelProgress } from '../../../simulator/runner/model-progress.ts';
import type { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { badArgument, isOutriderError } from '../../../src/core/basics/errors.ts';
import { describeLaw } from '../../../src/core/decoding/shape-law.ts';
import { type OpenModelOptions, openModel } from '../../../src/models/engines/open-model.ts';
import { prepareModels } from '../../../src/models/engines/prepare-models.ts';
import { demandListening } from '../../../src/models/engines/remote/external-worker.ts';
import type { PlannedOpening } from '../../../src/models/files/memory-check.ts';
import { hasAddress, parseEngineSpec } from '../../../src/models/port/engine-spec.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import type { Subject } from './engine-cases.ts';

export type EngineNames = readonly string[];

/** @throws OutriderError `bad-argument` */
export function enginesIn(text: string): EngineNames {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) parseEngineSpec(name);
  if (new Set(names).size === names.length) return names;
  throw badArgument(`"${text}" names an engine twice`, 'Name each engine once.');
}

export const memoryRemedy =
  'close other programs, name a smaller --pair (outrider models list), or leave the comparison out with --fast';

export interface SubjectOptions extends Pick<OpenModelOptions, 'threads' | 'gpu'> {
  readonly engine: EngineNames;
  readonly model: string;
  readonly tokenizer?: string | undefined;
  readonly fast: boolean;
  readonly size: Omit<PlannedOpening, 'spec'>;
}

export interface MeasuredEngine {
  /** In keys and in case names: "ik". */
  readonly name: string;
  readonly description: string;
  /** Null: it keeps to none. */
  readonly law: string | null;
  readonly weights: string | null;
}

export interface Subjects {
  readonly subjects: readonly [Subject, ...Subject[]];
  readonly engines: readonly [MeasuredEngine, ...MeasuredEngine[]];
  /** Engines that can't be measured here, each with the code of the error that says why. */
  readonly leftOut: readonly { readonly name: string; readonly code: string }[];
}

/** The first engine's cases have no suffix. @throws OutriderError where none of the engines can be opened */
export async function openSubjects(options: SubjectOptions, stack: CloseStack, run: Run): Promise<Subjects> {
  const subjects: Subject[] = [];
  const engines: MeasuredEngine[] = [];
  const leftOut: { name: string; code: string }[] = [];
  const names = shortNames(options.engine);
  let lastError: unknown;
  for (const [index, engine] of options.engine.entries()) {
    const name = names[index] as string;
    try {
      const opened = await openEngine(engine, options, stack, run);
      const suffix = engines.length === 0 ? '' : `@${name}`;
      for (const { model, kind } of opened) subjects.push({ model, suffix: `${kind}${suffix}` });
      engines.push(measuredEngine(name, opened[0].model, options.fast));
    } catch (error) {
      if (!isOutriderError(error) || !leavesOut.has(error.code)) throw error;
      lastError = error;
      leftOut.push({ name, code: error.code });
      if (options.engine.length > 1) run.note(`left out: ${name} (${error.message}; ${error.remedy})`);
    }
  }
  const [firstSubject, ...moreSubjects] = subjects;
  const [firstEngine, ...moreEngines] = engines;
  if (firstSubject === undefined || firstEngine === undefined) throw lastError;
  return { subjects: [firstSubject, ...moreSubjects], engines: [firstEngine, ...moreEngines], leftOut };
}

/** The engine is not installed, or can't run the model: a toy is no file. */
const leavesOut: ReadonlySet<string> = new Set(['engine-missing', 'engine-lost', 'exact-refused', 'model-unknown']);

/** The kind of each engine, with a number from the second of a kind on: keys hold no paths. */
export function shortNames(engines: EngineNames): string[] {
  const kinds = engines.map((engine) => parseEngineSpec(engine).kind);
  return kinds.map((kind, index) => {
    const before = kinds.slice(0, index).filter((other) => other === kind).length;
    return before === 0 ? kind : `${kind}${before + 1}`;
  });
}

function measuredEngine(name: string, { identity, limits, exactness }: LanguageModel, fast: boolean) {
  const law = fast ? null : describeLaw(limits.law);
  return { name, description: identity.description, law, weights: exactness?.weights ?? null };
}

/** An engine, and what it is beside others of the same: nothing, or without a law. */
interface Opened {
  readonly model: LanguageModel;
  readonly kind: '' | 'Native';
}

/** Where llama.cpp is exact: also the same engine on as many threads without a law. */
async function openEngine(
  engine: string,
  { model: spec, tokenizer, fast, threads, gpu, size }: SubjectOptions,
  stack: CloseStack,
  run: Run,
): Promise<[Opened, ...Opened[]]> {
  const progress = modelProgress(run, spec);
  const asked = parseEngineSpec(engine);
  const shape = { role: 'target', ...size, exact: !fast, threads, gpu, ...progress } as const;
  if (asked.kind !== 'llama') {
    // An edge would wait for it.
    if (hasAddress(asked)) await demandListening(asked);
    const model = stack.use(await openModel(spec, { ...shape, engine, tokenizerFile: tokenizer }));
    return [{ model, kind: '' }];
  }
  const openings = (fast ? [spec] : [spec, spec]).map((one) => ({ spec: one, ...size }));
  await prepareModels(openings, memoryRemedy, progress);
  const model = stack.use(await openModel(spec, shape));
  if (fast) return [{ model, kind: '' }];
  const nativeShape = { ...shape, exact: false, countsChanges: false, threads: threads ?? 1 };
  const native = stack.use(await openModel(spec, nativeShape));
  return [
    { model, kind: '' },
    { model: native, kind: 'Native' },
  ];
}
