// Which file the tabs of an edge draft with.

import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openBpeTokenizer } from '../../models/engines/wasm/bpe-tokenizer.ts';
import { encodeSmallDraft, smallDraftMetadata } from '../../models/engines/wasm/small-draft.fixture.ts';
import { folderOfAll } from '../../models/gguf/folder.fixture.ts';
import { text, writeTinyModel } from '../../models/gguf/gguf.fixture.ts';
import { parseGguf } from '../../models/gguf/gguf.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { openTabFiles } from './tab-files.ts';

const bytes = encodeSmallDraft();
const target = {
  tokenizer: openBpeTokenizer(smallDraftMetadata()),
  identity: { name: 'small', fingerprint: '', description: '' },
};
const at = folderOfAll();

beforeAll(async () => {
  vi.stubEnv('OUTRIDER_CACHE', at('cache'));
  await writeFile(at('small.gguf'), bytes);
});
afterAll(async () => {
  vi.unstubAllEnvs();
});

describe('the files of tabs', () => {
  it.each([undefined, 'none'])('are the target’s header where no draft is named (--tab-draft %s)', async (tabDraft) => {
    await using opened = await openTabFiles({ model: at('small.gguf'), tabDraft }, target);
    expect(opened.files).toMatchObject({ name: 'small', fileBytes: bytes.length, weights: null });
    const { header } = opened.files as NonNullable<typeof opened.files>;
    const prefix = await header.read(0, header.byteLength);
    expect(parseGguf(prefix, bytes.length).dataStart).toBe(header.byteLength);
    expect(createHash('sha256').update(prefix).digest('hex')).toBe(header.sha256);
  });

  it('are the draft that is named, also when its file is replaced', async () => {
    await writeFile(at('draft.gguf'), bytes);
    await using opened = await openTabFiles({ model: at('small.gguf'), tabDraft: at('draft.gguf') }, target);
    await writeFile(at('other'), new Uint8Array(bytes.length));
    await rename(at('other'), at('draft.gguf'));
    const weights = opened.files?.weights;
    expect(weights).toMatchObject({
      byteLength: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(Buffer.compare((await weights?.read(100, 5000)) as Uint8Array, bytes.subarray(100, 5000))).toBe(0);
    expect((await weights?.read(bytes.length - 5, bytes.length + 5))?.length).toBe(5);
  });

  it('are no draft with another tokenizer', async () => {
    await writeTinyModel(at('tiny.gguf'));
    const opened = openTabFiles({ model: at('small.gguf'), tabDraft: at('tiny.gguf') }, target);
    await expect(opened).rejects.toMatchObject({ code: 'tokenizer-mismatch' });
  });

  it('are no draft that the engine of a tab can’t run', async () => {
    const metadata = smallDraftMetadata();
    metadata.set('llama.expert_count', { type: 'uint32', value: 4 });
    await writeFile(at('experts.gguf'), encodeSmallDraft(metadata));
    const opened = openTabFiles({ model: at('small.gguf'), tabDraft: at('experts.gguf') }, target);
    const refused = { code: 'model-unreadable', message: expect.stringContaining('experts.gguf') };
    await expect(opened).rejects.toMatchObject(refused);
    const unknown = openTabFiles({ model: at('small.gguf'), tabDraft: 'no-such' }, target);
    await expect(unknown).rejects.toMatchObject({ code: 'model-unknown' });
  });

  it('say which toy it is', async () => {
    const toy = createToyModel({ seed: 3, role: 'target', vocabularySize: 4096 });
    const { files } = await openTabFiles({ model: 'toy:3' }, toy);
    const { header, fileBytes } = files as NonNullable<typeof files>;
    const { metadata } = parseGguf(await header.read(0, header.byteLength), fileBytes);
    expect(metadata.get('general.architecture')).toEqual(text('toy'));
    expect(metadata.get('toy.vocabulary_size')?.value).toBe(4096);
  });

  it('are none where no file has the tokenizer, and that of --tokenizer where the engine is elsewhere', async () => {
    expect((await openTabFiles({ model: 'none' }, target)).files).toBeUndefined();
    await using opened = await openTabFiles({ model: 'none', tokenizer: at('small.gguf') }, target);
    expect(opened.files?.name).toBe('small');
  });
});
