import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ModeRow } from './metrics.ts';
import { predictTokenTimes } from './predict-modes.ts';

interface Recorded {
  readonly rows: readonly ModeRow[];
  readonly params: {
    readonly draftMs: number;
    readonly edgeDraftMs: number;
    /** Left out: the edge's drafter rests during steps. */
    readonly edgeDraftsOverlap?: boolean;
    readonly maxAhead: number;
  };
}

const bound = 0.05;

describe('the predicted time per token', () => {
  it('agrees within 5 % with every cell of the recorded bench in virtual time', async () => {
    const file = new URL('../../../bench/bench-modes-virtual.json', import.meta.url);
    const { rows, params } = JSON.parse(await readFile(file, 'utf8')) as Recorded;
    const found = rows.flatMap((row) => {
      const predicted = predictedMs(row, params);
      if (predicted === undefined) return [];
      const { mode, givenAcceptance, roundTripMs } = row;
      const measured = row.msPerToken as number;
      return [{ cell: `${mode} ${givenAcceptance} ${roundTripMs}`, deviation: predicted / measured - 1 }];
    });
    // Five modes, and ar and stream with expensive rows, at four acceptances and seven round trips.
    expect(found.length).toBe((5 + 2) * 4 * 7);
    expect(found.filter(({ deviation }) => Math.abs(deviation) > bound)).toEqual([]);
  });
});

type Predictions = ReturnType<typeof predictTokenTimes>;

/** A prediction has all modes of a cell, and takes milliseconds. */
const known = new Map<string, Predictions>();

/** Undefined: the predictor does not know the mode, or the load. */
function predictedMs(row: ModeRow, params: Recorded['params']): number | undefined {
  const { draftMs, edgeDraftMs, edgeDraftsOverlap = false, maxAhead } = params;
  const { stepFixedMs, stepPerRowMs, sessions, roundTripMs } = row;
  if (sessions !== undefined) return undefined;
  const acceptance = row.givenAcceptance as number;
  const key = `${acceptance} ${roundTripMs} ${stepPerRowMs}`;
  const stepMs = (count: number): number => (stepFixedMs as number) + (stepPerRowMs as number) * count;
  const predictions =
    known.get(key) ??
    predictTokenTimes({ stepMs, draftMs, edgeDraftMs, edgeDraftsOverlap, roundTripMs, acceptance, maxAhead });
  known.set(key, predictions);
  return predictions.find(({ mode }) => mode === row.mode)?.msPerToken;
}
