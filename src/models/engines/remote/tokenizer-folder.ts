// The tokenizer of a model folder (tokenizer.json), as the metadata that a GGUF file of the same model has: llama.cpp then encodes as on a
// device, and the hash equals that of the device's file. Only byte-level BPE, which is what such folders hold as a rule.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OutriderError } from '../../../core/basics/errors.ts';
import type { GgufValue } from '../../gguf/gguf.ts';

const addedToken = z.object({ id: z.int().min(0), content: z.string(), special: z.boolean() });

const tokenizerSchema = z.object({
  added_tokens: z.array(addedToken),
  decoder: z.unknown(),
  model: z.object({
    type: z.literal('BPE'),
    byte_fallback: z.literal(false).nullish(),
    vocab: z.record(z.string(), z.int().min(0)),
    // "a b", or ["a", "b"]: the tokens themselves hold no spaces.
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

type TokenizerJson = z.infer<typeof tokenizerSchema>;
type Settings = Readonly<Record<string, unknown>>;

export interface TokenizerFolder {
  readonly directory: string;
  /** Splitters of text to be tried, in the order of likelihood, as llama.cpp names them. */
  readonly splitters: readonly string[];
  /** @param vocabularySize of the model, which may have more places than tokens */
  metadata(splitter: string, vocabularySize: number): ReadonlyMap<string, GgufValue>;
}

/** As in GGUF files. */
const tokenTypes = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;
/** Names in GGUF, and what a folder calls them. */
const specialNames = { bos: 'bos', eos: 'eos', unknown: 'unk', padding: 'pad' } as const;
const splitterOf: Readonly<Record<string, string>> = {
  qwen2: 'qwen2',
  qwen3: 'qwen2',
  llama: 'llama-bpe',
  gpt2: 'gpt-2',
};
const splitters = [
  'qwen2',
  'llama-bpe',
  'smollm',
  'gpt-2',
  'gpt-4o',
  'tekken',
  'deepseek-v3',
  'deepseek-llm',
  'starcoder',
];

/** @throws OutriderError `model-unreadable` */
export async function readTokenizerFolder(directory: string): Promise<TokenizerFolder> {
  const text = await readText(directory, 'tokenizer.json');
  if (text === null) throw unusable(directory, 'has no tokenizer.json');
  const read = tokenizerSchema.safeParse(parsed(directory, 'tokenizer.json', text));
  if (!read.success || !JSON.stringify(read.data.decoder ?? null).includes('"ByteLevel"')) {
    throw unusable(directory, 'has a tokenizer.json of another kind than byte-level BPE');
  }
  const settings = async (name: string): Promise<Settings> =>
    Object(parsed(directory, name, (await readText(directory, name)) ?? '{}'));
  const [tokenizerConfig, config] = [await settings('tokenizer_config.json'), await settings('config.json')];
  const template = (await readText(directory, 'chat_template.jinja')) ?? templateOf(tokenizerConfig);
  const likely = splitterOf[String(config['model_type']).split('_', 1)[0] ?? ''];
  const { data } = read;
  return {
    directory,
    splitters: [...new Set([...(likely === undefined ? [] : [likely]), ...splitters])],
    metadata(splitter, vocabularySize) {
      const { tokens, types } = tokensOf(data, vocabularySize);
      const fields: [string, GgufValue][] = [
        ['model', { type: 'string', value: 'gpt2' }],
        ['pre', { type: 'string', value: splitter }],
        ['tokens', { type: 'array', elementType: 'string', value: tokens }],
        ['token_type', { type: 'array', elementType: 'int32', value: types }],
        ['merges', { type: 'array', elementType: 'string', value: data.model.merges.map(mergeText) }],
      ];
      for (const [name, theirs] of Object.entries(specialNames)) {
        const id = specialId(theirs, data, tokenizerConfig, config);
        if (id !== undefined && id < vocabularySize) fields.push([`${name}_token_id`, { type: 'uint32', value: id }]);
      }
      const metadata = new Map(fields.map(([name, value]) => [`tokenizer.ggml.${name}`, value]));
      if (template !== undefined) metadata.set('tokenizer.chat_template', { type: 'string', value: template });
      return metadata;
    },
  };
}

function mergeText(merge: string | readonly [string, string]): string {
  return typeof merge === 'string' ? merge : merge.join(' ');
}

function tokensOf({ model, added_tokens: added }: TokenizerJson, vocabularySize: number) {
  const tokens = Array.from({ length: vocabularySize }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(vocabularySize).fill(tokenTypes.unused);
  const place = (id: number, token: string, type: number): void => {
    // A model may leave out the last tokens of a tokenizer.
    if (id < vocabularySize) [tokens[id], types[id]] = [token, type];
  };
  for (const [token, id] of Object.entries(model.vocab)) place(id, token, tokenTypes.normal);
  for (const { id, content, special } of added) {
    const isControl = special || looksSpecial(content);
    place(
      id,
      isControl ? content : content.replaceAll('\u2581', ' '),
      isControl ? tokenTypes.control : tokenTypes.userDefined,
    );
  }
  return { tokens, types };
}

/** The rule of llama.cpp's converter for added tokens that a folder does not call special. */
function looksSpecial(token: string): boolean {
  return ['<pad>', '<mask>', '<2mass>', '[@BOS@]'].includes(token) || /^(<\|.*\|>|<｜.*｜>|<unused.*>)$/su.test(token);
}

/** The converter's order: the token that tokenizer_config.json names, then the id of config.json. */
function specialId(
  name: string,
  { added_tokens: added }: TokenizerJson,
  ...[tokenizerConfig, config]: [Settings, Settings]
) {
  const named = tokenizerConfig[`${name}_token`];
  const content = typeof named === 'string' ? named : Object(named)['content'];
  const id = added.find((token) => token.content === content)?.id ?? config[`${name}_token_id`];
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 ? id : undefined;
}

function templateOf({ chat_template: template }: Settings): string | undefined {
  if (typeof template === 'string') return template;
  const listed = Array.isArray(template) ? template.find((one) => Object(one)['name'] === 'default') : undefined;
  const text = Object(listed)['template'];
  return typeof text === 'string' ? text : undefined;
}

async function readText(directory: string, name: string): Promise<string | null> {
  return readFile(join(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw unusable(directory, `has a ${name} that can't be read (${error.code})`);
  });
}

function parsed(directory: string, name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(directory, `has a ${name} that is no JSON`);
  }
}

/** @param problem completes "the model folder ..." */
export function unusable(directory: string, problem: string): OutriderError {
  const remedy = 'give --tokenizer FILE.gguf, a file of the same model (in code: tokenizerFile)';
  return new OutriderError('model-unreadable', `the model folder ${directory} ${problem}`, remedy);
}
