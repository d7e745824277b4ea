import { describe, expect, it } from 'vitest';
import { defined } from '../../../src/core/basics/defined.ts';
import { leastMsPerToken, loadedEdgeRatios } from './loaded-ratios.ts';
import type { ModeRow, RowMode } from './metrics.ts';

const step = { fixedMs: 40, perRowMs: 0.4 };

function row(mode: RowMode, msPerToken: number, widthCost?: number, sessions: number | undefined = 16): ModeRow {
  const law = { givenAcceptance: 0.8, stepFixedMs: step.fixedMs, stepPerRowMs: step.perRowMs };
  return { mode, msPerToken, roundTripMs: 10, ...law, ...defined({ widthCost, sessions }) } as ModeRow;
}

const rows = [
  row('ar', 60),
  row('stream', 30, 0.1),
  row('stream', 26, 0.02),
  row('mix', 31, 0.1),
  row('mix', 28, 0.02),
  row('mix-head', 24, 0.1),
  row('mix-head', 23, 0.02),
  row('edge-sd', 40),
  row('edge-psd', 32),
  row('edge-tree', 40),
  row('edge-head', 25),
  { ...row('stream', 10), sessions: undefined } as unknown as ModeRow,
];

describe('the ratios on a loaded edge', () => {
  it('compare the best of ours with the best rival, with and without the head, at each price of an alternative', () => {
    expect(loadedEdgeRatios(rows)).toMatchObject({
      bestOverEdgeRivalLoaded: 24 / 25,
      bestOverEdgeDraftModelLoaded: 30 / 32,
      streamOverEdgeRivalLoaded: 30 / 25,
      bestOverEdgeRivalLoadedRow002: 23 / 25,
      bestOverEdgeDraftModelLoadedRow002: 26 / 32,
      streamOverEdgeRivalLoadedRow002: 26 / 25,
    });
  });

  it('have the bound of all methods beside them', () => {
    const { boundOverEdgeRivalLoaded, boundMsLoaded16 } = loadedEdgeRatios(rows);
    expect(boundMsLoaded16).toBeCloseTo(21.25, 2);
    expect(boundOverEdgeRivalLoaded).toBeCloseTo((boundMsLoaded16 as number) / 25, 12);
  });

  it('are left out where a rival is missing', () => {
    const without = loadedEdgeRatios(rows.filter(({ mode }) => mode !== 'edge-psd'));
    expect(without['bestOverEdgeRivalLoaded']).toBeNaN();
    expect(without['boundOverEdgeRivalLoaded']).toBeNaN();
    expect(loadedEdgeRatios([row('stream', 10, 0.1)])['bestOverEdgeRivalLoaded']).toBeNaN();
  });
});

describe('the bound of all methods', () => {
  it.each([
    [16, 21.25],
    [64, 47.87],
  ])('with %d sessions is %d ms', (sessions, ms) => {
    const times = Array.from({ length: 30 }, (_, drafts) => {
      const tokens = (1 - 0.8 ** (drafts + 1)) / 0.2;
      return (40 + 0.4 * sessions * (drafts + 1)) / tokens;
    });
    expect(leastMsPerToken(sessions, 0.8, step)).toBeCloseTo(Math.min(...times), 10);
    expect(leastMsPerToken(sessions, 0.8, step)).toBeCloseTo(ms, 2);
  });

  it('is the edge alone where no draft is right', () => {
    expect(leastMsPerToken(16, 0, step)).toBeCloseTo(46.4, 10);
  });
});
