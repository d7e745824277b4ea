// The meaning of a model's ids: their bytes, the ids that end a text, and a hash by which two machines check that they agree. Read
// from the model file's metadata, so every engine gives the same answers. It does not turn text into ids.

import { Sha256 } from '../../core/basics/sha256.ts';
import { encodeUtf8 } from '../../core/basics/utf8.ts';
import { unreadable } from './cursor.ts';
import type { GgufHeader, GgufScalar, GgufValue } from './gguf.ts';

export interface Vocabulary {
  /** SHA-256 over tokenizer model, pre-tokenizer, tokens, their types and scores, merges and special ids; hex. */
  readonly hash: string;
  readonly vocabularySize: number;
  /** Ids that end a text: end of sequence, of turn, of message. */
  readonly endIds: ReadonlySet<number>;
  /** The bytes of one token; empty for special, unknown and unused ones. @throws RangeError if there is no such id. */
  bytes(id: number): Uint8Array;
}

/** The part of a file that is read. */
type Metadata = Pick<GgufHeader, 'metadata'>;

/** Values of `tokenizer.ggml.token_type`. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

const endIdKeys = ['eos_token_id', 'eot_token_id', 'eom_token_id'];

/** The names of end tokens (end of turn, message or text) in known chat formats. */
const endNames: ReadonlySet<string> = new Set([
  '</s>',
  '<eos>',
  '<|im_end|>',
  '<|end|>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|return|>',
  '<|call|>',
  '<|END_OF_TURN_TOKEN|>',
  '<end_of_turn>',
  '<EOT>',
  '<｜end▁of▁sentence｜>',
]);

/** GPT-2 writes each byte as a printable character: printable Latin-1 stands for itself, the others follow from U+0100. */
export const characterOfByte: readonly string[] = (() => {
  let nextCode = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : nextCode++);
  });
})();
const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  characterOfByte.map((character, byte) => [character, byte]),
);

function bytesOfByteLevelToken(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = byteOfCharacter.get(character);
    // Added tokens are sometimes stored as plain text.
    if (byte === undefined) return encodeUtf8(text);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function bytesOfSentencePieceToken(text: string, type: number): Uint8Array {
  if (type !== tokenType.byte) return encodeUtf8(text.replaceAll('\u2581', ' '));
  const hexadecimal = /^<0x([0-9A-Fa-f]{2})>$/.exec(text)?.[1];
  if (hexadecimal === undefined) throw unreadable(`calls "${text}" a byte token`);
  return Uint8Array.of(Number.parseInt(hexadecimal, 16));
}

type TokenizerModel = 'gpt2' | 'llama';

function bytesOfToken(model: TokenizerModel, text: string, type: number): Uint8Array {
  if (type === tokenType.userDefined) return encodeUtf8(text);
  if (type !== tokenType.normal && type !== tokenType.byte) return new Uint8Array(0);
  return model === 'gpt2' ? bytesOfByteLevelToken(text) : bytesOfSentencePieceToken(text, type);
}

function readTokens(field: (name: string) => GgufValue | undefined): string[] {
  const value = field('tokens');
  if (value?.type !== 'array' || value.elementType !== 'string' || value.value.length === 0) {
    throw unreadable('has no list of tokens');
  }
  return value.value as string[];
}

function readTypes(field: (name: string) => GgufValue | undefined, tokenCount: number): number[] {
  const value = field('token_type');
  if (value === undefined) return new Array<number>(tokenCount).fill(tokenType.normal);
  if (value.type !== 'array' || value.value.length !== tokenCount) {
    throw unreadable('has not one type for each token');
  }
  return value.value.map(Number);
}

function findEndIds(field: (name: string) => GgufValue | undefined, tokens: string[], types: number[]): Set<number> {
  const ids = new Set<number>();
  for (const key of endIdKeys) {
    const id = field(key)?.value;
    if (id === undefined) continue;
    if (typeof id !== 'number' || tokens[id] === undefined) throw unreadable(`has no token ${String(id)} for ${key}`);
    ids.add(id);
  }
  tokens.forEach((text, id) => {
    const special = types[id] === tokenType.control || types[id] === tokenType.userDefined;
    if (special && endNames.has(text)) ids.add(id);
  });
  return ids;
}

function readTokenizerMetadata(header: Metadata) {
  const field = (name: string): GgufValue | undefined => header.metadata.get(`tokenizer.ggml.${name}`);
  const model = field('model')?.value;
  if (model !== 'gpt2' && model !== 'llama') {
    const cause = `has the tokenizer "${String(model)}"; "gpt2" and "llama" are supported`;
    throw unreadable(cause, 'another copy of the file does not help: take a model with one of these tokenizers');
  }
  const tokens = readTokens(field);
  const types = readTypes(field, tokens.length);
  return { model, tokens, types, endIds: findEndIds(field, tokens, types) } as const;
}

const hashedFields = ['model', 'pre', 'tokens', 'token_type', 'scores', 'merges'];
/** The special ids that two vocabularies must have in common. */
export const specialIdKeys: readonly string[] = ['bos', 'eos', 'eot', 'eom', 'unknown', 'padding'].map(
  (name) => `${name}_token_id`,
);

function hashVocabulary(header: Metadata): string {
  const hash = new Sha256();
  for (const key of [...hashedFields, ...specialIdKeys]) {
    const value = header.metadata.get(`tokenizer.ggml.${key}`)?.value;
    const values = value === undefined ? [] : Array.isArray(value) ? value : [value as GgufScalar];
    const parts: string[] = [`${key} ${values.length} `];
    // Each part includes its own length, so no two vocabularies are written the same way.
    for (const text of values.map(String)) parts.push(`${text.length}:${text}`);
    hash.update(encodeUtf8(parts.join('')));
  }
  return hash.hex();
}

/** @throws OutriderError `model-unreadable` if the tokenizer is of another family or incomplete. */
export function vocabularyOf(header: Metadata): Vocabulary {
  const { model, tokens, types, endIds } = readTokenizerMetadata(header);
  const known = new Array<Uint8Array | undefined>(tokens.length);
  return {
    hash: hashVocabulary(header),
    vocabularySize: tokens.length,
    endIds,
    bytes(id) {
      const text = tokens[id];
      if (text === undefined) throw new RangeError(`no token ${id} in a vocabulary of ${tokens.length}`);
      known[id] ??= endIds.has(id) ? new Uint8Array(0) : bytesOfToken(model, text, types[id] ?? tokenType.normal);
      return known[id];
    },
  };
}

/**
 * That the engine finds a token for every byte. A tokenizer of the kind "llama" falls back to them, and the engine ends its process where
 * a text has a byte without one.
 * @throws OutriderError `model-unreadable`
 */
export function demandByteTokens({ metadata }: Metadata): void {
  const tokens = metadata.get('tokenizer.ggml.tokens');
  if (metadata.get('tokenizer.ggml.model')?.value !== 'llama' || tokens?.type !== 'array') return;
  const known = new Set(tokens.value);
  for (let byte = 0; byte < 256; byte++) {
    const name = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    if (known.has(name) || (byte < 128 && known.has(String.fromCharCode(byte)))) continue;
    const remedy = 'another copy of the file does not help: take one that was converted with its whole vocabulary';
    throw unreadable(`has no token ${name} for a byte that no other token holds`, remedy);
  }
}
