// That a request for a graphics processor reaches llama.cpp, with node-llama-cpp replaced: no test needs such a processor.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import { gpuChoiceOf, type LlamaEngine, startLlamaEngine } from './llama-engine.ts';
import { remembersLaws } from './llama-recipe.ts';
import { openModel } from './open-model.ts';
import { writeSmallModel } from './small-model.fixture.ts';

const fake = vi.hoisted(() => ({ asked: [] as unknown[], has: 'cuda' as string | false, loaded: 0 }));
vi.mock('node-llama-cpp', () => ({
  LlamaLogLevel: { error: 'error' },
  getModuleVersion: () => Promise.resolve('0.0.0'),
  getLlama: ({ gpu }: { gpu: unknown }) => {
    fake.asked.push(gpu);
    if (gpu === 'vulkan') return Promise.reject(new Error('NoBinaryFoundError\nand more lines'));
    return Promise.resolve({
      gpu: gpu === false ? false : fake.has,
      getGpuDeviceNames: () => Promise.resolve(['a card']),
      llamaCppRelease: { release: 'b0' },
      buildType: 'prebuilt',
      systemInfo: 'features',
      cpuMathCores: 4,
      loadModel: () => {
        fake.loaded += 1;
        return Promise.reject(new Error('stop here'));
      },
    });
  },
}));

const here = folderOfEach();
beforeEach(() => {
  fake.asked = [];
  fake.has = 'cuda';
});

const size = { sequences: 2, contextLength: 64, exact: true } as const;

describe('a request for a graphics processor', () => {
  it('goes to the engine as it was made, and is off without one', async () => {
    expect((await startLlamaEngine('cuda')).backend).toBe('cuda, a card');
    expect((await startLlamaEngine('off')).backend).toBe('cpu, features');
    expect(fake.asked).toEqual(['cuda', false]);
    expect([undefined, false, true, 'metal' as const].map(gpuChoiceOf)).toEqual(['off', 'off', 'auto', 'metal']);
  });

  it('goes through openModel', async () => {
    const path = here('small.gguf');
    await writeSmallModel(path, { positions: 256 });
    const opened = openModel(path, { role: 'target', ...size, gpu: 'auto' });
    await expect(opened).rejects.toMatchObject({ name: 'OutriderError' });
    expect(fake.asked).toContain('auto');
    const unknown = openModel('toy:1', { role: 'target', ...size, gpu: 'rocm' as 'cuda' });
    await expect(unknown).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it.each([
    ['vulkan', 'cuda'],
    ['metal', false],
  ] as const)('that this machine does not have (%s) is one line of cause and one of remedy', async (gpu, has) => {
    fake.has = has;
    const error = await startLlamaEngine(gpu).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'engine-missing', message: expect.stringMatching(`can't use ${gpu}`) });
    const { message, remedy } = error as { message: string; remedy: string };
    expect(`${message}${remedy}`).not.toContain('\n');
    expect(remedy).toMatch(/setup\.mjs --gpu .*leave --gpu out/);
  });
});

describe('a law for exact text', () => {
  const parts = (gpu: LlamaEngine['llama']['gpu'], backend: string) => {
    const engine = { version: 'v', build: 'prebuilt', backend, repacking: null, llama: { gpu } };
    return { engine, sha256: 'aa', threads: 1 };
  };

  it('is remembered for the processor only', () => {
    expect(remembersLaws(parts(false, 'cpu, features'))).toBe(true);
    expect(remembersLaws(parts('cuda', 'cuda, a card'))).toBe(false);
  });
});

describe('sequences', () => {
  it('beyond what llama.cpp holds are refused before anything is loaded', async () => {
    const { loaded } = fake;
    const opened = openModel('package.json', { role: 'target', ...size, sequences: 300 });
    await expect(opened).rejects.toMatchObject({ code: 'bad-argument', message: expect.stringMatching(/at most 256/) });
    expect(fake.loaded).toBe(loaded);
  });
});
