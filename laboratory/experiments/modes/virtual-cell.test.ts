import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { WorkerPool } from '../../../simulator/runner/worker-pool.ts';
import { madeUpHeader } from '../../../simulator/traces/trace.fixture.ts';
import { TraceSessionBuilder } from '../../../simulator/traces/trace.ts';
import { writeTrace } from '../../../simulator/traces/trace-file.ts';
import type { RowPrice } from './metrics.ts';
import { modesExperiment } from './modes.ts';
import { longestWindow, measureCell, searchGammas, type VirtualCell, type VirtualSettings } from './virtual-cell.ts';
import { modesWork } from './virtual-clock.ts';

const settings: VirtualSettings = {
  firstSeed: 1,
  seedCount: 3,
  tokens: 60,
  maxAhead: 24,
  minChainConfidence: 0,
  triesAllGammas: false,
};

function cell(mode: VirtualCell['mode'], roundTripMs = 10, givenAcceptance = 0.8): VirtualCell {
  return { mode, givenAcceptance, roundTripMs, step: { fixedMs: 40, perRowMs: 0.4 } };
}

describe('searchGammas', () => {
  it.each([1, 2, 5, 7, 14, 27, 39, 55, 64])('finds the best window %i of a valley', (best) => {
    const found = searchGammas((gamma) => Math.abs(Math.log(gamma / best)));
    expect(found[0]).toBe(best);
    expect(found).toHaveLength(3);
  });

  it('asks for no window outside 1 to 64, and for none twice', () => {
    const asked: number[] = [];
    searchGammas((gamma) => {
      asked.push(gamma);
      return (gamma - 20) ** 2;
    });
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...asked)).toBeLessThanOrEqual(longestWindow);
    expect(new Set(asked).size).toBe(asked.length);
  });
});

/** Six answers of 40 tokens: every fifth draft is unsure and wrong, and its runner-up right. */
function writeTraceFile(path: string, hasRunnerUps = true): void {
  const answer = Array.from({ length: 40 }, (_, index) => 100 + index);
  const sessions = Array.from({ length: 6 }, (_, number) => {
    const builder = new TraceSessionBuilder();
    for (const [position, token] of answer.entries()) {
      if (position % 5 < 4) builder.addRight(64_000, { token: 9, units: 100 });
      else {
        const runnerUp = { token, units: 30_000 };
        builder.addWrong(
          [7, 6, 5].map((wrong, depth) => ({ token: wrong, units: 20_000, runnerUp: depth === 0 ? runnerUp : null })),
        );
      }
    }
    return builder.build({ id: `${number}`, task: 'a', prompt: [5, 6], answer });
  });
  writeFileSync(path, writeTrace({ header: madeUpHeader({ hasRunnerUps, answerTokens: 40 }), sessions }));
}

