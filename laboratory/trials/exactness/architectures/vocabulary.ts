// Small vocabularies with merges of their own, learned from the trial's prompts: byte-level pairs (GPT-2) and SentencePiece. Every text has ids,
// and ids give the text back.

import trialPrompts from '../../../../simulator/files/sample-prompts.json' with { type: 'json' };
import type { GgufValue } from '../../../../src/models/gguf/gguf.ts';
import { integer, numbers, text, texts } from './model-file.ts';

export interface SmallVocabulary {
  readonly size: number;
  readonly metadata: readonly (readonly [key: string, value: GgufValue])[];
}

const mergeCount = 300;
/** Values of `tokenizer.ggml.token_type`. */
const tokenType = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;
type Metadata = SmallVocabulary['metadata'];
type TokenGroup = readonly [type: keyof typeof tokenType, tokens: readonly string[]];
const chatTemplate =
  "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/** Words of the prompts, each with the space before it, and how often they occur. */
function wordsOf(pattern: RegExp, written: (word: string) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { text: prompt } of trialPrompts.prompts)
    for (const [word] of prompt.matchAll(pattern)) counts.set(written(word), (counts.get(written(word)) ?? 0) + 1);
  return counts;
}

/** Byte pair encoding: the most frequent pair of neighbours becomes one piece, again and again; of equals the first in order of code points. */
function learnMerges(words: ReadonlyMap<string, number>): [string, string][] {
  const pieces = [...words].map(([word, count]) => ({ parts: [...word], count }));
  return Array.from({ length: mergeCount }, () => {
    const pairs = new Map<string, number>();
    for (const { parts, count } of pieces)
      for (let at = 1; at < parts.length; at++) {
        const pair = `${parts[at - 1]}\n${parts[at]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + count);
      }
    const [best] = [...pairs].reduce((one, other) => {
      return other[1] > one[1] || (other[1] === one[1] && other[0] < one[0]) ? other : one;
    });
    const [left, right] = best.split('\n') as [string, string];
    for (const piece of pieces) piece.parts = joined(piece.parts, left, right);
    return [left, right];
  });
}

function joined(parts: readonly string[], left: string, right: string): string[] {
  const result: string[] = [];
  for (const part of parts)
    if (part === right && result.at(-1) === left) result[result.length - 1] = left + right;
    else result.push(part);
  return result;
}

/** GPT-2 writes each byte as a printable character. */
const characters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, code) => {
    const printable = (code >= 0x21 && code <= 0x7e) || (code >= 0xa1 && code <= 0xac) || code >= 0xae;
    return String.fromCharCode(printable ? code : next++);
  });
})();

function described(model: string, groups: readonly TokenGroup[], rest: Metadata): SmallVocabulary {
  const tokens = groups.flatMap(([, own]) => own);
  const types = groups.flatMap(([type, own]) => own.map(() => tokenType[type]));
  const first: Metadata = [
    ['tokenizer.ggml.model', text(model)],
    ['tokenizer.ggml.tokens', texts(tokens)],
    ['tokenizer.ggml.token_type', numbers('int32', types)],
  ];
  return { size: tokens.length, metadata: [...first, ...rest] };
}

function specialIds(ids: Readonly<Record<string, number>>): Metadata {
  return Object.entries(ids).map(([name, id]) => [`tokenizer.ggml.${name}_token_id`, integer(id)]);
}

/** Made when it is first asked for: it takes some tenths of a second. */
function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Byte-level pairs, with a chat template. */
export const bytePairs: () => SmallVocabulary = once(() => {
  const written = (word: string): string => [...Buffer.from(word)].map((code) => characters[code]).join('');
  const merges = learnMerges(wordsOf(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+/gu, written));
  const groups: TokenGroup[] = [
    ['control', ['<|endoftext|>', '<|im_start|>', '<|im_end|>']],
    ['normal', [...characters, ...merges.map(([left, right]) => left + right)]],
  ];
  return described('gpt2', groups, [
    ['tokenizer.ggml.pre', text('gpt-2')],
    ['tokenizer.ggml.merges', texts(merges.map((pair) => pair.join(' ')))],
    ...specialIds({ bos: 0, eos: 2 }),
    ['tokenizer.chat_template', text(chatTemplate)],
  ]);
});

/** SentencePiece, without a chat template; bytes have tokens of their own. */
export const sentencePieces: () => SmallVocabulary = once(() => {
  const words = wordsOf(/ ?[^\s]+/g, (word) => word.replace(' ', '\u2581'));
  const single = [...new Set([...words.keys()].join(''))].toSorted();
  const pieces = [...learnMerges(words).map(([left, right]) => left + right), ...single];
  const bytes = characters.map((_, code) => `<0x${code.toString(16).toUpperCase().padStart(2, '0')}>`);
  const special = ['<s>', '</s>'];
  const groups: TokenGroup[] = [
    ['unknown', ['<unk>']],
    ['control', special],
    ['byte', bytes],
    ['normal', pieces],
  ];
  const unscored = Array.from({ length: 1 + special.length + bytes.length }, () => 0);
  return described('llama', groups, [
    ['tokenizer.ggml.scores', numbers('float32', [...unscored, ...pieces.map((_, rank) => -rank)])],
    ...specialIds({ bos: 1, eos: 2, unknown: 0 }),
  ]);
});

/** The vocabulary of BERT. */
export function wordPieces(): SmallVocabulary {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const groups: TokenGroup[] = [
    ['control', ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']],
    ['normal', [...letters.map((letter) => `\u2581${letter}`), ...letters, '\u2581the']],
  ];
  return described('bert', groups, specialIds({ bos: 2, eos: 3, unknown: 1, seperator: 3, padding: 0, mask: 4 }));
}
