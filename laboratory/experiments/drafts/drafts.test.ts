// The parts of the bench of drafts that need no model file: times per token from a trace, which traces go together, the figure.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPromptFiles } from '../../../simulator/files/prompt-files.ts';
import { writeFigure } from '../../../simulator/files/render-figure.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import { defaultEdgeProfile, findProfile } from '../../../src/models/port/profiles.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { measureCosts } from './cost.ts';
import { draftsFigure } from './page.ts';
import { type DraftRow, type LatencyCase, playCase } from './rows.ts';
import { type DraftTraces, readTraces, recordTraces } from './traces.ts';

const shape = { sequences: 2, contextLength: 2048, vocabularySize: 2048 };
const settings = { tokens: 48, modelLicence: 'none' };
let directory: string;
let traces: DraftTraces;
let sessions: readonly TraceReplay[];

function openToys(agreement: number) {
  const target = createToyModel({ seed: 4, role: 'target', ...shape });
  return { target, draft: createToyModel({ seed: 4, role: 'draft', agreement, ...shape }) };
}

async function promptsFile(name: string, count: number): Promise<string> {
  const path = join(directory, name);
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ id: `${name}/${index}`, task: `task ${index % 2}`, prompt: ` ba be bi ${index}` }),
  );
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outrider-bench-drafts-'));
  const { target, draft } = openToys(0.8);
  const prompts = readPromptFiles([await promptsFile('one', 6), await promptsFile('two', 6)], { first: 4, others: 2 });
  expect(prompts.prompts.map(({ id }) => id)).toEqual(['one/0', 'one/1', 'one/2', 'one/3', 'two/0', 'two/1']);
  traces = await recordTraces(target, draft, prompts, { directory, ...settings });
  sessions = traces.greedy.sessions.map((session) => new TraceReplay(traces.greedy.header, session));
});
afterAll(() => rm(directory, { recursive: true }));

function play(changes: Partial<LatencyCase>): ReturnType<typeof playCase> {
  const profile = findProfile('reference');
  return playCase(sessions, { mode: 'stream', roundTripMs: 10, profile, lookUp: 'none', draftMs: 8, ...changes });
}

describe('times per token from a trace', () => {
  it('take a step for each token of the edge alone, and less with drafts', () => {
    const alone = play({ mode: 'ar' });
    expect(alone.msPerToken).toBeGreaterThan(38);
    expect(alone.msPerToken).toBeLessThan(43);
    expect(alone.acceptance).toBeNull();
    const near = play({});
    const far = play({ roundTripMs: 60 });
    expect(near.msPerToken).toBeLessThan(0.75 * alone.msPerToken);
    expect(far.msPerToken).toBeGreaterThan(near.msPerToken);
    expect(near.acceptance).toBeGreaterThan(0.6);
    expect(play({ draftMs: 30 }).msPerToken).toBeGreaterThan(near.msPerToken);
  });

  it('have the best window in modes that have windows', () => {
    const found = play({ mode: 'sd' });
    expect(found.window).toBeGreaterThan(0);
    expect(play({ mode: 'stream' }).window).toBe(0);
    expect(found.msPerToken).toBeGreaterThan(play({ mode: 'stream' }).msPerToken);
  });

  it('are the same every time', () => {
    expect(play({ lookUp: 'both' })).toEqual(play({ lookUp: 'both' }));
  });
});

describe('traces', () => {
  it('are kept, and known by their draft', async () => {
    const { target, draft } = openToys(0.8);
    const prompts = readPromptFiles([join(directory, 'one'), join(directory, 'two')], { first: 4, others: 2 });
    const broken = { ...draft, evaluate: () => Promise.reject(new Error('recorded again')) };
    expect(await recordTraces(target, broken, prompts, { directory, ...settings })).toEqual(traces);
    const other = await recordTraces(target, openToys(0.3).draft, prompts, { directory, ...settings });
    expect(other.greedy).not.toEqual(traces.greedy);
  });

  it('are refused without their counterpart', async () => {
    const { writeTrace } = await import('../../../simulator/traces/trace-file.ts');
    const [greedy, sampled] = [join(directory, 'greedy.trace'), join(directory, 'sampled.trace')];
    await writeFile(greedy, writeTrace(traces.greedy));
    await writeFile(sampled, writeTrace(traces.sampled as Trace));
    expect([...readTraces([greedy, sampled]).keys()]).toEqual([traces.greedy.header.draft.name]);
    expect(readTraces([greedy]).get(traces.greedy.header.draft.name)?.sampled).toBeUndefined();
    expect(() => readTraces([sampled])).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('cost', () => {
  it('is the ratio of steps that leave no trace', async () => {
    const { target, draft } = openToys(0.8);
    const reported: number[] = [];
    const costs = await measureCosts(target, [draft, openToys(0.3).draft], 9, (done) => reported.push(done));
    expect(costs.length).toBe(2);
    expect(reported.at(-1)).toBe(9);
    for (const cost of costs) {
      expect(cost.costRatio).toBeCloseTo(cost.draftMs / cost.targetMs);
      expect(cost.draftMs).toBeGreaterThan(0);
    }
    expect(target.openSequence().length).toBe(0);
  });
});

describe('the figure', () => {
  const row = (layers: number, roundTripMs: number): DraftRow =>
    ({
      draft: `d${layers}`,
      layers,
      fileMB: 40,
      acceptanceGreedy: 0.01 * layers + 0.4,
      acceptanceSampled: 0.5,
      costRatio: layers / 30,
      task: 'all',
      sessions: 9,
      profile: defaultEdgeProfile.name,
      roundTripMs,
      mode: 'stream',
      window: 0,
      lookUp: 'both',
      msPerToken: 30,
      overAr: 0.7 - layers / 100,
      acceptance: 0.6,
      draftsPerToken: 2,
      rowsPerToken: 2,
    }) as DraftRow;
  const rows = [row(12, 10), row(12, 60), row(20, 10), row(20, 60)];

  it('names every draft once and both networks', async () => {
    const file = join(directory, 'front.svg');
    await writeFigure(draftsFigure(rows), file);
    const svg = await readFile(file, 'utf8');
    for (const text of ['12 layers, 52 % right', '20 layers, 60 % right', '10 ms', '60 ms'])
      expect(svg).toContain(text);
    expect(svg.split('12 layers').length).toBe(2);
    expect((await readFile(file.replace('.svg', '.png'))).subarray(1, 4).toString()).toBe('PNG');
  });

  it('needs a draft', () => {
    expect(() => draftsFigure([])).toThrow('no draft can be drawn');
  });
});
