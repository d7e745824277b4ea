// What commands say of files that the engine can't use, and of pairs that do not fit. Needs node-llama-cpp, and no model.

import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../api/open-device.ts';
import { writeSmallModel } from '../../models/engines/small-model.fixture.ts';
import { folderOfAll } from '../../models/gguf/folder.fixture.ts';
import { integer, text, texts } from '../../models/gguf/gguf.fixture.ts';
import type { GgufValue } from '../../models/gguf/gguf.ts';
import { mainFile } from '../children/main-file.ts';

const here = folderOfAll();
let aborting = '';
beforeAll(async () => {
  aborting = here('aborting.gguf');
  // A legal number, but not with this architecture: the engine asserts that it is another.
  await writeSmallModel(aborting, { positions: 256, metadata: [['gpt2.attention.key_length', integer(16)]] });
});

function outrider(...words: string[]) {
  const env = { ...process.env, OUTRIDER_CACHE: here() };
  return spawnSync(process.execPath, [mainFile, ...words], { env, encoding: 'utf8' });
}

describe('a file on which the engine aborts', () => {
  it.each([
    ['models prepare', ['models', 'prepare']],
    ['edge', ['edge', '--port', '0', '--model']],
  ])('ends %s with status 1 and with words', (_, words) => {
    const { status, stderr } = outrider(...words, aborting);
    expect(stderr).toMatch(/the engine aborted on this file[\s\S]*\[model-unreadable\]/);
    expect(status).toBe(1);
  });
});

describe('a vocabulary without a token for every byte', () => {
  it('is refused where only the tokenizer is read, because the engine aborts on it', async () => {
    const path = here('no-bytes.gguf');
    const tokens = Array.from({ length: 257 }, (_, id) => ['<unk>', '<s>', '</s>'][id] ?? String.fromCharCode(94 + id));
    const metadata: [string, GgufValue][] = [
      ['tokenizer.ggml.model', text('llama')],
      ['tokenizer.ggml.tokens', texts(tokens)],
    ];
    await writeSmallModel(path, { positions: 256, metadata });
    const opened = openDevice({ edge: 'ws://127.0.0.1:1', draft: 'none', target: path, cacheDirectory: here() });
    const refused = { code: 'model-unreadable', message: expect.stringContaining('<0x00>') };
    await expect(opened).rejects.toMatchObject(refused);
    expect(outrider('edge', '--port', '0', '--model', path).stderr).toContain('no-bytes.gguf has no token <0x00>');
  });
});

describe('a header that makes no sense', () => {
  it('is refused as that, and not for the memory that it would need', async () => {
    const path = here('layers.gguf');
    await writeSmallModel(path, { positions: 256, metadata: [['gpt2.block_count', integer(4_000_000_000)]] });
    const { status, stderr } = outrider('models', 'prepare', path);
    expect(stderr).toMatch(/says gpt2\.block_count 4000000000\n.*convert the model anew \[model-unreadable\]/);
    expect(status).toBe(1);
  });
});

describe('a directory', () => {
  it('is called one', () => {
    const { status, stderr } = outrider('models', 'prepare', here());
    expect(stderr).toMatch(/is a directory\n.*name the GGUF file in it \[model-unreadable\]/);
    expect(status).toBe(1);
  });
});

describe('a draft that does not fit', () => {
  it.each([
    ['run', ['run', '--prompt', 'a']],
    ['edge', ['edge', '--port', '0']],
  ])('is refused by %s before anything is loaded', async (_, words) => {
    const other = here('other.gguf');
    await writeSmallModel(other, { positions: 256, metadata: [['tokenizer.ggml.eos_token_id', integer(65)]] });
    const { status, stderr } = outrider(...words, '--model', aborting, '--draft', other);
    const said =
      /other\.gguf has another tokenizer than aborting\.gguf \(eos_token_id differs\)[\s\S]*\[tokenizer-mismatch\]/;
    expect(stderr).toMatch(said);
    expect(stderr).not.toContain('aborted');
    expect(status).toBe(1);
  });
});
