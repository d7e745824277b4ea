import { describe, expect, it } from 'vitest';
import { type ModeRow, pricedRatios, type RowMode, rowsAtGoal, summariseModes, worstOver } from './metrics.ts';

function row(
  mode: RowMode,
  roundTripMs: number,
  msPerToken: number | null,
  givenAcceptance: number | null = 0.8,
): ModeRow {
  return {
    mode,
    givenAcceptance,
    roundTripMs,
    stepFixedMs: 40,
    stepPerRowMs: 0.4,
    runs: 20,
    bestGamma: null,
    msPerToken,
    msPerTokenStandardError: 0.1,
    timeToFirstTokenMs: 41,
    acceptance: 0.8,
    draftsPerToken: 2,
    acceptedPerStep: 1,
    rowsPerToken: 1.2,
    payloadBytesPerToken: mode === 'stream' ? 6 + roundTripMs / 10 : 3,
    payloadBytesPerTokenWithOpening: 9,
    wireBytesPerToken: 100,
  };
}

const roundTripsMs = [0, 10, 30, 60];

function rowsOf(mode: RowMode, tpotsMs: readonly number[], acceptance?: number | null): ModeRow[] {
  return roundTripsMs.map((ms, index) => row(mode, ms, tpotsMs[index] as number, acceptance));
}

describe('the summary of bench modes', () => {
  const rows = [
    ...rowsOf('ar', [40, 40, 40, 40]),
    ...rowsOf('stream', [20, 20, 20, 20]),
    ...rowsOf('psd', [20, 25, 40, 50]),
    ...rowsOf('psd-lockstep', [25, 20, 40, 40]),
    ...rowsOf('psd-windows', [25, 25, 25, 50]),
    ...rowsOf('edge-sd', [16, 16, 16, 16]),
    ...rowsOf('ar', [40, 40, 40, 40], 0.3),
    ...rowsOf('stream', [39, 40, 41, 40], 0.3),
  ];

  it('counts windows that a confidence ends among the psd, and drafts for outcomes apart', () => {
    const more = [...rows, ...rowsOf('pipesd', [10, 25, 40, 50]), ...rowsOf('edge-ssd', [10, 10, 10, 10])];
    expect(summariseModes(more)).toMatchObject({
      streamOverPsdMean: (2 + 1 + 0.8 + 0.5) / 4,
      streamOverPsdOverlappedMean: (1 + 0.8 + 0.5 + 0.4) / 4,
      streamOverEdgeSsdMean: 2,
    });
    expect(summariseModes(rows)).not.toHaveProperty('streamOverEdgeSsdMean');
  });

  it('keeps rows with a price of their own apart, and gives each its ratio', () => {
    const prices = ['0.02', '0.75'] as const;
    const priced = prices.map((rowPrice, index) => ({ ...row('stream-hedged', 10, 16 + index), rowPrice }));
    const all = [...rows, ...rowsOf('stream-hedged', [19, 19, 19, 19]), ...priced];
    expect(rowsAtGoal(all).filter(({ mode }) => mode === 'stream-hedged')).toHaveLength(4);
    expect(pricedRatios([...all, ...rowsOf('device-ssd', [32, 32, 32, 32])])).toMatchObject({
      streamHedgedOverArRtt10Row002: 16 / 40,
      streamHedgedOverArRtt10Row01: Number.NaN,
      streamHedgedOverArRtt10Row075: 17 / 40,
      streamHedgedOverDeviceSsdMeanRow002: Number.NaN,
    });
    const cheap = rowsOf('stream-hedged', [16, 16, 8, 8]).map((one): ModeRow => ({ ...one, rowPrice: '0.02' }));
    const beside = [...rows, ...cheap, ...rowsOf('device-ssd', [32, 32, 32, 32])];
    expect(pricedRatios(beside)['streamHedgedOverDeviceSsdMeanRow002']).toBeCloseTo(0.375);
  });

  it('gives ratios of means, against the best psd, and the worst of all acceptances', () => {
    expect(summariseModes(rows)).toEqual({
      streamOverArWorst: 41 / 40,
      streamOverArRtt10: 0.5,
      streamOverPsdMean: (1 + 1 + 0.8 + 0.5) / 4,
      streamOverPsdOverlappedMean: (1 + 0.8 + 0.5 + 0.4) / 4,
      streamOverEdgeSdRtt10: 20 / 16,
      payloadBytesPerToken: (6 + 7 + 9 + 12) / 4,
      payloadBytesPerTokenWithOpening: 9,
    });
  });

  it('leaves out what lacks a cell rather than averaging over less', () => {
    const partial = rows.filter(({ mode, roundTripMs }) => mode !== 'psd' || roundTripMs !== 30);
    expect(summariseModes(partial)).not.toHaveProperty('streamOverPsdMean');
    const withoutRun = rows.map((one) =>
      one.mode === 'ar' && one.roundTripMs === 10 ? { ...one, msPerToken: null } : one,
    );
    expect(summariseModes(withoutRun)).not.toHaveProperty('streamOverArRtt10');
    expect(summariseModes(withoutRun)).not.toHaveProperty('streamOverArWorst');
    expect(summariseModes(rows.filter(({ mode }) => mode !== 'psd-windows'))).not.toHaveProperty('streamOverPsdMean');
    expect(summariseModes([])).toEqual({});
  });

  it('takes rows of a real draft, whose acceptance is not given', () => {
    const real = [...rowsOf('ar', [60, 60, 60, 60], null), ...rowsOf('stream', [30, 33, 36, 66], null)];
    expect(summariseModes(real)).toMatchObject({ streamOverArRtt10: 33 / 60, streamOverArWorst: 66 / 60 });
  });

  it('never compares a stream with the edge alone at another acceptance', () => {
    expect(worstOver([row('ar', 0, 40, 0.3), row('stream', 0, 50, 0.8)], 'stream', 'ar')).toBeNaN();
  });
});
