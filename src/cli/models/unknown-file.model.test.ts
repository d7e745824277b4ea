// What commands say of files that the engine can't use, and of pairs that do not fit. Needs node-llama-cpp, and no model.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../api/open-device.ts';
import { writeSmallModel } from '../../models/engines/small-model.fixture.ts';
import { integer, text, texts } from '../../models/gguf/gguf.fixture.ts';
import type { GgufValue } from '../../models/gguf/gguf.ts';
import { mainFile } from '../children/main-file.ts';

let folder = '';
let aborting = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-unknown-'));
  aborting = join(folder, 'aborting.gguf');
  // A legal number, but not with this architecture: the engine asserts that it is another.
  await writeSmallModel(aborting, { positions: 256, metadata: [['gpt2.attention.key_length', integer(16)]] });
});
afterAll(() => rm(folder, { recursive: true }));

function outrider(...words: string[]) {
  const env = { ...process.env, OUTRIDER_CACHE: folder };
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
    const path = join(folder, 'no-bytes.gguf');
    const tokens = Array.from({ length: 257 }, (_, id) => ['<unk>', '<s>', '</s>'][id] ?? String.fromCharCode(94 + id));
    const metadata: [string, GgufValue][] = [
      ['tokenizer.ggml.model', text('llama')],
      ['tokenizer.ggml.tokens', texts(tokens)],
    ];
    await writeSmallModel(path, { positions: 256, metadata });
    const opened = openDevice({ edge: 'ws://127.0.0.1:1', draft: 'none', target: path, cacheDirectory: folder });
    await expect(opened).rejects.toMatchObject({
      code: 'model-unreadable',
      message: expect.stringContaining('<0x00>'),
    });
    expect(outrider('edge', '--port', '0', '--model', path).stderr).toContain('no-bytes.gguf has no token <0x00>');
  });
});

describe('a header that makes no sense', () => {
  it('is refused as that, and not for the memory that it would need', async () => {
    const path = join(folder, 'layers.gguf');
    await writeSmallModel(path, { positions: 256, metadata: [['gpt2.block_count', integer(4_000_000_000)]] });
    const { status, stderr } = outrider('models', 'prepare', path);
    expect(stderr).toMatch(/says gpt2\.block_count 4000000000\n.*convert the model anew \[model-unreadable\]/);
    expect(status).toBe(1);
  });
});

describe('a directory', () => {
  it('is called one', () => {
    const { status, stderr } = outrider('models', 'prepare', folder);
    expect(stderr).toMatch(/is a directory\n.*name the GGUF file in it \[model-unreadable\]/);
    expect(status).toBe(1);
  });
});

describe('a draft that does not fit', () => {
  it.each([
    ['run', ['run', '--prompt', 'a']],
    ['edge', ['edge', '--port', '0']],
  ])('is refused by %s before anything is loaded', async (_, words) => {
    const other = join(folder, 'other.gguf');
    await writeSmallModel(other, { positions: 256, metadata: [['tokenizer.ggml.eos_token_id', integer(65)]] });
    const { status, stderr } = outrider(...words, '--model', aborting, '--draft', other);
    const said =
      /other\.gguf has another tokenizer than aborting\.gguf \(eos_token_id differs\)[\s\S]*\[tokenizer-mismatch\]/;
    expect(stderr).toMatch(said);
    expect(stderr).not.toContain('aborted');
    expect(status).toBe(1);
  });
});