describe('drafts with confidence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-modes-'));
  const trace = join(folder, 'made-up.trace');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('let hedges bring more than drafts that are all alike', () => {
    const more = { ...settings, tokens: 300, seedCount: 6 };
    const ratio = (drafts: string): number => {
      const [hedged, plain] = (['stream-hedged', 'stream'] as const).map(
        (mode) => measureCell(cell(mode), { ...more, drafts }).msPerToken as number,
      );
      return (hedged as number) / (plain as number);
    };
    expect(ratio('classes')).toBeLessThan(0.96);
    expect(ratio('classes')).toBeLessThan(ratio('alike'));
  });

  it('take less time where the edge hedges its own, with few hedges or many, and the rows without hedges stay', () => {
    const own = { ...settings, tokens: 300, seedCount: 6 };
    const [hedged, plain] = [measureCell(cell('mix-hedged'), own), measureCell(cell('mix'), own)];
    expect(hedged.msPerToken).toBeLessThan(0.98 * (plain.msPerToken as number));
    expect([3, 24]).toContain(hedged.bestHedges);
    expect(plain).not.toHaveProperty('bestHedges');
    const windowed = measureCell(cell('edge-ssd'), { ...settings, tokens: 40, seedCount: 1 });
    expect(windowed.bestGamma).toBeGreaterThan(0);
    expect([3, 24]).toContain(windowed.bestHedges);
  });

  it('come from a trace, whose sessions the seeds share out among them', () => {
    writeTraceFile(trace);
    const own = { ...settings, tokens: 400, drafts: trace };
    const at = (mode: VirtualCell['mode']) => measureCell({ ...cell(mode), givenAcceptance: null }, own);
    const [hedged, plain] = [at('stream-hedged'), at('stream')];
    expect(hedged).toMatchObject({ givenAcceptance: null, runs: 3 });
    expect(hedged.bestHedges).toBeGreaterThan(0);
    expect(plain.acceptance).toBeCloseTo(0.8, 1);
    expect(hedged.msPerToken).toBeLessThan(0.95 * (plain.msPerToken as number));
    expect(at('psd').bestGamma).toBeGreaterThan(0);
  });

  it('end windows where their confidence is too low, if it is not the same everywhere', () => {
    writeTraceFile(trace, false);
    const at = (mode: VirtualCell['mode']) =>
      measureCell({ ...cell(mode, 60), givenAcceptance: null }, { ...settings, drafts: trace });
    const ended = at('pipesd');
    // Each fifth draft is wrong, and as unsure as only they are.
    expect(ended.bestThresholds).toBeDefined();
    expect(ended.msPerToken).toBeLessThan(at('psd-windows').msPerToken as number);
  }, 60_000);

  it('are windows like others where confidences say nothing', async () => {
    const alike = runExperiment(modesExperiment, { modes: ['pipesd'] });
    await expect(alike).rejects.toThrow('pipesd is psd-windows');
  });

  it('are refused where a trace can not show them', async () => {
    const run = (changes: object): Promise<unknown> =>
      runExperiment(modesExperiment, { drafts: trace, seeds: 2, workers: 1, ...changes });
    writeTraceFile(trace, false);
    await expect(run({ modes: ['stream-hedged'] })).rejects.toThrow(/holds no runners-up/);
    await expect(run({ modes: ['mix-hedged'] })).rejects.toThrow(/holds no runners-up/);
    await expect(run({ modes: ['device-ssd'] })).rejects.toThrow(/holds no runners-up/);
    writeTraceFile(trace);
    await expect(run({ modes: ['stream'], seeds: 7 })).rejects.toThrow(/has 6 sessions/);
    await expect(run({ modes: ['edge-tree'] })).rejects.toThrow(/draft alike/);
    for (const mode of ['mix-hedged', 'edge-ssd', 'pipesd'] as const) {
      const onWall = runExperiment(modesExperiment, { clock: 'wall', modes: [mode] });
      await expect(onWall).rejects.toThrow(/measured in virtual time/);
    }
  });

  it('are summed up against psd and against stream without hedges', async () => {
    const modes = ['ar', 'stream', 'stream-hedged', 'psd', 'psd-lockstep', 'psd-windows'] as const;
    const { summary, rows } = await runExperiment(modesExperiment, {
      drafts: trace,
      seeds: 2,
      workers: 1,
      modes,
      roundTripsMs: [0, 10, 30, 60],
    });
    expect(rows.every((row) => row.givenAcceptance === null)).toBe(true);
    expect(summary).toMatchObject({
      streamHedgedOverArRtt10: expect.any(Number),
      streamHedgedOverPsdMean: expect.any(Number),
      streamHedgedOverPlainMean: expect.any(Number),
    });
    expect(summary['streamHedgedOverPlainWorst']).toBeLessThan(1);
  }, 60_000);
});

