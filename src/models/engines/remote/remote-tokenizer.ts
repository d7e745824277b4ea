// The tokenizer of an edge whose engine runs in another process: of a file here, and compared with the worker's own.

import { OutriderError } from '../../../core/basics/errors.ts';
import { type AcquireOptions, acquireModel } from '../../files/acquire.ts';
import { hashFile } from '../../files/cache.ts';
import type { Tokenizer } from '../../port/model.ts';
import { parseModelSpec } from '../../port/model-spec.ts';
import { createToyTokenizer } from '../../port/toy-tokenizer.ts';
import { openLlamaTokenizer } from '../llama-tokenizer.ts';
import type { Hello } from './hello.ts';

export interface OpenedTokenizer extends AsyncDisposable {
  readonly tokenizer: Tokenizer;
  /** Of the file that it was read from, hex. */
  readonly sha256: string;
}

/**
 * @param file a GGUF file, a name in the manifest, or a toy
 * @throws OutriderError as acquireModel and openLlamaTokenizer
 */
export async function openTokenizerFile(
  file: string,
  { vocabularySize }: Hello,
  options: AcquireOptions,
): Promise<OpenedTokenizer> {
  if (parseModelSpec(file).kind === 'toy') {
    const tokenizer = createToyTokenizer(vocabularySize);
    return { tokenizer, sha256: tokenizer.hash, [Symbol.asyncDispose]: async () => undefined };
  }
  const { path, sha256 } = await acquireModel(file, options);
  const tokenizer = await openLlamaTokenizer(path);
  return {
    tokenizer,
    sha256: sha256 ?? (await hashFile(path)),
    [Symbol.asyncDispose]: () => tokenizer[Symbol.asyncDispose](),
  };
}

/** Texts in which tokenizers of one family differ: pre-tokenization, spaces, digits, special tokens that stay text. */
const corpus: readonly string[] = [
  'The harbour office counted 1,204 ships in 1893; ten years later it was 3.14159e-7 of that.',
  'def mean(values):\n    """Mean of values."""\n\treturn sum(values) / len(values)  # 12345678901234567890\n',
  'const found = lines.filter((line) => !/^\\s*$/.test(line))?.at(-1) ?? `${rest}`;\r\n\r\n\r\n}',
  "  two  three   four    eight        spaces, and it's they'll WE'VE I'm trailing   ",
  'Die Brücke ist für drei Wochen gesperrt. Le pont est fermé. Мост закрыт. Η γέφυρα. गेहूँ ที่นี่ 桥已经关闭了三个星期。橋は三週間。다리 الجسر',
  'e\u0301 é \u00a0\u2003\u200b\ufeff 👩‍👩‍👧‍👦 🇨🇭 ☕️ 𝕊 \u0001\u007f',
  '<|im_start|>user\n<|endoftext|></s><s>[INST] <bos> <|eot_id|> <unk> <0x41> <think></think>',
  '| a | b |\n|---|--:|\n| 1 | 22 |\n\n\n\n- [ ] x\n\n```sh\n$ ls -la ~/.cache | grep "x" && echo $?\n```\n',
];

/** @throws OutriderError `tokenizer-mismatch` */
export async function demandSameTokenizer(
  { tokenizer, sha256 }: OpenedTokenizer,
  hello: Hello,
  encode: (text: string) => Promise<readonly number[]>,
): Promise<void> {
  if (tokenizer.vocabularySize !== hello.vocabularySize) {
    throw mismatch(`${tokenizer.vocabularySize} tokens, and the engine's model ${hello.vocabularySize}`);
  }
  if (!hello.encodes) {
    if (sha256 === hello.tokenizer.sha256) return;
    throw mismatch('another file than the engine, which has no encoder to compare');
  }
  for (const text of corpus) {
    const [ours, theirs] = [tokenizer.encode(text), await encode(text)];
    const at = ours.findIndex((id, index) => id !== theirs[index]);
    if (at < 0 && ours.length === theirs.length) continue;
    const place = at < 0 ? Math.min(ours.length, theirs.length) : at;
    const words = JSON.stringify(text.slice(0, 24));
    throw mismatch(
      `id ${ours[place] ?? 'none'} where the engine has ${theirs[place] ?? 'none'}, at token ${place} of ${words}`,
    );
  }
}

/** @param difference completes "the tokenizer has ..." */
function mismatch(difference: string): OutriderError {
  return new OutriderError(
    'tokenizer-mismatch',
    `the tokenizer is not that of the engine's model: it has ${difference}`,
    'give --tokenizer a GGUF file of the same model',
  );
}
