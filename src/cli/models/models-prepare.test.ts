// The target is opened as `outrider edge` opens it, once, and closed. Nothing real is opened here.

import { rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import type { OpenModelOptions } from '../../models/engines/open-model.ts';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { productCommands } from '../commands.ts';
import { createProgram } from '../program.ts';
import { writtenTo } from '../terminal/output.fixture.ts';
import { preparedSize, runPrepare } from './models.ts';

const seen = vi.hoisted(() => ({
  planned: [] as object[],
  opened: [] as object[],
  forgotten: [] as string[],
  closed: 0,
  refuses: false,
}));
vi.mock('../../models/files/acquire.ts', async (original) => ({
  ...(await original<object>()),
  acquireModel: (spec: string) => ({ sha256: `hash of ${spec}` }),
}));
vi.mock('../../models/files/cache-inventory.ts', async (original) => ({
  ...(await original<object>()),
  forgetLaws: (sha256: string) => void seen.forgotten.push(sha256),
}));
vi.mock('./model-room.ts', () => ({
  prepareModels: (openings: object[]) => {
    seen.planned.push(...openings);
  },
}));
vi.mock('../../models/engines/open-model.ts', async (original) => ({
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

const here = folderOfEach();
let printed: () => string;
beforeEach(() => {
  Object.assign(seen, { planned: [], opened: [], forgotten: [], closed: 0, refuses: false });
  writtenTo(process.stderr);
  printed = writtenTo(process.stdout);
});

describe('outrider models prepare', () => {
  it('opens the target of a pair as exact once there is room, and says what holds', async () => {
    await runPrepare({ name: 'qwen2.5-coder' });
    const target = { spec: 'qwen2.5-coder-1.5b', ...preparedSize };
    expect(seen).toMatchObject({ planned: [target], opened: [{ ...target, role: 'target', exact: true }], closed: 1 });
    expect(printed()).toBe('qwen2.5-coder-1.5b  any shape, weights not repacked\n');
    expect(seen.forgotten).toEqual([]);
  });

  it('says the same to programs, of a model as well', async () => {
    await runPrepare({ name: 'smollm2-135m', json: true });
    expect(JSON.parse(printed())).toMatchObject({
      command: 'models prepare',
      summary: { name: 'smollm2-135m', law: 'any shape', weights: 'plain', seconds: expect.any(Number) },
      params: { name: 'smollm2-135m', again: false },
    });
  });

  it('takes the path of a file, and shows no more of it than the name', async () => {
    const path = here('own.gguf');
    writeFileSync(path, 'tiny');
    await runPrepare({ name: path });
    rmSync(path);
    expect(seen.opened).toMatchObject([{ spec: path }]);
    expect(printed()).toMatch(/^own\.gguf {2}any shape/);
    await expect(runPrepare({ name: path })).rejects.toMatchObject({ code: 'model-unknown' });
  });

  it('forgets first what was found before, where it is asked to', async () => {
    await runPrepare({ name: 'default', again: true });
    expect(seen.forgotten).toEqual(['hash of smollm2-135m']);
    const before = printed().length;
    await runPrepare({ name: 'default', again: true, json: true });
    expect(JSON.parse(printed().slice(before))).toMatchObject({ params: { name: 'default', again: true } });
  });

  it('fails where exact is refused, and prints nothing', async () => {
    seen.refuses = true;
    await expect(runPrepare({ name: 'default' })).rejects.toMatchObject({ code: 'exact-refused' });
    expect(printed()).toBe('');
  });

  it('takes the size that an edge without flags takes', async () => {
    const { commands } = await createProgram([productCommands]);
    const edge = commands.find((command) => command.name() === 'edge');
    expect(edge?.opts()).toMatchObject({ sessions: preparedSize.sequences, context: preparedSize.contextLength });
  });
});
