// The commands that open models open those of the pair that they are given. Nothing is opened here: each stops at the first attempt.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { namesOf } from '../src/cli/options/pair-options.ts';
import { createCloneProgram } from './clone-program.ts';

const opened = vi.hoisted(() => ({ models: [] as string[], drafts: [] as string[] }));
const stop = vi.hoisted(() => (): never => {
  throw new Error('stopped here');
});
vi.mock('../src/cli/device/open-device.ts', async (original) => ({
  ...(await original<object>()),
  openCommandDevice: (_url: string, target: string, flags: { draft: string }) => {
    opened.models.push(target, flags.draft);
    return stop();
  },
}));
vi.mock('../src/models/engines/open-model.ts', async (original) => ({
  ...(await original<object>()),
  openModel: (spec: string, { role }: { role: string }) => {
    opened.models.push(spec);
    if (role === 'draft') opened.drafts.push(spec);
    return stop();
  },
}));
vi.mock('../laboratory/experiments/engine/engine.ts', async (original) => {
  const { engineExperiment } = await original<typeof import('../laboratory/experiments/engine/engine.ts')>();
  const measure: typeof engineExperiment.measure = (options) => {
    const { target, draft } = namesOf(options);
    opened.models.push(target, draft);
    return stop();
  };
  return { engineExperiment: { ...engineExperiment, measure } };
});
vi.mock('../src/models/files/acquire.ts', async (original) => ({
  ...(await original<object>()),
  acquireModel: (name: string) => {
    opened.models.push(name);
    return { path: name };
  },
}));
vi.mock('../src/models/gguf/pair-check.ts', () => ({ checkPair: stop }));

// Loads all modules before the first test.
await createCloneProgram();

async function modelsOf(...words: string[]): Promise<string[]> {
  const program = await createCloneProgram();
  await expect(program.parseAsync(words, { from: 'user' })).rejects.toThrow('stopped here');
  return opened.models;
}

beforeEach(() => {
  opened.models = [];
  opened.drafts = [];
});

const qwen = ['qwen2.5-coder-1.5b', 'qwen2.5-coder-0.5b'];
const pair = ['--pair', 'qwen2.5-coder'];

describe('a pair', () => {
  it.each([
    [['device', '--prompt', 'hello'], '--target'],
    [['bench', 'engine'], '--model'],
    [['draft', 'check'], '--target'],
  ])('gives %j both models, and each may be replaced', async (words, targetFlag) => {
    expect(await modelsOf(...words, ...pair)).toEqual(qwen);
    opened.models = [];
    expect(await modelsOf(...words)).toEqual(['smollm2-135m', 'smollm2-135m-coarse']);
    opened.models = [];
    expect(await modelsOf(...words, ...pair, targetFlag, 'one', '--draft', 'other')).toEqual(['one', 'other']);
  });

  it('gives an edge its target; a draft only where it is named', async () => {
    expect(await modelsOf('edge', ...pair)).toEqual(['qwen2.5-coder-1.5b']);
    opened.models = [];
    expect(await modelsOf('edge', ...pair, '--model', 'toy:1')).toEqual(['toy:1']);
    expect(opened.drafts).toEqual([]);
  });
});
