// What can't fit by the sizes in the manifest is refused before a byte is fetched. Nothing is fetched or opened here.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { requireModel } from '../../models/files/manifest.ts';
import { prepareModels } from './model-room.ts';

const seen = vi.hoisted(() => ({ freeBytes: 0, asked: [] as string[] }));
vi.mock('../../models/files/free-memory.ts', () => ({ freeMemoryOfLinux: async () => seen.freeBytes }));
vi.mock('../../models/files/acquire.ts', async (original) => ({
  ...(await original<object>()),
  acquireModel: (spec: string) => {
    seen.asked.push(spec);
    throw new Error('stopped here');
  },
}));

const spec = 'qwen2.5-coder-1.5b';
const planned = { sequences: 2, contextLength: 2048 };

beforeEach(() => {
  seen.asked = [];
});

describe('models that are not there yet', () => {
  it('are refused by their sizes, one for each process, before any is fetched', async () => {
    seen.freeBytes = 2 * requireModel(spec).byteLength - 1;
    const both = [1, 2].map(() => ({ spec, ...planned }));
    await expect(prepareModels(both, 'take less')).rejects.toMatchObject({
      code: 'memory-full',
      message: expect.stringMatching(
        /^at least 2\.3 GB of memory are needed \(.+ 1\.2 GB, .+ 1\.2 GB\), 2\.2 GB are free$/,
      ),
      remedy: 'take less',
    });
    expect(seen.asked).toEqual([]);
  });

  it('are fetched where they may fit; a path says nothing of itself before', async () => {
    seen.freeBytes = 2 * requireModel(spec).byteLength;
    const openings = [{ spec: 'own.gguf', ...planned }, ...[1, 2].map(() => ({ spec, ...planned }))];
    await expect(prepareModels(openings, 'take less')).rejects.toThrow('stopped here');
    expect(seen.asked).toEqual(['own.gguf']);
  });
});
