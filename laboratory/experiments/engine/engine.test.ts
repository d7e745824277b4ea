import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { helloOf, serveRows } from '../../../src/models/engines/remote/rows-server.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { engineExperiment } from './engine.ts';
import { enginesIn, shortNames } from './engine-subjects.ts';

describe('bench engine', () => {
  it('measures every case of target and draft, and sums them up with units', async () => {
    const seen: [number, number][] = [];
    const onProgress = (_: string, done: number, total: number): number => seen.push([done, total]);
    const options = { target: 'toy:1', draft: 'toy:1:0.5', repeats: 3, hostSteps: 0 };
    const result = await runExperiment(engineExperiment, options, { onProgress });
    const cases = ['step1', 'step2', 'step4', 'step8', 'step16', 'step1Unread', 'step16Unread', 'prefill'];
    const targetCases = [...cases, 'batch4x1', 'batch4x4'].flatMap((name) => [name, `${name}Native`]);
    expect(result.rows.map((row) => row.case)).toEqual([
      ...targetCases,
      'draft',
      'draftBeside1',
      'draftBeside3',
      'draftBesideCopy',
    ]);
    expect(seen.at(-1)).toEqual([120, 120]);
    for (const row of result.rows) {
      expect(row.medianMs).toBeGreaterThanOrEqual(row.p10Ms);
      expect(row.p90Ms).toBeGreaterThanOrEqual(row.medianMs);
    }
    expect(Object.keys(result.summary)).toContain('prefillTokensPerSecond');
    const { law, weights, hostMsPerStep, ...figures } = result.summary as Record<string, unknown>;
    expect([law, weights, hostMsPerStep]).toEqual(['any shape', null, null]);
    expect(Object.values(figures).every((value) => typeof value === 'number')).toBe(true);
    const costs = ['1', '2', '4', '8', 'Prefill', 'Batch4x1'].map((which) => `exactCost${which}`);
    expect(Object.keys(figures)).toEqual(expect.arrayContaining([...costs, 'nativeStepMs1', 'stepMs8', 'speedRatio']));
    const { stepMs4, nativeStepMs4, exactCost4 } = figures as Record<string, number>;
    const { alternativeCost1, draftMs } = figures as Record<string, number>;
    const beside = result.rows.find((row) => row.case === 'draftBeside1')?.medianMs as number;
    expect(alternativeCost1).toBeCloseTo(beside / (draftMs as number) - 1, 2);
    expect(exactCost4).toBeCloseTo((stepMs4 as number) / (nativeStepMs4 as number), 2);
    expect(result.params).toMatchObject({ model: 'toy:1', repeats: 3, engine: expect.stringContaining('toy target') });
  });

  it('works without a draft', async () => {
    const { summary } = await runExperiment(engineExperiment, {
      target: 'toy:1',
      draft: 'none',
      repeats: 1,
      hostSteps: 0,
    });
    expect(summary).not.toHaveProperty('draftMs');
    expect(summary).not.toHaveProperty('alternativeCost1');
  });

  it('holds a target that is not exact against nothing', async () => {
    const { rows, summary } = await runExperiment(engineExperiment, {
      target: 'toy:1',
      draft: 'none',
      repeats: 1,
      fast: true,
      hostSteps: 0,
    });
    expect(rows.filter((row) => row.case.endsWith('Native'))).toEqual([]);
    expect(summary).toMatchObject({ law: null, weights: null });
    expect(summary).not.toHaveProperty('exactCost1');
  });

  it('measures engines side by side, and leaves out by name what is not here', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
    const path = join(folder, 'rows.sock');
    const toy = createToyModel({ seed: 1, role: 'target', sequences: 4, contextLength: 800 });
    const served = {
      address: { kind: 'unix', path },
      hello: helloOf(toy, { engine: 'toy', device: 'cpu', tokenizerFormat: 'gguf' }),
    } as const;
    const server = await serveRows(toy, served);
    const notes: string[] = [];
    const options = { target: 'toy:1', draft: 'none', repeats: 1, hostSteps: 0, fast: true };
    const engine = ['llama', `unix:${join(folder, 'none.sock')}`, `unix:${path}`];
    const seen: [number, number][] = [];
    const { rows, summary, params } = await runExperiment(
      engineExperiment,
      { ...options, engine },
      { onNote: (text) => notes.push(text), onProgress: (_, done, total) => seen.push([done, total]) },
    );
    await server.close();
    rmSync(folder, { recursive: true });
    expect(rows.map((row) => row.case).slice(0, 4)).toEqual(['step1', 'step1@unix2', 'step2', 'step2@unix2']);
    expect(summary).toMatchObject({ law: null, unix2_law: null, unix_leftOut: 'engine-lost' });
    const { stepMs4, unix2_stepMs4, unix2_over_llama_4 } = summary as Record<string, number>;
    expect(unix2_over_llama_4).toBeCloseTo((unix2_stepMs4 as number) / (stepMs4 as number), 2);
    expect(notes.join('\n')).toMatch(/left out: unix \(nothing listens/);
    expect(params).toMatchObject({ engineNames: ['llama', 'unix:none.sock', 'unix:rows.sock'] });
    expect(seen.at(-1)).toEqual([60, 60]);
  });

  it('fails where no engine is here, and takes each once', async () => {
    const nowhere = { target: 'toy:1', draft: 'none', hostSteps: 0, engine: ['unix:/none/rows.sock'] };
    await expect(runExperiment(engineExperiment, nowhere)).rejects.toMatchObject({ code: 'engine-lost' });
    expect(() => enginesIn('ik,ik')).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => enginesIn('llama,tcp:box:1')).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
    expect(enginesIn('llama, ik')).toEqual(['llama', 'ik']);
    expect(shortNames(['unix:a', 'ik', 'unix:b'])).toEqual(['unix', 'ik', 'unix2']);
  });
});
