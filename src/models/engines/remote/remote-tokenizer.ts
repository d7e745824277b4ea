// The tokenizer of an edge whose engine runs in another process: of a file here, and compared with the worker's own.

import { OutriderError } from '../../../core/basics/errors.ts';
import { type AcquireOptions, acquireModel } from '../../files/acquire.ts';
import { hashFile } from '../../files/cache.ts';
import type { Tokenizer } from '../../port/model.ts';
import { parseModelSpec } from '../../port/model-spec.ts';
import { createToyTokenizer } from '../../port/toy-tokenizer.ts';
import { openLlamaTokenizer } from '../llama-tokenizer.ts';
import { openTokenizerMetadata } from '../tokenizer-file.ts';
import type { Hello } from './hello.ts';
import { type TokenizerFolder, unusable } from './tokenizer-folder.ts';

export interface OpenedTokenizer extends AsyncDisposable {
  readonly tokenizer: Tokenizer;
}

/** The ids that the worker's own tokenizer makes. */
export type Encode = (text: string) => Promise<readonly number[]>;

/**
 * @param file a GGUF file, a name in the manifest, or a toy
 * @throws OutriderError `tokenizer-mismatch`; as acquireModel and openLlamaTokenizer
 */
export async function openTokenizerFile(
  file: string,
  hello: Hello,
  encode: Encode,
  options: AcquireOptions,
): Promise<OpenedTokenizer> {
  if (parseModelSpec(file).kind === 'toy') {
    const tokenizer = createToyTokenizer(hello.vocabularySize);
    return checked({ tokenizer, [Symbol.asyncDispose]: async () => undefined }, tokenizer.hash, hello, encode);
  }
  const { path, sha256 } = await acquireModel(file, options);
  return checked(await opened(openLlamaTokenizer(path)), sha256 ?? (await hashFile(path)), hello, encode);
}

/**
 * The tokenizer of a model folder: of the ways to split a text, the one with which it agrees with the worker's.
 * @throws OutriderError `model-unreadable`
 */
export async function openTokenizerFolder(
  folder: TokenizerFolder,
  { vocabularySize, encodes }: Hello,
  encode: Encode,
): Promise<OpenedTokenizer> {
  for (const splitter of encodes ? folder.splitters : []) {
    const metadata = folder.metadata(splitter, vocabularySize);
    const found = await opened(openTokenizerMetadata(metadata, vocabularySize));
    if ((await differenceOf(found.tokenizer, encode)) === null) return found;
    await found[Symbol.asyncDispose]();
  }
  throw unusable(folder.directory, "has a tokenizer.json that does not agree with the engine's in any known way");
}

async function opened(opening: Promise<Tokenizer & AsyncDisposable>): Promise<OpenedTokenizer> {
  const tokenizer = await opening;
  return { tokenizer, [Symbol.asyncDispose]: () => tokenizer[Symbol.asyncDispose]() };
}

/** Texts in which tokenizers of one family differ: pre-tokenization, spaces, digits, special tokens that stay text. */
const corpus: readonly string[] = [
  'The harbour office counted 1,204 ships in 1893; ten years later it was 3.14159e-7 of that.',
  'def mean(values):\n    """Mean of values."""\n\treturn sum(values) / len(values)  # 12345678901234567890\n',
  'const found = lines.filter((line) => !/^\\s*$/.test(line))?.at(-1) ?? rest;\r\n\r\n\r\n}',
  "  two  three   four    eight        spaces, and it's they'll WE'VE I'm trailing   ",
  'Die Brücke ist für drei Wochen gesperrt. Le pont est fermé. Мост закрыт. Η γέφυρα. गेहूँ ที่นี่ 桥已经关闭了三个星期。橋は三週間。다리 الجسر',
  'e\u0301 é \u00a0\u2003\u200b\ufeff 👩‍👩‍👧‍👦 🇨🇭 ☕️ 𝕊 \u0001\u007f',
  '<|im_start|>user\n<|endoftext|></s><s>[INST] <bos> <|eot_id|> <unk> <0x41> <think></think>',
  '| a | b |\n|---|--:|\n| 1 | 22 |\n\n\n\n- [ ] x\n\n```sh\n$ ls -la ~/.cache | grep "x" && echo $?\n```\n',
];

/** @param sha256 of its file @throws OutriderError `tokenizer-mismatch` */
async function checked(found: OpenedTokenizer, sha256: string, hello: Hello, encode: Encode): Promise<OpenedTokenizer> {
  try {
    const difference = await differenceTo(hello, found.tokenizer, sha256, encode);
    if (difference === null) return found;
    const cause = `the tokenizer is not that of the engine's model: it has ${difference}`;
    throw new OutriderError('tokenizer-mismatch', cause, 'give --tokenizer a GGUF file of the same model');
  } catch (error) {
    await found[Symbol.asyncDispose]();
    throw error;
  }
}

async function differenceTo(
  { vocabularySize, encodes, tokenizer: theirs }: Hello,
  tokenizer: Tokenizer,
  sha256: string,
  encode: Encode,
): Promise<string | null> {
  if (tokenizer.vocabularySize !== vocabularySize) {
    return `${tokenizer.vocabularySize} tokens, and the engine's model ${vocabularySize}`;
  }
  if (encodes) return differenceOf(tokenizer, encode);
  return sha256 === theirs.sha256 ? null : 'another file than the engine, which has no encoder to compare';
}

/** In words; null: none in any text of the corpus. */
async function differenceOf(tokenizer: Tokenizer, encode: Encode): Promise<string | null> {
  for (const text of corpus) {
    const [ours, theirs] = [tokenizer.encode(text), await encode(text)];
    const at = ours.findIndex((id, index) => id !== theirs[index]);
    if (at < 0 && ours.length === theirs.length) continue;
    const place = at < 0 ? Math.min(ours.length, theirs.length) : at;
    const words = JSON.stringify(text.slice(0, 24));
    return `id ${ours[place] ?? 'none'} where the engine has ${theirs[place] ?? 'none'}, at token ${place} of ${words}`;
  }
  return null;
}
