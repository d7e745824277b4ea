// The metadata of a draft file about its target is accepted only where it is consistent.

import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type MappedDraft, readMappedDraft } from './draft-metadata.ts';
import { folderOfAll } from './folder.fixture.ts';
import { integer, text, texts, tinyMetadata, writeTinyModel } from './gguf.fixture.ts';
import { type GgufValue, parseGguf } from './gguf.ts';
import { encodeTinyMapped, tinyMappedMetadata } from './mapped-draft.fixture.ts';
import { readMappedDraftFile } from './model-files.ts';
import { vocabularyOf } from './vocabulary.ts';

const numbers = (value: readonly number[]): GgufValue => ({ type: 'array', elementType: 'uint32', value });

function read(changes: Readonly<Record<string, GgufValue | undefined>> = {}): MappedDraft | undefined {
  const metadata = tinyMappedMetadata();
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(`outrider.${key}`);
    else metadata.set(`outrider.${key}`, value);
  }
  const file = encodeTinyMapped(metadata);
  return readMappedDraft(parseGguf(file, file.length));
}

describe('a draft with its own vocabulary', () => {
  const here = folderOfAll();

  it('is read with the tokenizer of its target', () => {
    const draft = read();
    const target = vocabularyOf({ metadata: tinyMetadata(2) });
    expect(draft).toMatchObject({
      vocabularyHash: target.hash,
      vocabularySize: 7,
      ids: [1, 2, 3],
      inputs: [0, 0, 1, 2, 0, 0, 0],
      layers: [0, 1],
      recipe: 'fixture',
    });
    expect(vocabularyOf({ metadata: draft?.tokenizer ?? new Map() }).hash).toBe(target.hash);
  });

  it('need not name its recipe', () => {
    expect(read({ 'draft.layers': undefined, 'draft.recipe': undefined })).toMatchObject({ layers: [], recipe: '' });
  });

  it('is distinguished from an ordinary model', async () => {
    const path = here('plain.gguf');
    await writeTinyModel(path);
    expect(await readMappedDraftFile(path)).toBeUndefined();
  });

  const wrong: [string, Record<string, GgufValue | undefined>, RegExp][] = [
    ['no map of ids', { 'target.ids': undefined }, /no list of numbers outrider.target.ids/],
    ['a map of text', { 'target.ids': texts(['1', '2', '3']) }, /no list of numbers/],
    ['too few ids', { 'target.ids': numbers([1, 2]) }, /maps 2 tokens in .*ids and has 3/],
    ['an id beyond the target', { 'target.ids': numbers([1, 2, 7]) }, /names the token 7 in .*ids, of 7/],
    ['an id twice', { 'target.ids': numbers([1, 2, 2]) }, /two of its tokens to token 2/],
    ['too few inputs', { 'target.inputs': numbers([0, 0, 1, 2]) }, /maps 4 tokens in .*inputs; the target has 7/],
    ['an input beyond the draft', { 'target.inputs': numbers([0, 0, 1, 2, 3, 0, 0]) }, /names the token 3/],
    ['inputs that contradict ids', { 'target.inputs': numbers([0, 1, 0, 2, 0, 0, 0]) }, /reads token 1 of the target/],
    ['no size', { 'target.vocabulary_size': undefined }, /vocabulary_size/],
    ['another size', { 'target.vocabulary_size': integer(8) }, /maps 7 tokens in .*inputs; the target has 8/],
    ['no hash', { 'target.vocabulary_hash': undefined }, /vocabulary_hash/],
    ['another hash', { 'target.vocabulary_hash': text('00'.repeat(32)) }, /another tokenizer/],
    ['no tokenizer', { 'target.tokenizer.ggml.tokens': undefined }, /no list of tokens/],
    ['another tokenizer', { 'target.tokenizer.ggml.pre': text('other') }, /another tokenizer/],
  ];
  it.each(wrong)('is refused with %s', (_, changes, message) => {
    expect(() => read(changes)).toThrow(
      expect.objectContaining({ code: 'model-unreadable', message: expect.stringMatching(message) }),
    );
  });

  it('is named in its refusal', async () => {
    const path = here('broken.gguf');
    const metadata = tinyMappedMetadata();
    metadata.delete('outrider.target.inputs');
    await writeFile(path, encodeTinyMapped(metadata));
    const refused = { code: 'model-unreadable', message: expect.stringContaining('broken.gguf') };
    await expect(readMappedDraftFile(path)).rejects.toMatchObject(refused);
  });
});
