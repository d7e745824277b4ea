// A language model run in this process by llama.cpp (node-llama-cpp's low-level calls). Opened as exact, it follows a shape law
// that was found on this machine, so the same tokens give the same logits bit for bit. It does not know sessions. docs/internals/engines.md
// has the measurements.

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { LlamaModel } from 'node-llama-cpp';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import type { GpuChoice } from '../../core/basics/gpu-choice.ts';
import { invariant } from '../../core/basics/invariant.ts';
import { describeLaw, freeLaw, mostPadding, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import { countChangedChoices } from '../exactness/changed-choices.ts';
import { comparedSequences } from '../exactness/shape-histories.ts';
import { confirmLaw, confirmLayout, findLaw, lawCost, stepCosts } from '../exactness/shape-law-search.ts';
import { defaultCacheDirectory, hashFile } from '../files/cache.ts';
import { cacheBytesPerToken } from '../files/memory-check.ts';
import { readNaming } from '../gguf/cursor.ts';
import { type DecoderFacts, readDecoder } from '../gguf/decoder.ts';
import { readMappedDraft } from '../gguf/draft-metadata.ts';
import { modelDigest, readModel } from '../gguf/model-files.ts';
import { demandByteTokens, type Vocabulary, vocabularyOf } from '../gguf/vocabulary.ts';
import type { LanguageModel, ModelIdentity } from '../port/model.ts';
import {
  gpuChoiceOf,
  type LlamaEngine,
  loadLlamaModel,
  requireModelFile,
  startLlamaEngine,
  threadsOf,
} from './llama-engine.ts';
import { createLlamaContext, LlamaLanguageModel } from './llama-model.ts';
import { lawKeyOf, recipeOf, remembersLaws } from './llama-recipe.ts';
import { createLlamaTokenizer } from './llama-tokenizer.ts';
import type { WeightLayout } from './llama-weights.ts';
import { type LawFinding, LawMemory } from './shape-law-memory.ts';

export interface LlamaOptions {
  readonly path: string;
  /** Name in the manifest; the file's name if absent. */
  readonly name?: string | undefined;
  readonly sequences: number;
  /** Capacity of one sequence in tokens. */
  readonly contextLength: number;
  /** Same logits for the same tokens in any calls (by a shape law; one thread by default). */
  readonly exact: boolean;
  /** Default: 1 if exact, otherwise one less than the machine has. */
  readonly threads?: number | undefined;
  /** Default: `off`; true means `auto`. A law for exact text is found on the GPU itself, at each opening. */
  readonly gpu?: GpuChoice | boolean | undefined;
  /** SHA-256 of the file if known; computed otherwise. */
  readonly sha256?: string;
  /** Where found laws are stored; default {@link defaultCacheDirectory}. */
  readonly cacheDirectory?: string | undefined;
  /** Whether a model that is not exact counts how often its choices depend on the calls, and reports it; default false. */
  readonly countsChanges?: boolean;
  /** Called during the search for a law, which runs once for a model on a machine. */
  readonly onLawProgress?: ((text: string, done: number, total: number) => void) | undefined;
}

/**
 * Another layout of the weights must save more than the uncertainty of its cost; with the engine's own layout, a single row costs
 * the same as natively.
 */
const leastGain = 0.9;

export interface LlamaFacts extends DecoderFacts {
  readonly paths: readonly string[];
  readonly vocabulary: Vocabulary;
  /** Memory that the keys and values of a token take, bytes; 0: the header does not say. */
  readonly cachedTokenBytes: number;
}

interface Opening {
  /** With the context that the model can have. */
  readonly options: LlamaOptions;
  readonly facts: LlamaFacts;
  /** The context that was asked for, tokens. */
  readonly askedContext: number;
  readonly engine: LlamaEngine;
  readonly sha256: string;
  readonly threads: number;
}

/** @throws OutriderError `engine-missing`, `model-unknown`, `model-unreadable`, `bad-argument`, `exact-refused` where no shape law holds */
export async function openLlamaModel(options: LlamaOptions): Promise<LanguageModel> {
  const threads = options.threads ?? (options.exact ? 1 : 0);
  checkCounts(options, threads);
  const facts = await readLlamaFacts(options.path);
  if (options.exact && facts.isRecurrent) throw refused(options, rollBackFailed);
  const engine = await startLlamaEngine(gpuChoiceOf(options.gpu));
  const sha256 = options.sha256 ?? modelDigest(await Promise.all(facts.paths.map((path) => hashFile(path))));
  const contextLength = Math.min(options.contextLength, facts.trainedContext, facts.positions);
  const opening: Opening = {
    options: { ...options, contextLength },
    facts,
    askedContext: options.contextLength,
    engine,
    sha256,
    threads: threadsOf(engine, threads),
  };
  return options.exact ? openExact(opening) : openFast(opening);
}

/** From the file alone. @throws OutriderError `model-unknown`, `model-unreadable` where the engine can write no text with it */
export async function readLlamaFacts(path: string): Promise<LlamaFacts> {
  await requireModelFile(path);
  const header = await readModel(path);
  return readNaming(path, () => {
    const { paths } = header;
    const cachedTokenBytes = cacheBytesPerToken(header);
    const facts = { ...readDecoder(header), paths, vocabulary: vocabularyOf(header), cachedTokenBytes };
    // The tokenizer of a draft with a map is never asked.
    if (readMappedDraft(header) === undefined) demandByteTokens(header);
    return facts;
  });
}

async function openFast(opening: Opening): Promise<LanguageModel> {
  const { options } = opening;
  const model = await load(opening, 'repacked');
  model.adoptFast();
  const said = options.countsChanges === true ? await saidOfChanges(model) : 'fast';
  const contextLength = contextUnder(freeLaw, opening);
  model.settle(identityOf(opening, said, contextLength, { exact: false, ...stateOf(opening, model) }), contextLength);
  return model;
}

/** Closes the model where it can't be asked. */
export async function saidOfChanges(model: LanguageModel): Promise<string> {
  try {
    const { changed, compared } = await countChangedChoices(model);
    return `fast: ${changed} of ${compared} choices differ between calls of one row and of several`;
  } catch (error) {
    await model.close();
    throw error;
  }
}

async function openExact(opening: Opening): Promise<LanguageModel> {
  const { options } = opening;
  const { sequences, contextLength } = options;
  const memory = new LawMemory(
    options.cacheDirectory ?? defaultCacheDirectory(),
    lawKeyOf(opening, { sequences, contextLength }),
  );
  const opened = (await openRecalled(opening, memory)) ?? (await openSearching(opening, memory));
  const { model, finding } = opened;
  const { law, weights, comparisons, callTimes, nativeTimes } = finding;
  const said = `exact: ${describeLaw(law)}${weights === 'plain' ? ', weights not repacked' : ''}`;
  const costs = stepCosts(law, callTimes, nativeTimes);
  const settled = contextUnder(law, opening);
  const identity = identityOf(opening, said, settled, { exact: true, law, weights, ...stateOf(opening, model) });
  model.settle(identity, settled, { weights, costs, comparisons });
  return model;
}

/** Tokens of a text, so that no call puts a padded row beyond the last position. */
function contextUnder(law: ShapeLaw, { options, facts }: Opening): number {
  return Math.min(options.contextLength, facts.positions - mostPadding(law));
}

interface Opened {
  readonly model: LlamaLanguageModel;
  readonly finding: LawFinding & { readonly law: NonNullable<LawFinding['law']> };
}

async function openRecalled(opening: Opening, memory: LawMemory): Promise<Opened | null> {
  const known = remembersLaws(opening) ? await memory.recall() : null;
  if (known === null) return null;
  if (known.law === null) throw refused(opening.options, evidenceOf(known));
  // Only their bits show that plain weights are plain.
  const isRight = (bench: LlamaLanguageModel, law: ShapeLaw) =>
    known.weights === 'plain' ? confirmLayout(bench, law) : Promise.resolve(true);
  return openIf(opening, { ...known, law: known.law }, isRight);
}

/** A law found for the same engine is only confirmed for other numbers of sequences or tokens: every search compares the same. */
async function openSearching(opening: Opening, memory: LawMemory): Promise<Opened> {
  const near = remembersLaws(opening) ? await memory.recallNear() : null;
  const confirmed =
    near === null || near.law === null
      ? null
      : await openIf(opening, { ...near, law: near.law }, (model, law) =>
          confirmLaw(model, law, comparedContext(opening)),
        );
  const finding = confirmed?.finding ?? (await search(opening));
  if (remembersLaws(opening)) await memory.remember(finding);
  if (confirmed !== null) return confirmed;
  const { law } = finding;
  if (law === null) throw refused(opening.options, evidenceOf(finding));
  const opened = await openIf(opening, { ...finding, law }, () => Promise.resolve(true));
  invariant(opened !== null, 'a model that was just searched');
  return opened;
}

/** @returns null, and nothing left open, where `isRight` returns false */
async function openIf(
  opening: Opening,
  finding: Opened['finding'],
  isRight: (model: LlamaLanguageModel, law: ShapeLaw) => Promise<boolean>,
): Promise<Opened | null> {
  const model = await load(opening, finding.weights);
  try {
    if (await isRight(model, finding.law)) {
      model.adopt(finding.law);
      return { model, finding };
    }
  } catch (error) {
    await model.close();
    throw error;
  }
  await model.close();
  return null;
}

/** Calls are compared up to so many tokens of context: a processor reads slowly, and a graphics processor has kernels for long texts. */
const comparedContexts = { processor: 2048, graphics: 32_768 };

/** Undefined: the usual one is enough, as for every context that is no longer than the default's. */
function comparedContext({ engine, options: { contextLength } }: Opening): number | undefined {
  return comparedContextOf(engine.llama.gpu !== false, contextLength);
}

export function comparedContextOf(isGraphics: boolean, contextLength: number): number | undefined {
  const most = isGraphics ? comparedContexts.graphics : comparedContexts.processor;
  return contextLength > comparedContexts.processor ? Math.min(most, contextLength) : undefined;
}

/** The least size for a search: as many sequences as calls may merge, and room for the longest compared context. */
const searchSize = { sequences: comparedSequences, contextLength: 704 };

/** The layout of the weights with the lower cost of its cheapest law; the comparison is the same for all requested sizes. */
async function search(asked: Opening): Promise<LawFinding> {
  const { engine } = asked;
  const options = {
    ...asked.options,
    sequences: Math.max(searchSize.sequences, asked.options.sequences),
    contextLength: Math.min(
      Math.max(searchSize.contextLength, asked.options.contextLength),
      ...[asked.facts.trainedContext, asked.facts.positions],
    ),
  };
  const opening = { ...asked, options };
  const layouts: WeightLayout[] = engine.repacking === null ? ['repacked'] : ['repacked', 'plain'];
  let best: LawFinding | undefined;
  for (const weights of layouts) {
    await using model = await load(opening, weights);
    if (!model.canRollBack) throw refused(options, rollBackFailed);
    const onProgress = (text: string, done: number, total: number): void =>
      options.onLawProgress?.(weights === 'plain' ? `${text}, weights not repacked` : text, done, total);
    const costToBeat = leastGain * costOf(best, options.sequences);
    const found = await findLaw(model, {
      nowMs: () => performance.now(),
      onProgress,
      costToBeat,
      comparedContext: comparedContext(asked),
    });
    const finding = { weights, ...found, nativeTimes: best?.nativeTimes ?? found.callTimes };
    if (best === undefined || costOf(finding, options.sequences) < costToBeat) best = finding;
  }
  invariant(best !== undefined, 'no layout was searched');
  return best;
}

function costOf(finding: LawFinding | undefined, sequences: number): number {
  return finding === undefined || finding.law === null ? Infinity : lawCost(finding.law, finding.callTimes, sequences);
}

async function load({ options, engine, threads, facts }: Opening, weights: WeightLayout): Promise<LlamaLanguageModel> {
  const model: LlamaModel = await loadLlamaModel(engine, options.path, { vocabularyOnly: false, weights });
  try {
    const tokenizer = createLlamaTokenizer(engine, model, facts.vocabulary);
    const context = await createLlamaContext(model, { ...options, threads });
    const mostTokens = Math.min(facts.trainedContext, facts.positions);
    const opened = new LlamaLanguageModel(model, context, tokenizer, mostTokens);
    if (facts.cachedTokenBytes > 0) opened.noteMemory(facts.cachedTokenBytes);
    await opened.demandNumbers();
    return opened;
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** What decides about bits, and is known of an open model only: the split of the layers on a graphics processor, the frequencies of LongRoPE. */
function stateOf({ engine, facts }: Opening, { gpuLayers, contextSize }: LlamaLanguageModel): object {
  return {
    ...(engine.llama.gpu === false ? {} : { gpuLayers }),
    ...(facts.longFrom === Number.POSITIVE_INFINITY ? {} : { isLong: contextSize > facts.longFrom }),
  };
}

function identityOf(opening: Opening, promise: string, contextLength: number, shapes: object): ModelIdentity {
  const { options, engine, threads, askedContext } = opening;
  const name = options.name ?? basename(options.path);
  const device = engine.backend.split(',', 1)[0] ?? '';
  const threadText = threads === 1 ? '1 thread' : `${threads} threads`;
  return {
    name,
    fingerprint: createHash('sha256')
      .update(JSON.stringify({ ...recipeOf(opening), ...shapes }))
      .digest('hex'),
    description: `${name}, ${engine.version}, ${device}, ${threadText}, flash attention, ${promise}${
      contextLength < askedContext ? `; ${describeBound(contextLength)}` : ''
    }`,
  };
}

/** Where a model can hold less than was asked for. */
export function describeBound(contextLength: number): string {
  return `context ${contextLength.toLocaleString('en')}: the model was trained for no more`;
}

interface Refusal {
  /** Completes "MODEL ...". */
  readonly why: string;
  readonly remedy: string;
}

/** Text can't be rolled back, so nothing can be verified: no law would help. */
const rollBackFailed: Refusal = {
  why: "keeps a state for the whole text (recurrent layers), so drafts can't be rolled back bit for bit",
  remedy: 'start the edge with --fast (`exact: false` in code), or take a model of attention layers alone',
};

export function evidenceOf({ failed }: LawFinding): Refusal {
  const [first] = failed;
  const evidence = first === undefined ? '' : ` (${first.law}: bits differ in ${first.history})`;
  return {
    why: `gives other bits in calls of other shapes here, and no shape law holds${evidence}`,
    remedy:
      'Start the edge with --fast (`exact: false` in code), which says how often choices differ; or take another file of the model, --threads 1, or --gpu off.',
  };
}

function refused({ name, path }: LlamaOptions, refusal: Refusal): OutriderError {
  return exactRefused(name ?? basename(path), refusal);
}

export function exactRefused(name: string, { why, remedy }: Refusal): OutriderError {
  return new OutriderError('exact-refused', `exact is refused: ${name} ${why}`, remedy);
}

/** llama.cpp's LLAMA_MAX_SEQ. */
export const mostSequences = 256;

/** Before anything is fetched or loaded. @throws OutriderError `bad-argument` */
export function demandSequences(sequences: number): void {
  if (sequences <= mostSequences) return;
  const cause = `${sequences} sequences are asked for, and llama.cpp holds at most ${mostSequences} at a time`;
  throw badArgument(cause, `give --sessions (in code: sequences) ${mostSequences} or less, or start several edges`);
}

function checkCounts(options: LlamaOptions, threads: number): void {
  const counts: [string, number, number][] = [
    ['sequences', options.sequences, 1],
    ['context length', options.contextLength, 8],
    ['threads', threads, 0],
  ];
  demandSequences(options.sequences);
  for (const [name, value, least] of counts) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw badArgument(`${name} is ${value}`, `Give a whole number of at least ${least}.`);
  }
}
