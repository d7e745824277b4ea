import { rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderOfEach } from '../../gguf/folder.fixture.ts';
import { readTokenizerFolder } from './tokenizer-folder.ts';

const tokenizerJson = {
  added_tokens: [
    { id: 5, content: '<|im_start|>', special: true },
    { id: 6, content: '<|fim_pad|>', special: false },
    { id: 7, content: '<tool_call>', special: false },
  ],
  decoder: { type: 'ByteLevel' },
  model: {
    type: 'BPE',
    byte_fallback: false,
    vocab: { a: 0, b: 1, Ġ: 2, ab: 3, Ġab: 4 },
    merges: ['a b', ['Ġ', 'ab']],
  },
};
const tokenizerConfig = {
  bos_token: null,
  eos_token: '<|im_start|>',
  pad_token: { content: '<|fim_pad|>' },
  chat_template: [{ name: 'default', template: 'hello' }],
};
const config = { model_type: 'qwen3_moe', bos_token_id: 0, eos_token_id: 3, unk_token_id: 90 };

const here = folderOfEach();
beforeEach(() =>
  write({ 'tokenizer.json': tokenizerJson, 'tokenizer_config.json': tokenizerConfig, 'config.json': config }),
);

async function write(files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files))
    await writeFile(here(name), typeof content === 'string' ? content : JSON.stringify(content));
}

describe('the tokenizer of a model folder', () => {
  it('has the metadata of a GGUF file of the same model', async () => {
    const { metadata, splitters } = await readTokenizerFolder(here());
    expect(splitters[0]).toBe('qwen2');
    expect(new Set(splitters).size).toBe(splitters.length);
    const values = Object.fromEntries([...metadata('smollm', 10)].map(([name, { value }]) => [name, value]));
    const added = ['<|im_start|>', '<|fim_pad|>', '<tool_call>'];
    expect(values).toEqual({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.tokens': ['a', 'b', 'Ġ', 'ab', 'Ġab', ...added, '[PAD8]', '[PAD9]'],
      'tokenizer.ggml.token_type': [1, 1, 1, 1, 1, 3, 3, 4, 5, 5],
      'tokenizer.ggml.merges': ['a b', 'Ġ ab'],
      'tokenizer.ggml.bos_token_id': 0,
      'tokenizer.ggml.eos_token_id': 5,
      'tokenizer.ggml.padding_token_id': 6,
      'tokenizer.chat_template': 'hello',
    });
  });

  it('takes the chat format of its own file first', async () => {
    await write({ 'chat_template.jinja': 'other' });
    const { metadata } = await readTokenizerFolder(here());
    expect(metadata('qwen2', 8).get('tokenizer.chat_template')?.value).toBe('other');
  });

  it('is refused where it is missing, damaged or of another kind, with what to do', async () => {
    const refused = (words: string) =>
      expect(readTokenizerFolder(here())).rejects.toMatchObject({
        code: 'model-unreadable',
        message: expect.stringContaining(words),
        remedy: expect.stringContaining('--tokenizer FILE.gguf'),
      });
    for (const [content, words] of [
      [{ ...tokenizerJson, model: { ...tokenizerJson.model, type: 'Unigram' } }, 'of another kind'],
      [{ ...tokenizerJson, model: { ...tokenizerJson.model, byte_fallback: true } }, 'of another kind'],
      [{ ...tokenizerJson, decoder: { type: 'Metaspace' } }, 'of another kind'],
      ['{', 'no JSON'],
    ] as const) {
      await write({ 'tokenizer.json': content });
      await refused(words);
    }
    await rm(here('tokenizer.json'));
    await refused('has no tokenizer.json');
  });
});
