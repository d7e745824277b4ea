// Opens a model whose engine runs in another process: meets the worker, compares tokenizers, and finds the shape law as for any engine.

import { availableParallelism } from 'node:os';
import { CloseStack } from '../../../core/basics/close-stack.ts';
import { badArgument } from '../../../core/basics/errors.ts';
import { describeLaw, type ShapeLaw } from '../../../core/decoding/shape-law.ts';
import { confirmLaw, findLaw, stepCosts } from '../../exactness/shape-law-search.ts';
import { acquireModel } from '../../files/acquire.ts';
import { defaultCacheDirectory } from '../../files/cache.ts';
import { describeAddress, type EngineSpec } from '../../port/engine-spec.ts';
import type { LanguageModel, ModelIdentity } from '../../port/model.ts';
import { comparedContextOf, evidenceOf, exactRefused, type LlamaOptions, saidOfChanges } from '../llama.ts';
import { searchVersion } from '../llama-recipe.ts';
import { type LawFinding, LawMemory } from '../shape-law-memory.ts';
import { ChildWorker } from './child-worker.ts';
import { findWorker } from './find-worker.ts';
import { rowsVersion } from './frames.ts';
import { hashParts } from './hello.ts';
import { MetWorker } from './met-worker.ts';
import { type EngineEvent, RemoteModel, type WorkerSource } from './remote-model.ts';
import { demandSameTokenizer, openTokenizerFile } from './remote-tokenizer.ts';

type RemoteSpec = Exclude<EngineSpec, { readonly kind: 'llama' }>;

export interface RemoteOptions
  extends Pick<LlamaOptions, 'sequences' | 'contextLength' | 'exact' | 'threads' | 'cacheDirectory' | 'onLawProgress'> {
  /** A GGUF file, a name in the manifest, or "none": what ik runs, and where a tokenizer is read from. */
  readonly model: string;
  /** A GGUF file or a name in the manifest, of the engine's model; default: `model`. */
  readonly tokenizerFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEngine?: ((event: EngineEvent) => void) | undefined;
  /** A worker that owes an answer and is silent for ten of these is lost, ms; default a second. */
  readonly tickMs?: number;
}

const usualTickMs = 1000;

/**
 * @throws OutriderError `engine-missing`, `engine-refused`, `engine-lost`, `version-mismatch`, `tokenizer-mismatch`, `exact-refused`,
 * `bad-argument`; `interrupted` by the signal; as acquireModel
 */
export async function openRemoteModel(spec: RemoteSpec, options: RemoteOptions): Promise<LanguageModel> {
  const { tickMs = usualTickMs, signal, onEngine: note = () => undefined } = options;
  const common = { tickMs, signal, note };
  if (spec.kind === 'unix' || spec.kind === 'tcp') {
    return openFrom(new MetWorker(spec, common), describeAddress(spec), options);
  }
  const command = await childCommand(spec, options);
  return openFrom(new ChildWorker({ ...common, command }), spec.kind, options);
}

async function childCommand(
  spec: RemoteSpec & { readonly kind: 'ik' | 'vllm' },
  { model, sequences, contextLength, exact, threads, cacheDirectory, signal }: RemoteOptions,
): Promise<readonly [string, ...string[]]> {
  const program = await findWorker(spec.kind, cacheDirectory ?? defaultCacheDirectory());
  const path = spec.kind === 'vllm' ? spec.directory : (await acquireModel(model, { cacheDirectory, signal })).path;
  const threadCount = threads ?? (exact ? 1 : Math.max(1, availableParallelism() - 1));
  const sizes = { '--sequences': sequences, '--context': contextLength, '--threads': threadCount };
  return [program, '--model', path, ...Object.entries(sizes).flatMap(([flag, size]) => [flag, String(size)])];
}

async function openFrom(source: WorkerSource, where: string, options: RemoteOptions): Promise<LanguageModel> {
  await using opened = new CloseStack();
  opened.defer(() => source.close());
  const connection = await source.connect();
  const hello = await connection.hello;
  const { cacheDirectory, signal, model: named, tokenizerFile = named } = options;
  if (tokenizerFile === 'none') {
    const cause = `the engine at ${where} has ${hello.name}, and no tokenizer is named`;
    throw badArgument(cause, 'give --tokenizer FILE.gguf, a file of the same model (in code: tokenizerFile)');
  }
  const file = opened.use(await openTokenizerFile(tokenizerFile, hello, { cacheDirectory, signal }));
  const kept = opened.move();
  const owned: WorkerSource = { connect: () => source.connect(), close: () => kept[Symbol.asyncDispose]() };
  const model = opened.use(new RemoteModel(owned, connection, hello, file.tokenizer, options.onEngine));
  await demandSameTokenizer(file, hello, (text) => model.encode(text));
  const limits = {
    contextLength: Math.min(options.contextLength, hello.limits.contextLength),
    maxSequences: Math.min(options.sequences, hello.limits.maxSequences),
  };
  if (options.exact) {
    const { law, callTimes, nativeTimes, comparisons } = await findKnownLaw(model, limits, options);
    const costs = stepCosts(law, callTimes, nativeTimes);
    const identity = identityOf(model, `exact: ${describeLaw(law)}`, { exact: true, law });
    model.settle(identity, limits, { weights: 'repacked', costs, comparisons });
  } else {
    model.adoptFast();
    const said = await saidOfChanges(model);
    model.settle(identityOf(model, said, { exact: false }), limits);
  }
  opened.move();
  return model;
}

type Found = LawFinding & { readonly law: ShapeLaw };

/**
 * The law that was found before for the same worker, if it still holds, or a new search. A remembered law is confirmed at each opening:
 * what a worker's bits depend on is only what it says itself.
 */
async function findKnownLaw(
  model: RemoteModel,
  limits: { readonly contextLength: number; readonly maxSequences: number },
  { cacheDirectory, onLawProgress }: RemoteOptions,
): Promise<Found> {
  const { hello, largestCall } = model;
  const recipe = { rowsVersion, searchVersion, worker: hashParts(hello, {}), largestCall };
  const memory = new LawMemory(cacheDirectory ?? defaultCacheDirectory(), { recipe, size: limits });
  const comparedContext = comparedContextOf(!hello.device.startsWith('cpu'), limits.contextLength);
  const known = (await memory.recall()) ?? (await memory.recallNear());
  const { law: knownLaw = null } = known ?? {};
  if (known !== null && knownLaw !== null && (await confirmLaw(model, knownLaw, comparedContext))) {
    await memory.remember(known);
    return { ...known, law: knownLaw };
  }
  const nowMs = (): number => performance.now();
  const found = await findLaw(model, { nowMs, onProgress: onLawProgress, comparedContext, expected: hello.law });
  const finding: LawFinding = { weights: 'repacked', ...found, nativeTimes: found.callTimes };
  await memory.remember(finding);
  const { law } = finding;
  if (law === null) throw exactRefused(hello.name, evidenceOf(finding));
  model.adopt(law);
  return { ...finding, law };
}

function identityOf({ hello }: RemoteModel, promise: string, shapes: object): ModelIdentity {
  const { name, engine, device } = hello;
  return {
    name,
    fingerprint: hashParts(hello, shapes),
    description: `${name}, ${engine}, ${device}, in another process, ${promise}`,
  };
}
