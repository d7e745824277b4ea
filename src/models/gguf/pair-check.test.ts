import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { folderOfAll } from './folder.fixture.ts';
import { encodeModel, integer, text, texts, tinyMetadata, tinyTensors } from './gguf.fixture.ts';
import type { GgufValue } from './gguf.ts';
import { encodeTinyMapped } from './mapped-draft.fixture.ts';
import { checkPair, demandPair } from './pair-check.ts';

const here = folderOfAll();

let count = 0;
async function model(changes: Readonly<Record<string, GgufValue | undefined>> = {}, layers = 2): Promise<string> {
  const metadata = tinyMetadata(layers);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(`tokenizer.${key}`);
    else metadata.set(`tokenizer.${key}`, value);
  }
  const path = here(`model-${++count}.gguf`);
  await writeFile(path, encodeModel(metadata, tinyTensors(layers)));
  return path;
}

async function mapped(): Promise<string> {
  const path = here(`mapped-${++count}.gguf`);
  await writeFile(path, encodeTinyMapped());
  return path;
}

const tokens = ['<|endoftext|>', '<|im_end|>', 'a', 'Ġb', 'Ã', '\ufeffc', '<tool>'];

describe('a pair', () => {
  it('fits with the same tokenizer, with any other differences', async () => {
    expect(await checkPair(await model(), await model({}, 1))).toEqual({
      fits: true,
      vocabulary: 'same',
      targetTokens: 7,
      draftTokens: 7,
      differences: [],
      sameChatFormat: true,
    });
  });

  it('fits with a part of the vocabulary and a map to it', async () => {
    const found = await checkPair(await model(), await mapped());
    expect(found).toMatchObject({ fits: true, vocabulary: 'mapped', targetTokens: 7, draftTokens: 3 });
  });

  it('does not fit if one token differs, and says which', async () => {
    const draft = await model({ 'ggml.tokens': texts(tokens.with(3, 'Ġc')) });
    const found = await checkPair(await model(), draft);
    expect(found.fits).toBe(false);
    expect(found.differences).toEqual([{ field: 'tokens', index: 3, target: '"Ġb"', draft: '"Ġc"' }]);
  });

  it('does not fit a map to another target', async () => {
    const target = await model({ 'ggml.tokens': texts(tokens.with(6, '<other>')) });
    const found = await checkPair(target, await mapped());
    expect(found).toMatchObject({ fits: false, vocabulary: 'mapped' });
    expect(found.differences[0]).toMatchObject({ field: 'tokens', index: 6, target: '"<other>"' });
  });

  it('names the missing end of a longer list, and a differing single value', async () => {
    const more = { 'ggml.tokens': texts([...tokens, 'new']), 'ggml.token_type': undefined };
    const longer = await checkPair(await model(), await model(more));
    expect(longer.differences[0]).toEqual({ field: 'tokens', index: 7, target: 'nothing', draft: '"new"' });
    const ended = await checkPair(await model(), await model({ 'ggml.eos_token_id': integer(0) }));
    expect(ended.differences).toEqual([{ field: 'eos_token_id', index: null, target: '1', draft: '0' }]);
  });

  it('that does not fit is refused by both names, with the place', async () => {
    const names = { target: 'the target', draft: 'the draft' };
    await demandPair(await model(), await mapped(), names);
    const draft = await model({ 'ggml.tokens': texts(tokens.with(3, 'Ġc')) });
    await expect(demandPair(await model(), draft, names)).rejects.toMatchObject({
      code: 'tokenizer-mismatch',
      message: 'the draft has another tokenizer than the target (tokens 3 differs)',
    });
  });

  it('may fit and still write conversations in another format', async () => {
    const draft = await model({ chat_template: text('{{ messages }}') });
    expect(await checkPair(await model(), draft)).toMatchObject({ fits: true, sameChatFormat: false });
  });

  it('is refused with a draft as the target, or a broken file', async () => {
    await expect(checkPair(await mapped(), await model())).rejects.toMatchObject({ code: 'bad-argument' });
    const broken = here('broken.gguf');
    await writeFile(broken, 'GGUF');
    await expect(checkPair(await model(), broken)).rejects.toMatchObject({ code: 'model-unreadable' });
    await expect(checkPair(here('none.gguf'), broken)).rejects.toMatchObject({ code: 'model-unreadable' });
  });
});
