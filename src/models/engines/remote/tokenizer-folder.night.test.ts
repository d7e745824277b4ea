// Folders written from the tokenizers of real GGUF files: the way back gives the same hash, which devices compare, and the same ids.

import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { acquireModel } from '../../files/acquire.ts';
import { folderOfEach } from '../../gguf/folder.fixture.ts';
import type { GgufHeader } from '../../gguf/gguf.ts';
import { readGguf } from '../../gguf/gguf-file.ts';
import { openLlamaTokenizer } from '../llama-tokenizer.ts';
import type { Hello } from './hello.ts';
import { openTokenizerFolder } from './remote-tokenizer.ts';
import { readTokenizerFolder } from './tokenizer-folder.ts';

const here = folderOfEach();

/** As people publish it: added tokens apart, ids of special tokens partly in the one file and partly in the other. */
async function writeFolder({ metadata }: GgufHeader): Promise<number> {
  const field = (name: string): unknown => metadata.get(`tokenizer.ggml.${name}`)?.value;
  const tokens = field('tokens') as string[];
  const types = (field('token_type') as number[]).map(Number);
  const ids = tokens.map((_, id) => id);
  const vocab = Object.fromEntries(ids.filter((id) => types[id] === 1).map((id) => [tokens[id], id]));
  const added = ids.filter((id) => types[id] === 3 || types[id] === 4);
  const added_tokens = added.map((id) => ({ id, content: tokens[id], special: types[id] === 3 }));
  const model = { type: 'BPE', vocab, merges: field('merges') };
  const named = (name: string): unknown => tokens[field(`${name}_token_id`) as number] ?? null;
  const files = {
    'tokenizer.json': { added_tokens, decoder: { type: 'ByteLevel' }, model },
    'tokenizer_config.json': { eos_token: named('eos'), pad_token: named('padding'), unk_token: named('unknown') },
    'config.json': { bos_token_id: field('bos_token_id') },
  };
  for (const [name, content] of Object.entries(files)) await writeFile(here(name), JSON.stringify(content));
  return tokens.length;
}

it.each(['smollm2-135m', 'qwen2.5-coder-0.5b'])('the folder of %s gives the tokenizer of its file', async (name) => {
  const { path } = await acquireModel(name);
  const vocabularySize = await writeFolder(await readGguf(path));
  await using theirs = await openLlamaTokenizer(path);
  const hello = { vocabularySize, encodes: true } as Hello;
  const read = await readTokenizerFolder(here());
  await using found = await openTokenizerFolder(read, hello, async (text) => theirs.encode(text));
  expect(found.tokenizer.hash).toBe(theirs.hash);
  expect([...found.tokenizer.endIds]).toEqual([...theirs.endIds]);
  const other = { ...hello, vocabularySize: vocabularySize - 300 };
  const shifted = async (text: string): Promise<number[]> => theirs.encode(text).map((id) => id + 1);
  await expect(openTokenizerFolder(read, other, shifted)).rejects.toMatchObject({ code: 'model-unreadable' });
});
