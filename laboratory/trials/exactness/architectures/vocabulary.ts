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
const [normal, unknown, control, byte] = [1, 2, 3, 6];
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

function described(
  model: string,
  tokens: readonly (readonly [text: string, type: number | undefined, score?: number])[],
  rest: SmallVocabulary['metadata'],
): SmallVocabulary {
  return {
    size: tokens.length,
    metadata: [
      ['tokenizer.ggml.model', text(model)],
      ['tokenizer.ggml.tokens', texts(tokens.map(([token]) => token))],
      [
        'tokenizer.ggml.token_type',
        numbers(
          'int32',
          tokens.map(([, type]) => type as number),
        ),
      ],
      ...rest,
    ],
  };
}

/** Made when it is first asked for: it takes some tenths of a second. */
function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** With a chat template. */
export const bytePairs: () => SmallVocabulary = once(makeBytePairs);
/** Without a chat template; bytes have tokens of their own. */
export const sentencePieces: () => SmallVocabulary = once(makeSentencePieces);

function makeBytePairs(): SmallVocabulary {
  const written = (word: string): string => [...Buffer.from(word)].map((code) => characters[code]).join('');
  const merges = learnMerges(wordsOf(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+/gu, written));
  const special = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'].map((token) => [token, control] as const);
  const plain = [...characters, ...merges.map(([left, right]) => left + right)].map(
    (token) => [token, normal] as const,
  );
  return described(
    'gpt2',
    [...special, ...plain],
    [
      ['tokenizer.ggml.pre', text('gpt-2')],
      ['tokenizer.ggml.merges', texts(merges.map((pair) => pair.join(' ')))],
      ['tokenizer.ggml.bos_token_id', integer(0)],
      ['tokenizer.ggml.eos_token_id', integer(2)],
      ['tokenizer.chat_template', text(chatTemplate)],
    ],
  );
}

function makeSentencePieces(): SmallVocabulary {
  const words = wordsOf(/ ?[^\s]+/g, (word) => word.replace(' ', '\u2581'));
  const single = [...new Set([...words.keys()].join(''))].toSorted();
  const pieces = [...learnMerges(words).map(([left, right]) => left + right), ...single];
  const tokens = [
    ['<unk>', unknown, 0] as const,
    ...['<s>', '</s>'].map((token) => [token, control, 0] as const),
    ...characters.map((_, code) => [`<0x${code.toString(16).toUpperCase().padStart(2, '0')}>`, byte, 0] as const),
    ...pieces.map((piece, rank) => [piece, normal, -rank] as const),
  ];
  return described('llama', tokens, [
    [
      'tokenizer.ggml.scores',
      numbers(
        'float32',
        tokens.map(([, , score]) => score),
      ),
    ],
    ['tokenizer.ggml.bos_token_id', integer(1)],
    ['tokenizer.ggml.eos_token_id', integer(2)],
    ['tokenizer.ggml.unknown_token_id', integer(0)],
  ]);
}

/** The vocabulary of BERT. */
export function wordPieces(): SmallVocabulary {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map((token) => [token, control] as const);
  const plain = [...letters.map((letter) => `\u2581${letter}`), ...letters, '\u2581the'].map(
    (token) => [token, normal] as const,
  );
  return described(
    'bert',
    [...special, ...plain],
    [
      ['tokenizer.ggml.bos_token_id', integer(2)],
      ['tokenizer.ggml.eos_token_id', integer(3)],
      ['tokenizer.ggml.unknown_token_id', integer(1)],
      ['tokenizer.ggml.seperator_token_id', integer(3)],
      ['tokenizer.ggml.padding_token_id', integer(0)],
      ['tokenizer.ggml.mask_token_id', integer(4)],
    ],
  );
}
