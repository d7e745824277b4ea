import { describe, expect, it } from 'vitest';
import { narrowPass, type PassWork } from '../../decoding/pass-times.ts';
import { createDeviceState, type TurnRequest } from './device-state.ts';
import { DraftWatch } from './draft-watch.ts';

const state = createDeviceState({ prompt: [1, 2], mode: 'stream', maxAhead: 8, hedges: 1 } as unknown as TurnRequest);

/** A turn in which a token is written each 40 ms; passes take 20 ms and what their work adds. */
function watched(firstMs: number, timeOf: (work: PassWork) => number): DraftWatch {
  const watch = new DraftWatch();
  watch.drafted(firstMs, narrowPass);
  const kinds: PassWork[] = [narrowPass, { ...narrowPass, started: 1 }, { ...narrowPass, continued: 1 }];
  for (let pass = 0; pass < 60; pass += 1) {
    const work = kinds[pass % kinds.length] ?? narrowPass;
    watch.drafted(timeOf(work), work);
    watch.committed(40 * pass, 1);
  }
  return watch;
}

const timeOf = ({ started, continued }: PassWork): number => 20 * (1 + 1.12 * started + 0.78 * continued);

describe('the watch of drafts', () => {
  it('does not count the first pass of a turn, in which the draft model reads the prompt', () => {
    const slow = watched(1000, timeOf);
    const quick = watched(20, timeOf);
    expect(slow.prices).toEqual(quick.prices);
    expect(slow.newHedgeCuts(state)).toEqual(quick.newHedgeCuts(state));
    expect(slow.newChainCut(state, 10)).toBe(quick.newChainCut(state, 10));
  });

  it('asks more of an alternative that begins than of one that goes on, by what each costs', () => {
    const cuts = watched(20, timeOf).newHedgeCuts(state);
    // 1.5 E (D / T)^2, with E = 0.78.
    expect(cuts?.minHedgeChance).toBeCloseTo(1.5 * 0.78 * 0.25, 1);
    expect(cuts?.minStartChance).toBeGreaterThan(1.15 * (cuts?.minHedgeChance ?? 1));
  });

  it('keeps its cuts while they hardly change', () => {
    const watch = watched(20, timeOf);
    const { minStartChance: start = 0, minHedgeChance: grow = 0 } = watch.newHedgeCuts(state) ?? {};
    expect(watch.newHedgeCuts({ ...state, minHedgeChance: grow * 1.1, minStartChance: start * 0.9 })).toBeUndefined();
    expect(watch.newHedgeCuts({ ...state, minHedgeChance: grow, minStartChance: start * 2 })).toBeDefined();
  });
});
