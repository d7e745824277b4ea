// Opens a model whose engine runs in another process: meets the worker, compares tokenizers, and finds the shape law as for any engine.

import { availableParallelism } from 'node:os';
import { CloseStack } from '../../../core/basics/close-stack.ts';
import { badArgument } from '../../../core/basics/errors.ts';
import { describeLaw, type ShapeLaw } from '../../../core/decoding/shape-law.ts';
import { confirmLaw, findLaw, stepCosts } from '../../exactness/shape-law-search.ts';
import { acquireModel } from '../../files/acquire.ts';
import { defaultCacheDirectory } from '../../files/cache.ts';
import { describeAddress, type EngineSpec, type WorkerAddress } from '../../port/engine-spec.ts';
import type { LanguageModel, ModelIdentity } from '../../port/model.ts';
import { comparedContextOf, evidenceOf, exactRefused, type LlamaOptions, saidOfChanges } from '../llama.ts';
import { searchVersion } from '../llama-recipe.ts';
import { type LawFinding, LawMemory } from '../shape-law-memory.ts';
import { ChildWorker } from './child-worker.ts';
import { ExternalWorker } from './external-worker.ts';
import { findWorker } from './find-worker.ts';
import { rowsVersion } from './frames.ts';
import { type Hello, hashParts } from './hello.ts';
import { type EngineEvent, RemoteModel, type WorkerSource } from './remote-model.ts';
import { type Encode, type OpenedTokenizer, openTokenizerFile, openTokenizerFolder } from './remote-tokenizer.ts';
import { readTokenizerFolder } from './tokenizer-folder.ts';

type RemoteSpec = Exclude<EngineSpec, { readonly kind: 'llama' }>;

export interface RemoteOptions
  extends Pick<LlamaOptions, 'sequences' | 'contextLength' | 'exact' | 'threads' | 'cacheDirectory' | 'onLawProgress'> {
  /** A GGUF file, a name in the manifest, or "none": what ik runs, and where a tokenizer is read from. */
  readonly model: string;
  /** A GGUF file or a name in the manifest, of the engine's model; default: `model`. */
  readonly tokenizerFile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEngine?: ((event: EngineEvent) => void) | undefined;
  /** Whether a model that is not exact counts how often its choices depend on the calls; default true. */
  readonly countsChanges?: boolean | undefined;
  /** A worker that owes an answer and is silent for ten of these is lost, ms; default a second. */
  readonly tickMs?: number;
}

const usualTickMs = 1000;

/**
 * @throws OutriderError `engine-missing`, `engine-refused`, `engine-lost`, `version-mismatch`, `tokenizer-mismatch`, `exact-refused`,
 * `model-unreadable`, `bad-argument`; `interrupted` by the signal; as acquireModel
 */
export async function openRemoteModel(spec: RemoteSpec, options: RemoteOptions): Promise<LanguageModel> {
  const { tickMs = usualTickMs, signal, onEngine: note = () => undefined } = options;
  const openTokenizer = await tokenizerOf(spec, options);
  const common = { tickMs, signal, note };
  const source = isMet(spec)
    ? new ExternalWorker(spec, common)
    : new ChildWorker({ ...common, command: await workerCommand(spec, options) });
  await using opened = new CloseStack();
  opened.defer(() => source.close());
  const connection = await source.connect();
  const hello = await connection.hello;
  const kept = opened.move();
  const owned: WorkerSource = { connect: () => source.connect(), close: () => kept[Symbol.asyncDispose]() };
  const model = opened.use(new RemoteModel(owned, connection, hello, note));
  model.tokenizer = kept.use(await openTokenizer(hello, (text) => model.encode(text))).tokenizer;
  await settle(model, options);
  opened.move();
  return model;
}

function isMet(spec: RemoteSpec): spec is WorkerAddress {
  return spec.kind === 'unix' || spec.kind === 'tcp';
}

