// What the engine itself does with files whose headers are like those of sound ones: positions that end, parts, weights that are no
// numbers. Needs node-llama-cpp, and no model.

import { copyFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { mostPadding } from '../../core/decoding/shape-law.ts';
import { folderOfAll } from '../gguf/folder.fixture.ts';
import { text } from '../gguf/gguf.fixture.ts';
import type { LanguageModel } from '../port/model.ts';
import { openLlamaModel } from './llama.ts';
import { type SmallModel, writeSmallModel, writeSmallShards } from './small-model.fixture.ts';

const here = folderOfAll();

async function small(name: string, changes: Partial<SmallModel> = {}): Promise<string> {
  const path = here(name);
  await writeSmallModel(path, { positions: 256, ...changes });
  return path;
}

const open = (path: string, exact: boolean, contextLength = 2048): Promise<LanguageModel> =>
  openLlamaModel({ path, sequences: 2, contextLength, exact, cacheDirectory: here() });

/** Writes until the context is full, in items of one token at the end, which a law pads. */
async function fill(model: LanguageModel): Promise<number> {
  const sequence = model.openSequence();
  while (sequence.length < model.limits.contextLength) {
    const left = model.limits.contextLength - sequence.length;
    const tokens = new Array<number>(left > 40 ? 32 : 1).fill(65);
    await model.evaluate([{ sequence, tokens, rows: 1 }]);
  }
  const { length } = sequence;
  const more = model.evaluate([{ sequence, tokens: [65], rows: 1 }]);
  await expect(more).rejects.toMatchObject({ code: 'context-full' });
  await sequence.release();
  return length;
}

describe('a model with learned positions', () => {
  it.each([true, false])('holds no more of them than it has, whatever is asked for (exact: %s)', async (exact) => {
    await using model = await open(await small('positions.gguf'), exact);
    expect(model.limits.contextLength).toBe(256 - mostPadding(model.limits.law));
    expect(await fill(model)).toBe(model.limits.contextLength);
    expect(model.identity.description).toMatch(/; context 25\d: the model was trained for no more$/);
  });

  it('says nothing where it holds what is asked for', async () => {
    await using model = await open(await small('positions.gguf'), false, 200);
    expect(model.limits.contextLength).toBe(200);
    expect(model.identity.description).not.toContain('trained');
  });

  it('counts with the table where the header promises more', async () => {
    const path = await small('promises.gguf', {
      metadata: [
        ['gpt2.rope.scaling.factor', { type: 'float32', value: 4 }],
        ['gpt2.rope.scaling.original_context_length', { type: 'uint32', value: 256 }],
      ],
    });
    await using model = await open(path, true);
    expect(await fill(model)).toBeLessThanOrEqual(256);
  });
});

describe('weights that are no numbers', () => {
  const noNumbers = { code: 'engine-failed', message: expect.stringContaining('the model computes no numbers') };

  it.each([
    ['one in a layer, which spoils every logit', 'blk.1.ffn_up.weight', 0],
    ['one in the row of a late id, which the largest logits do not show', 'token_embd.weight', 64 * 200],
  ])('are refused at the opening: %s', async (_, name, at) => {
    const path = await small('nan.gguf', {
      weight: (tensor, index, value) => (tensor === name && index === at ? Number.NaN : value),
    });
    await expect(open(path, true)).rejects.toMatchObject(noNumbers);
    await expect(open(path, false)).rejects.toMatchObject(noNumbers);
  });

  it('are refused where a text comes to them later', async () => {
    const path = await small('late.gguf', {
      weight: (tensor, index, value) =>
        tensor === 'position_embd.weight' && index === 64 * 100 ? Number.POSITIVE_INFINITY : value,
    });
    await using model = await open(path, false);
    const sequence = model.openSequence();
    const tokens = new Array<number>(100).fill(65);
    await model.evaluate([{ sequence, tokens, rows: 1 }]);
    await expect(model.evaluate([{ sequence, tokens: [65], rows: 1 }])).rejects.toMatchObject(noNumbers);
    // A search comes to it as well.
    await expect(open(path, true)).rejects.toMatchObject(noNumbers);
  });
});

describe('a model in two files', () => {
  it('has a fingerprint of both, and writes what it writes in one', async () => {
    const [first] = await writeSmallShards(here('one'), { positions: 256 });
    const other = {
      positions: 256,
      weight: (name: string, index: number, value: number) => {
        return name === 'blk.1.ffn_down.weight' && index === 0 ? value + 1 : value;
      },
    };
    const [changed] = await writeSmallShards(here('other'), other);
    await copyFile(first, changed);
    await using whole = await open(await small('whole.gguf'), true);
    await using split = await open(first, true);
    await using mixed = await open(changed, true);
    expect(new Set([whole, split, mixed].map(({ identity }) => identity.fingerprint)).size).toBe(3);
    const rows = async (model: LanguageModel) =>
      model.evaluate([{ sequence: model.openSequence(), tokens: [72, 105], rows: 2 }]);
    expect(await rows(split)).toEqual(await rows(whole));
    expect(await rows(mixed)).not.toEqual(await rows(whole));
  });
});

describe('an architecture that the engine does not know', () => {
  it('is named, with a remedy that fits', async () => {
    const keys = ['context_length', 'embedding_length', 'block_count', 'attention.head_count'];
    const metadata = keys.map((key) => [`lxama.${key}`, { type: 'uint32', value: 2 ** 9 }] as const);
    const path = await small('unknown.gguf', {
      metadata: [
        ['general.architecture', text('lxama')],
        ...metadata,
        ['lxama.block_count', { type: 'uint32', value: 2 }],
      ],
    });
    await expect(open(path, false)).rejects.toMatchObject({
      code: 'model-unreadable',
      message: expect.stringContaining("unknown model architecture: 'lxama'"),
      remedy: expect.stringContaining('another copy of the file does not help'),
    });
  });
});