describe('measureCell', () => {
  it('measures the edge alone: a row, a token, a step', () => {
    const row = measureCell(cell('ar'), settings);
    expect(row).toMatchObject({
      bestGamma: null,
      acceptance: null,
      draftsPerToken: 0,
      acceptedPerStep: 0,
      rowsPerToken: 1,
    });
    // Steps take 40.4 ms, give or take 20 % each; 177 of them keep the mean within 3 %.
    expect(row.msPerToken).toBeGreaterThan(39.2);
    expect(row.msPerToken).toBeLessThan(41.6);
    // A commit of one token is 3 bytes; greeting and opening, above 2 bytes a token here, are not in it.
    expect(row.payloadBytesPerToken).toBeLessThan(3.5);
    expect(row.payloadBytesPerTokenWithOpening).toBeGreaterThan(4);
  });

  it('is quicker with a draft, and says what the draft was worth', () => {
    const alone = measureCell(cell('ar'), settings);
    const row = measureCell(cell('stream'), settings);
    expect(row.msPerToken).toBeLessThan(0.8 * (alone.msPerToken as number));
    expect(row.acceptance).toBeGreaterThan(0.65);
    expect(row.acceptance).toBeLessThan(0.95);
    expect(row.wireBytesPerToken).toBeGreaterThan(row.payloadBytesPerToken as number);
    expect(row.payloadBytesPerTokenWithOpening).toBeGreaterThan(row.payloadBytesPerToken as number);
  });

  it('gives windows their best gamma, as good as that of all 64', () => {
    const few = { ...settings, seedCount: 2, tokens: 40 };
    const searched = measureCell(cell('sd', 60), few);
    const all = measureCell(cell('sd', 60), { ...few, triesAllGammas: true });
    expect(searched.bestGamma).not.toBeNull();
    expect(searched.msPerToken).toBeLessThanOrEqual(1.05 * (all.msPerToken as number));
    expect(searched.msPerToken).toBeGreaterThanOrEqual(all.msPerToken as number);
  });

  it('knows the acceptance of a draft on the edge', () => {
    const row = measureCell(cell('edge-sd', 0, 0.65), { ...settings, tokens: 200 });
    expect(row.acceptance).toBeGreaterThan(0.57);
    expect(row.acceptance).toBeLessThan(0.73);
  });
});

describe('the rivals that are no mode of their own', () => {
  const few = { ...settings, seedCount: 2, tokens: 120 };

  it('gain from several windows in flight, the more the longer the network', () => {
    const windows = measureCell(cell('psd-windows', 60), few);
    const psd = measureCell(cell('psd', 60), few);
    expect(windows.msPerToken).toBeLessThan(0.93 * (psd.msPerToken as number));
    expect(windows).toMatchObject({ bestMachine: 'psd' });
    expect(windows.bestWindows).toBeGreaterThan(1);
    expect(psd).not.toHaveProperty('bestWindows');
  });

  it('do not feel the network beside the target; only the first token is as far away as the reader', () => {
    const near = measureCell(cell('edge-psd', 0), few);
    const far = measureCell(cell('edge-psd', 60), few);
    expect(far.msPerToken).toBe(near.msPerToken);
    expect((far.timeToFirstTokenMs as number) - (near.timeToFirstTokenMs as number)).toBeCloseTo(60, 6);
    expect(far.payloadBytesPerToken).toBeNull();
    expect(near.msPerToken).toBeLessThan(0.9 * (measureCell(cell('psd', 0), few).msPerToken as number));
  });
});

describe('drafts for the outcomes of a verification', () => {
  const few = { ...settings, tokens: 120 };

  it('are beside the target quicker than psd there, whatever the network, and about as quick as in another program', () => {
    const near = measureCell(cell('edge-ssd', 0), few);
    expect(near.msPerToken).toBeLessThan(0.85 * (measureCell(cell('edge-psd', 0), few).msPerToken as number));
    // An event model of its own takes 12.7 ms without rounds; none is below a step whose window is always there.
    expect(near.msPerToken).toBeLessThan(12.7 * 1.06);
    expect(near.msPerToken).toBeGreaterThan(40.4 / (1 / (1 - 0.8)));
    const far = measureCell(cell('edge-ssd', 60), few);
    expect(far.msPerToken).toBe(near.msPerToken);
    expect((far.timeToFirstTokenMs as number) - (near.timeToFirstTokenMs as number)).toBeCloseTo(60, 6);
    expect(far.payloadBytesPerToken).toBeNull();
  }, 60_000);

  it('need a round trip for each step where the device makes them, in which it drafts on', () => {
    const [near, far] = [0, 60].map((roundTripMs) => measureCell(cell('device-ssd', roundTripMs), few));
    const waiting = measureCell(cell('sd', 60), few).msPerToken as number;
    expect(far?.msPerToken).toBeLessThan(0.8 * waiting);
    expect(far?.msPerToken).toBeGreaterThan((near?.msPerToken as number) + 5);
    expect(far?.payloadBytesPerToken).toBeNull();
    expect((far?.timeToFirstTokenMs as number) - (near?.timeToFirstTokenMs as number)).toBeGreaterThan(0.5 * 60);
  }, 60_000);

  it('cost nothing but time where every draft is wrong, in texts shorter than a window', () => {
    const short = { ...few, tokens: 10 };
    for (const mode of ['edge-ssd', 'device-ssd', 'pipesd'] as const) {
      const row = measureCell(cell(mode, 0, 0), short);
      expect(row.acceptance ?? 0, mode).toBeLessThan(0.001);
      expect(row.msPerToken, mode).toBeLessThan(1.3 * 40.4);
    }
  }, 60_000);
});

