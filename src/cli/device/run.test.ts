// What `run` does before its two processes start.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import { writtenTo } from '../terminal/output.fixture.ts';
import { hideWaiting } from '../terminal/waiting-line.ts';
import { runCommand } from './run.ts';

const calls = vi.hoisted(() => ({ openings: [] as unknown[], edgesStarted: 0, hasRoom: false }));
vi.mock('../models/model-room.ts', () => ({
  prepareModels: (openings: unknown[]) => {
    calls.openings = openings;
    if (calls.hasRoom) return Promise.resolve();
    return Promise.reject(new OutriderError('memory-full', 'too little', 'take less'));
  },
  demandFittingDraft: () => Promise.resolve(),
}));
vi.mock('../children/edge-process.ts', () => ({
  startEdgeProcess: () => {
    calls.edgesStarted++;
    return Promise.reject(new Error('not here'));
  },
}));

const runWith = (...words: string[]) =>
  runCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(['--prompt', 'hello', ...words], { from: 'user' });
const specs = () => calls.openings.map((opening) => (opening as { spec: string }).spec);

beforeEach(() => {
  calls.openings = [];
  calls.edgesStarted = 0;
  calls.hasRoom = false;
});

describe('a run', () => {
  it('starts nothing where the models do not fit into memory', async () => {
    await expect(runWith('--mode', 'mix')).rejects.toMatchObject({ code: 'memory-full' });
    expect(calls.edgesStarted).toBe(0);
    expect(specs()).toEqual(['smollm2-135m', 'smollm2-135m-coarse', 'smollm2-135m-coarse']);
  });

  it('takes the models of a pair, and what replaces one', async () => {
    await expect(runWith('--pair', 'qwen2.5-coder')).rejects.toThrow();
    expect(specs()).toEqual(['qwen2.5-coder-1.5b', 'qwen2.5-coder-0.5b']);
    await expect(runWith('--pair', 'qwen2.5-coder', '--model', './a.gguf', '--draft', 'ngram')).rejects.toThrow();
    expect(specs()).toEqual(['./a.gguf', 'ngram']);
  });

  it('hands the context on as it was asked for', async () => {
    await expect(runWith('--context', '4096')).rejects.toThrow();
    expect(calls.openings[0]).toEqual({ spec: 'smollm2-135m', sequences: 2, contextLength: 4096 });
    await expect(runWith('--context', 'many')).rejects.toThrow();
  });

  it('says on a terminal that it is starting, while its edge starts', async () => {
    calls.hasRoom = true;
    const terminal = process.stderr.isTTY;
    vi.stubEnv('TERM', 'xterm');
    const said = writtenTo(process.stderr);
    process.stderr.isTTY = true;
    try {
      await expect(runWith()).rejects.toThrow('not here');
      expect(calls.edgesStarted).toBe(1);
      expect(said()).toContain('starting ...');
    } finally {
      hideWaiting();
      process.stderr.isTTY = terminal;
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    }
  });
});
