// The target is opened as `outrider run` opens it, once, and closed. Nothing real is opened here.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { OutriderError } from '../basics/errors.ts';
import type { OpenModelOptions } from '../models/open-model.ts';
import { createToyModel } from '../models/toy.ts';
import { preparedSize, runPrepare } from './models-prepare.ts';
import { createProgram } from './program.ts';
import { edgeFlagsOf, type RunFlags } from './run-plan.ts';

const seen = vi.hoisted(() => ({ planned: [] as object[], opened: [] as object[], closed: 0, refuses: false }));
vi.mock('./model-room.ts', () => ({
  prepareModels: (openings: object[]) => {
    seen.planned.push(...openings);
  },
}));
vi.mock('../models/open-model.ts', async (original) => ({
  ...(await original<object>()),
  openModel: (spec: string, { onLawProgress, ...options }: OpenModelOptions) => {
    seen.opened.push({ spec, ...options });
    onLawProgress?.('any shape', 0, 3);
    if (seen.refuses) throw new OutriderError('exact-refused', 'exact is refused', 'Start the edge with --fast.');
    const close = async (): Promise<void> => {
      seen.closed += 1;
    };
    const exactness = { weights: 'plain', costs: [], comparisons: 468 };
    return { ...createToyModel({ seed: 1, role: 'target' }), exactness, close, [Symbol.asyncDispose]: close };
  },
}));

let printed = '';
beforeEach(() => {
  Object.assign(seen, { planned: [], opened: [], closed: 0, refuses: false });
  printed = '';
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

describe('outrider models prepare', () => {
  it('opens the target of a pair as exact once there is room, and says what holds', async () => {
    await runPrepare('qwen2.5-coder', {});
    const target = { spec: 'qwen2.5-coder-1.5b', ...preparedSize };
    expect(seen).toMatchObject({ planned: [target], opened: [{ ...target, role: 'target', exact: true }], closed: 1 });
    expect(printed).toBe('qwen2.5-coder-1.5b  any shape, weights as in the file\n');
  });

  it('says the same to programs, of a model as well', async () => {
    await runPrepare('smollm2-135m', { json: true });
    expect(JSON.parse(printed)).toMatchObject({
      command: 'models prepare',
      summary: { name: 'smollm2-135m', law: 'any shape', weights: 'plain', seconds: expect.any(Number) },
    });
  });

  it('fails where exact is refused, and prints nothing', async () => {
    seen.refuses = true;
    await expect(runPrepare('default', {})).rejects.toMatchObject({ code: 'exact-refused' });
    expect(printed).toBe('');
  });

  it('takes the size that a run without flags takes', () => {
    const run = createProgram().commands.find((command) => command.name() === 'run');
    const { context, mode, window, lookUp } = (run?.opts() ?? {}) as RunFlags;
    const flags = edgeFlagsOf({ model: 'x', draft: 'y', unpaced: true, context, mode, window, lookUp } as RunFlags);
    expect(flags.join(' ')).toContain(`--sessions ${preparedSize.sequences} --context ${preparedSize.contextLength} `);
  });
});
