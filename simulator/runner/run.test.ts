import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Conclusion, Experiment } from './experiment.ts';
import { runExperiment } from './run.ts';

let folder: string;
let measured: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-run-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  measured = [];
});

const options = {
  factor: { flag: '--factor <number>', help: 'a factor', number: [0, 10], default: 2 },
  count: { flag: '--count <count>', help: 'units', whole: [1, 10], default: 3 },
  atOnce: { default: 1 as number },
} as const;

interface Sum extends Conclusion {
  readonly summary: { readonly sum: number };
}

const experiment: Experiment<typeof options, readonly number[], Sum> = {
  name: 'bench multiplication',
  description: 'multiplies',
  options,
  async measure({ factor, count, atOnce }, run) {
    await run.begin({ factor });
    const units = Array.from({ length: count }, (_, index) => ({
      key: `unit ${index}`,
      measure() {
        measured.push(`${index}`);
        return factor * index;
      },
    }));
    return run.all('units', units, atOnce);
  },
  conclude: (found) => ({ rows: [], summary: { sum: found.reduce((one, other) => one + other, 0) } }),
};

describe('an experiment that is run from code', () => {
  it('fills in what is not given, and counts its units once', async () => {
    const seen: string[] = [];
    const onProgress = (stage: string, done: number, total: number): number => seen.push(`${stage} ${done}/${total}`);
    expect((await runExperiment(experiment, {}, { onProgress })).summary).toEqual({ sum: 6 });
    expect(seen).toEqual(['units 0/3', 'units 1/3', 'units 2/3', 'units 3/3']);
    expect((await runExperiment(experiment, { factor: 3, count: undefined })).summary).toEqual({ sum: 9 });
  });

  it('measures nothing again that its record holds, even if more is asked for', async () => {
    const record = join(folder, 'record.jsonl');
    await runExperiment(experiment, {}, { record });
    const text = await readFile(record, 'utf8');
    await writeFile(record, text.slice(0, -4));
    measured = [];
    expect((await runExperiment(experiment, { count: 4 }, { record })).summary).toEqual({ sum: 12 });
    expect(measured).toEqual(['2', '3']);
    await expect(runExperiment(experiment, { factor: 1 }, { record })).rejects.toThrow(/other settings \(factor\)/);
  });

  it('keeps the order of units that are measured at the same time', async () => {
    expect((await runExperiment(experiment, { atOnce: 2, count: 5 })).summary).toEqual({ sum: 20 });
    expect(measured).toEqual(['0', '1', '2', '3', '4']);
  });

  it('ends between two units when it is interrupted, and says where the others are', async () => {
    const record = join(folder, 'interrupted.jsonl');
    const controller = new AbortController();
    const onProgress = (_: string, done: number): void => {
      if (done === 2) controller.abort();
    };
    const stopped = runExperiment(experiment, {}, { record, onProgress, signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({
      code: 'interrupted',
      message: 'bench multiplication was stopped after 2 measured units',
      remedy: expect.stringContaining(record),
    });
    measured = [];
    expect((await runExperiment(experiment, {}, { record })).summary).toEqual({ sum: 6 });
    expect(measured).toEqual(['2']);
  });

  it('says that its directory has what was measured, where it has one', async () => {
    const stopped = runExperiment({ ...experiment, isShareable: true }, {}, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ remedy: expect.stringContaining('is in its directory') });
    const without = runExperiment(experiment, {}, { signal: AbortSignal.abort() });
    await expect(without).rejects.toMatchObject({ remedy: 'Nothing was kept.' });
  });

  it('starts no unit after one that failed', async () => {
    const failing: typeof experiment = {
      ...experiment,
      measure: (_, run) =>
        run.all(
          'units',
          [0, 1, 2, 3].map((index) => ({
            key: `${index}`,
            async measure(): Promise<number> {
              measured.push(`${index}`);
              await new Promise((resolve) => setTimeout(resolve, 1));
              if (index === 0) throw new Error('no luck');
              return index;
            },
          })),
          2,
        ),
    };
    await expect(runExperiment(failing)).rejects.toThrow('no luck');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(measured).toEqual(['0', '1']);
  });
});
