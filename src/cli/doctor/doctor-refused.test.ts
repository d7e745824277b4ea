// Doctor where no shape law holds, where the law is searched, and where memory is too small: the engine is a toy that answers as such
// engines do.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import type { OpenModelOptions } from '../../models/engines/open-model.ts';
import type { PlannedModel } from '../../models/files/memory-check.ts';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { writeTinyModel } from '../../models/gguf/gguf.fixture.ts';
import { examine } from './doctor-examine.ts';

const memory = vi.hoisted(() => ({ isFull: false, planned: [] as readonly PlannedModel[] }));
const opened = vi.hoisted(() => [] as { role: string; exact: boolean; threads?: number | undefined }[]);
const refusal = new OutriderError(
  'exact-refused',
  'exact is refused: no shape law holds',
  'Start the edge with --fast.',
);

vi.mock('../../models/engines/open-model.ts', async (original) => {
  const { openModel } = await original<typeof import('../../models/engines/open-model.ts')>();
  return {
    openModel: (spec: string, options: OpenModelOptions) => {
      const { role, exact, threads } = options;
      opened.push({ role, exact, threads });
      options.onLawProgress?.('any shape', 0, 1);
      if (exact) throw refusal;
      return openModel(spec, options);
    },
  };
});

vi.mock('../../models/engines/llama-engine.ts', async (original) => ({
  ...(await original<object>()),
  startLlamaEngine: async () => ({ version: 'an engine', backend: 'no GPU, of a test' }),
}));

vi.mock('../../models/files/memory-check.ts', async (original) => ({
  ...(await original<object>()),
  demandMemory: (models: readonly PlannedModel[]) => {
    memory.planned = models;
    if (memory.isFull) throw new OutriderError('memory-full', 'too much is needed', 'close other programs');
  },
}));

const here = folderOfEach();
beforeEach(() => {
  memory.isFull = false;
  opened.length = 0;
});

describe('doctor where memory is too small', () => {
  it('says so with the remedy, and opens nothing', async () => {
    memory.isFull = true;
    const { rows } = await examine({ model: 'toy:1', draft: 'toy:1:0.8', port: 0 });
    const check = (name: string) => rows.find((row) => row.check === name);
    expect(check('memory')).toMatchObject({ ok: false, cause: 'too much is needed', remedy: 'close other programs' });
    expect(check('models')).toMatchObject({ ok: false, cause: 'not tried: memory failed' });
    expect(opened).toEqual([]);
    // What has no file takes next to nothing, and no engine.
    expect(memory.planned).toEqual([]);
    expect(check('engine')).toBeUndefined();
  });

  it('counts what has a file, which needs an engine', async () => {
    memory.isFull = true;
    const path = here('tiny.gguf');
    await writeTinyModel(path);
    const both = await examine({ model: path, draft: path, port: 0 });
    expect(memory.planned).toEqual([
      { path, sequences: 2, contextLength: 2048 },
      { path, sequences: 1, contextLength: 2048 },
    ]);
    expect(both.rows.find(({ check }) => check === 'engine')).toMatchObject({ ok: true, cause: 'an engine, no GPU' });
    await examine({ model: 'toy:1', draft: path, port: 0 });
    expect(memory.planned).toEqual([{ path, sequences: 1, contextLength: 2048 }]);
  });
});

describe('doctor where exact is refused', () => {
  it('says so with the remedy, and goes on with what is left', async () => {
    const tried: string[] = [];
    const onLawProgress = (law: string): void => void tried.push(law);
    const { rows, summary } = await examine({ model: 'toy:1', draft: 'toy:1:0.8', port: 0, onLawProgress });
    const check = (name: string) => rows.find((row) => row.check === name);
    expect(check('shape law')).toMatchObject({ ok: false, cause: refusal.message, remedy: refusal.remedy });
    expect(check('exact shapes')).toMatchObject({ ok: false, cause: 'not tried: exact is refused' });
    expect(check('exact cost')).toMatchObject({ ok: false, cause: 'not tried: exact is refused' });
    for (const name of ['models', 'tokenizers', 'steps']) expect(check(name), name).toMatchObject({ ok: true });
    expect(summary).toMatchObject({ ok: false, exact: false, law: null, weights: null, exactCost1: null });
    expect(tried).toEqual(['any shape']);
    expect(opened).toEqual([
      { role: 'target', exact: true },
      { role: 'target', exact: false },
      { role: 'draft', exact: false, threads: 1 },
    ]);
  });
});