describe('the price of a further row', () => {
  it('decides how much hedges bring, and goes into the row', () => {
    const own = { ...settings, seedCount: 4, tokens: 300, drafts: 'classes' };
    const at = (rowPrice: RowPrice) => measureCell({ ...cell('stream-hedged'), rowPrice }, own);
    const [cheap, dear, dearest] = [at('0.02'), at('0.75'), at('processor')];
    expect(cheap).toMatchObject({ rowPrice: '0.02' });
    expect(cheap.bestHedges).toBeGreaterThan(3);
    expect(cheap.msPerToken).toBeLessThan(0.95 * (dear.msPerToken as number));
    // To begin an alternative costs a core more than to continue it.
    expect(dearest.msPerToken).toBeGreaterThan(dear.msPerToken as number);
    expect(dearest.msPerToken).toBeLessThan(1.01 * (measureCell(cell('stream'), own).msPerToken as number));
  }, 60_000);

  it('is measured where a toy drafts, beside the other rows', async () => {
    const modes = ['ar', 'stream-hedged'] as const;
    const asked = { modes, acceptances: [0.8], roundTripsMs: [10, 200], seeds: 2, tokens: 40, workers: 1 } as const;
    const { rows, summary } = await runExperiment(modesExperiment, { ...asked, drafts: 'classes' });
    expect(rows.filter(({ rowPrice }) => rowPrice !== undefined).map(({ roundTripMs }) => roundTripMs)).toEqual([
      10, 10, 10, 10,
    ]);
    const price = rows.find(({ rowPrice }) => rowPrice === '0.02')?.msPerToken as number;
    const alone = rows.find(({ mode, roundTripMs }) => mode === 'ar' && roundTripMs === 10)?.msPerToken as number;
    expect(summary['streamHedgedOverArRtt10Row002']).toBeCloseTo(price / alone);
    const plain = await runExperiment(modesExperiment, { ...asked, modes: ['ar', 'stream'], drafts: 'classes' });
    expect(plain.rows.every(({ rowPrice }) => rowPrice === undefined)).toBe(true);
    expect(plain.summary).not.toHaveProperty('streamHedgedOverArRtt10Row002');
  }, 60_000);
});

describe('bench modes in virtual time', () => {
  it('computes the same rows on two threads as on one', async () => {
    const cells = [cell('ar'), cell('stream'), cell('stream', 60)];
    const few = { ...settings, seedCount: 2, tokens: 30 };
    await using two = new WorkerPool(modesWork, few, 2);
    await using one = new WorkerPool(modesWork, few, 1);
    const rows = await Promise.all([cells[0], cells[1]].map((given) => two.measure(given as VirtualCell)));
    rows.push(await two.measure(cells[2] as VirtualCell));
    expect(rows).toEqual(await Promise.all(cells.map((given) => one.measure(given))));
  });

  it('adds an edge with expensive rows, where stream gives nothing away', async () => {
    const done: number[] = [];
    const asked = { modes: ['ar', 'stream'], acceptances: [0.8], roundTripsMs: [10] } as const;
    const sizes = { seeds: 3, tokens: 60, workers: 2, sessions: [4] };
    const onProgress = (_: string, count: number): number => done.push(count);
    const result = await runExperiment(modesExperiment, { ...asked, ...sizes }, { onProgress });
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(result.rows.map(({ mode, stepPerRowMs }) => [mode, stepPerRowMs])).toEqual([
      ['ar', 0.4],
      ['stream', 0.4],
      ['ar', 36],
      ['stream', 36],
      ['ar', 0.4],
      ['stream', 0.4],
      ['stream', 0.4],
      ['stream', 0.4],
    ]);
    expect(result.rows.slice(4).map(({ sessions }) => sessions)).toEqual([4, 4, 4, 4]);
    expect(result.rows.slice(4).map(({ widthCost }) => widthCost)).toEqual([undefined, 0.02, 0.1, 0.75]);
    expect(result.summary['streamOverArRtt10']).toBeLessThan(0.8);
    expect(result.summary['streamOverArWorstExpensiveRows']).toBeLessThanOrEqual(1.03);
    expect(result.seed).toBe(1);
  });
});
