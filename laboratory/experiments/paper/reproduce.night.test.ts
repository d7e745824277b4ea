import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvOf } from '../../../simulator/files/csv.ts';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { figureNames, reproduction } from './reproduce.ts';
import { type Size, sizes } from './sizes.ts';

/** Smaller than smoke: all of it in seconds. */
const tiny: Size = {
  ...sizes.smoke,
  name: 'tiny',
  seedCount: 2,
  deviceCounts: [6],
  serverCounts: [2],
  answerCount: 1,
  answerTokens: 16,
  gammas: [1, 4],
  uplinksMbps: [20, 200],
  acceptances: [0.9],
  region: { acceptances: [0.9], ratios: [4], traces: ['coarse-greedy'] },
  textTokens: 16,
};

let folder = '';
let directory = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-reproduce-'));
  directory = join(folder, 'all');
});
afterAll(() => rm(folder, { recursive: true }));

interface Changes {
  readonly figures?: readonly string[];
  readonly size?: Size;
  readonly out?: string;
  readonly pictures?: boolean;
  readonly policies?: readonly string[];
}

const run = ({ figures = figureNames, ...changes }: Changes = {}) => {
  const given = { size: tiny, out: directory, traces: null, ...changes };
  return runExperiment(
    reproduction('all', '', () => figures),
    given,
  );
};

describe('outrider reproduce', () => {
  it('leaves data, pictures and pages, and a summary with every claim', { timeout: 240_000 }, async () => {
    const { rows, summary } = await run();
    const names = await readdir(directory);
    for (const figure of figureNames) {
      for (const ending of ['json', 'csv', 'md', 'progress.jsonl']) expect(names).toContain(`${figure}.${ending}`);
    }
    const pictures = names.filter((name) => name.endsWith('.svg'));
    expect(pictures.length).toBeGreaterThanOrEqual(7);
    for (const svg of pictures) {
      expect(/NaN|Infinity/.test(await readFile(join(directory, svg), 'utf8')), svg).toBe(false);
      const { size } = await stat(join(directory, svg.replace('.svg', '.png')));
      expect(size).toBeGreaterThan(10_000);
    }
    for (const name of [
      'bestReductionMean',
      'bestReductionMost',
      'weightEnergy',
      'bestWindowCode',
      'uplinkGains',
      'changedTexts',
    ]) {
      for (const part of ['Claimed', 'Measured', 'Low', 'High', 'Holds']) expect(summary).toHaveProperty(name + part);
    }
    expect(summary).toMatchObject({
      bestReductionMeanClaimed: 0.237,
      changedTextsMeasured: 0,
      changedTextsHolds: true,
      changedTextsVerdict: 'holds',
      tokenBiasPaperRuleVerdict: 'does not hold',
      tokenBiasSharedNoiseVerdict: 'holds',
    });
    expect(summary).toHaveProperty('bestReductionMeanSerialMeasured');
    expect(summary).toHaveProperty('bestReductionMeanIdsQueuedMeasured');
    const [first] = rows;
    for (const row of rows) expect(Object.keys(row)).toEqual(Object.keys(first as object));
    const page = await readFile(join(directory, 'all.md'), 'utf8');
    expect(page).toMatch(/## Fig. 2[\s\S]*## Fig. 2 by region[\s\S]*## Fig. 5[\s\S]*## Fig. 6[\s\S]*## Accuracy/);
    expect(/NaN|undefined/.test(page)).toBe(false);
  });

  it("takes anyone's own policy into every figure of slots", { timeout: 120_000 }, async () => {
    const out = join(folder, 'own');
    const policies = ['examples/my-policy.ts'];
    const { summary } = await run({ figures: ['fig5', 'fig6'], pictures: false, out, policies });
    expect(summary).toHaveProperty('examplesMyPolicyTsReductionMeanMeasured');
    for (const name of ['fig5', 'fig6']) {
      expect(await readFile(join(out, `${name}.csv`), 'utf8'), name).toContain('examples/my-policy.ts');
    }
  });

  it('does not measure again what is there, and concludes the same', async () => {
    const before = await readFile(join(directory, 'fig5.progress.jsonl'), 'utf8');
    const again = await run({ figures: ['fig5'], pictures: false });
    expect(await readFile(join(directory, 'fig5.progress.jsonl'), 'utf8')).toBe(before);
    expect(again.summary['claims']).toBeGreaterThan(0);
  });

  it('resumes where it was interrupted, to the same rows', async () => {
    const path = join(directory, 'fig6.progress.jsonl');
    const data = await readFile(join(directory, 'fig6.csv'), 'utf8');
    const lines = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${lines.slice(0, 2).join('\n')}\n{"key":"seed 2","fo`);
    await run({ figures: ['fig6'], pictures: false });
    expect(await readFile(join(directory, 'fig6.csv'), 'utf8')).toBe(data);
  });

  it('refuses a directory of another run, and one that is a file', { timeout: 60_000 }, async () => {
    const other = run({ size: { ...tiny, seedCount: 3 }, figures: ['fig5'], pictures: false });
    await expect(other).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/other settings \(seeds\)/),
      remedy: expect.stringMatching(/another file, directory/),
    });
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(run({ out: file })).rejects.toMatchObject({ code: 'bad-argument' });
  });
});

describe('comma-separated data', () => {
  it('quotes what needs it', () => {
    expect(csvOf([{ a: 'x, "y"', b: null, c: 1.5 }])).toBe('a,b,c\n"x, ""y""",,1.5\n');
  });
});