/** What can be refused before a worker is met, or started, is. */
async function tokenizerOf(
  spec: RemoteSpec,
  { cacheDirectory, signal, model, tokenizerFile = model }: RemoteOptions,
): Promise<(hello: Hello, encode: Encode) => Promise<OpenedTokenizer>> {
  if (tokenizerFile !== 'none') {
    return (hello, encode) => openTokenizerFile(tokenizerFile, hello, encode, { cacheDirectory, signal });
  }
  if (spec.kind === 'vllm') {
    const folder = await readTokenizerFolder(spec.directory);
    return (hello, encode) => openTokenizerFolder(folder, hello, encode);
  }
  const where = isMet(spec) ? describeAddress(spec) : spec.kind;
  const remedy = 'give --tokenizer FILE.gguf, a file of the same model (in code: tokenizerFile)';
  throw badArgument(`the engine ${where} has a model of its own, and no tokenizer is named`, remedy);
}

/** The program of a worker that is started, and its arguments, without the socket. @throws OutriderError `engine-missing`, as acquireModel */
export async function workerCommand(
  spec: EngineSpec & { readonly kind: 'ik' | 'vllm' },
  {
    model,
    sequences,
    contextLength,
    exact,
    threads,
    cacheDirectory,
    signal,
  }: Pick<RemoteOptions, 'model' | 'sequences' | 'contextLength' | 'exact' | 'threads' | 'cacheDirectory' | 'signal'>,
): Promise<readonly [string, ...string[]]> {
  const program = await findWorker(spec.kind, cacheDirectory ?? defaultCacheDirectory());
  const path = spec.kind === 'vllm' ? spec.directory : (await acquireModel(model, { cacheDirectory, signal })).path;
  const threadCount = threads ?? (exact ? 1 : Math.max(1, availableParallelism() - 1));
  const sizes = { '--sequences': sequences, '--context': contextLength, '--threads': threadCount };
  return [program, '--model', path, ...Object.entries(sizes).flatMap(([flag, size]) => [flag, String(size)])];
}

/** Finds the law, and sets identity and limits. */
async function settle(model: RemoteModel, options: RemoteOptions): Promise<void> {
  const { hello } = model;
  const limits = {
    contextLength: Math.min(options.contextLength, hello.limits.contextLength),
    maxSequences: Math.min(options.sequences, hello.limits.maxSequences),
  };
  if (options.exact) {
    const { law, callTimes, nativeTimes, comparisons } = await findKnownLaw(model, limits, options);
    const costs = stepCosts(law, callTimes, nativeTimes);
    const identity = identityOf(model, `exact: ${describeLaw(law)}`, { exact: true, law });
    model.settle(identity, limits, { costs, comparisons });
    return;
  }
  model.adoptFast();
  const said = options.countsChanges === false ? 'fast' : await saidOfChanges(model);
  model.settle(identityOf(model, said, { exact: false }), limits);
}

type Found = LawFinding & { readonly law: ShapeLaw };

/** Changes where searches compare more: findings of before do not count. */
const longSearch = 1;

/**
 * The law that was found before for the same worker, if it still holds, or a new search. A remembered law is confirmed at each opening:
 * what a worker's bits depend on is only what it says itself. A search compares up to the end of the context, at most 2,048 tokens on a
 * processor: at which lengths the kernels of an engine change is not known here.
 */
async function findKnownLaw(
  model: RemoteModel,
  limits: { readonly contextLength: number; readonly maxSequences: number },
  { cacheDirectory, onLawProgress }: RemoteOptions,
): Promise<Found> {
  const { hello, largestCall } = model;
  const recipe = { rowsVersion, searchVersion, longSearch, worker: hashParts(hello, {}), largestCall };
  const memory = new LawMemory(cacheDirectory ?? defaultCacheDirectory(), { recipe, size: limits });
  const comparedContext = comparedContextOf(!hello.device.startsWith('cpu'), limits.contextLength);
  const known = (await memory.recall()) ?? (await memory.recallNear());
  const { law: knownLaw = null } = known ?? {};
  if (known !== null && knownLaw !== null && (await confirmLaw(model, knownLaw, comparedContext))) {
    await memory.remember(known);
    return { ...known, law: knownLaw };
  }
  const nowMs = (): number => performance.now();
  const found = await findLaw(model, {
    nowMs,
    onProgress: onLawProgress,
    comparedContext: comparedContext ?? limits.contextLength,
    expected: hello.law,
  });
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
