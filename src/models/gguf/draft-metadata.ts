// The metadata of a draft file about the target that it was made for, where its own vocabulary is smaller: which target id each of
// its ids is, which of its ids stands for each target id, and the target's whole tokenizer, so that a device needs no other
// file. Every value is checked before it is used. docs/use/draft-models.md lists the keys.

import { unreadable } from './cursor.ts';
import type { GgufHeader, GgufValue } from './gguf.ts';
import { vocabularyOf } from './vocabulary.ts';

/** A draft with its own vocabulary, as described by its file. */
export interface MappedDraft {
  /** Hash of the target's vocabulary, from {@link vocabularyOf}; hex. */
  readonly vocabularyHash: string;
  readonly vocabularySize: number;
  /** Target id of each draft id. */
  readonly ids: readonly number[];
  /** For each target id the draft id that stands for it as input. */
  readonly inputs: readonly number[];
  /** Layers of the target from which the draft was made; empty if the file does not say. */
  readonly layers: readonly number[];
  /** Name of the draft's recipe; empty if the file does not say. */
  readonly recipe: string;
  /** The target's `tokenizer.*` metadata, under its usual keys. */
  readonly tokenizer: ReadonlyMap<string, GgufValue>;
}

/** The parts of a header that are read. */
type DraftHeader = Pick<GgufHeader, 'metadata' | 'tensors'>;

const targetPrefix = 'outrider.target.';

function requireText(header: DraftHeader, key: string): string {
  const value = header.metadata.get(key);
  if (value?.type === 'string') return String(value.value);
  throw unreadable(`does not say ${key}`);
}

function requireNumbers(header: DraftHeader, key: string): number[] {
  const value = header.metadata.get(key);
  if (value?.type === 'array' && value.value.every((one) => typeof one === 'number'))
    return [...value.value] as number[];
  throw unreadable(`has no list of numbers ${key}`);
}

function checkRange(key: string, ids: readonly number[], size: number): void {
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= size);
  if (wrong !== undefined) throw unreadable(`names the token ${wrong} in ${key}, of ${size}`);
}

function checkMap({ ids, inputs, vocabularySize }: MappedDraft, draftSize: number): void {
  if (ids.length !== draftSize) {
    throw unreadable(`maps ${ids.length} tokens in ${targetPrefix}ids and has ${draftSize}`);
  }
  if (inputs.length !== vocabularySize) {
    throw unreadable(`maps ${inputs.length} tokens in ${targetPrefix}inputs; the target has ${vocabularySize}`);
  }
  checkRange(`${targetPrefix}ids`, ids, vocabularySize);
  checkRange(`${targetPrefix}inputs`, inputs, draftSize);
  const known = new Set<number>();
  for (const [draftId, id] of ids.entries()) {
    if (known.has(id)) throw unreadable(`maps two of its tokens to token ${id} of the target`);
    known.add(id);
    if (inputs[id] !== draftId)
      throw unreadable(`reads token ${id} of the target as another one than it writes it with`);
  }
}

/** Every key of the target that begins with `tokenizer.` is stored under a prefix. */
function readTokenizer(header: DraftHeader): Map<string, GgufValue> {
  const tokenizer = new Map<string, GgufValue>();
  for (const [key, value] of header.metadata) {
    if (key.startsWith(`${targetPrefix}tokenizer.`)) tokenizer.set(key.slice(targetPrefix.length), value);
  }
  return tokenizer;
}

function draftVocabularySize(header: DraftHeader): number {
  const embeddings = header.tensors.find(({ name }) => name === 'token_embd.weight');
  const size = embeddings?.shape[1];
  if (size === undefined) throw unreadable('has no token embeddings');
  return size;
}

/**
 * @returns undefined for an ordinary model with its own vocabulary
 * @throws OutriderError `model-unreadable` where the keys contradict each other or the file
 */
export function readMappedDraft(header: DraftHeader): MappedDraft | undefined {
  if (![...header.metadata.keys()].some((key) => key.startsWith(targetPrefix))) return undefined;
  const layers = header.metadata.has('outrider.draft.layers') ? requireNumbers(header, 'outrider.draft.layers') : [];
  const vocabularySize = header.metadata.get(`${targetPrefix}vocabulary_size`)?.value;
  if (typeof vocabularySize !== 'number') throw unreadable(`does not say ${targetPrefix}vocabulary_size`);
  const draft: MappedDraft = {
    vocabularyHash: requireText(header, `${targetPrefix}vocabulary_hash`),
    vocabularySize,
    ids: requireNumbers(header, `${targetPrefix}ids`),
    inputs: requireNumbers(header, `${targetPrefix}inputs`),
    layers,
    recipe: header.metadata.has('outrider.draft.recipe') ? requireText(header, 'outrider.draft.recipe') : '',
    tokenizer: readTokenizer(header),
  };
  checkMap(draft, draftVocabularySize(header));
  const target = vocabularyOf({ metadata: draft.tokenizer });
  if (target.vocabularySize !== vocabularySize || target.hash !== draft.vocabularyHash) {
    throw unreadable('holds another tokenizer than the one of the target that it names');
  }
  return draft;
}
