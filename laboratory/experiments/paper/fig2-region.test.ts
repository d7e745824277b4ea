import { describe, expect, it } from 'vitest';
import { interpretClaims } from '../../../simulator/runner/claim.ts';
import { type RegionPlan, regionConclusion } from './fig2-region.ts';
import { fig2World, type PlayedCase, taskSources } from './fig2-sessions.ts';

function played(mode: 'ar' | 'psd', window: number, msPerToken: number): PlayedCase {
  return { mode, window, uplinkMbps: 200, ms: [10 * msPerToken, 10 * msPerToken], tokens: [10, 10] };
}

const [code] = taskSources(null, 2);
const plan = (ratio: number, trace: string | null): RegionPlan => {
  return { source: code as RegionPlan['source'], trace, acceptance: 0.9, ratio, answerTokens: 10 };
};
const facts = { ...fig2World(), draftMs: 14 };

describe('the plane of acceptance and times', () => {
  const plans = [plan(0.5, null), plan(0.5, 'coarse-greedy'), plan(12.5, 'coarse-greedy')];
  const found = [
    [played('ar', 0, 8), played('psd', 2, 16), played('psd', 25, 40)],
    [played('ar', 0, 8), played('psd', 2, 16), played('psd', 25, 40)],
    [played('ar', 0, 176), played('psd', 2, 60), played('psd', 25, 30.3), played('psd', 30, 30)],
  ];
  const concluded = regionConclusion(plans, found, facts);

  it('says what the claimed window costs against the best, for recorded answers, and what turns it', () => {
    const claims = interpretClaims(concluded.claims);
    expect(claims.map(({ verdict }) => verdict)).toEqual(['does not hold', 'holds']);
    expect(claims[0]).toMatchObject({ isMain: true, dependsOn: 'time of a step, in drafts (12.5: holds)' });
    expect(claims[0]?.measured).toBeCloseTo(1.5, 12);
    expect(claims[1]?.measured).toBeCloseTo(0.01, 12);
    expect(concluded.figuresOfSummary).toEqual({ windowRegionCells: 2, windowRegionHeldCode: 1 });
  });

  it('has the best window, those as good, and the edge alone beside it', () => {
    expect(concluded.rows[0]).toMatchObject({ drafts: 'drawn', task: null, bestWindow: 2, overEdgeAlone: 2 });
    expect(concluded.rows[2]).toMatchObject({ drafts: 'coarse-greedy', bestWindow: 30, asGoodFrom: 25, asGoodTo: 30 });
    expect(Object.values(concluded.tables).join()).toContain('30 [25 to 30], 0.17');
    expect(Object.keys(concluded.figures)).toEqual(['fig2-region', 'fig2-traces']);
    expect(JSON.stringify(concluded.figures)).toContain('"text":"30","note":"(0.17)"');
  });
});

describe('the hardware of Fig. 2', () => {
  it('gives a device of a loaded edge the share z = E/M of a step', () => {
    const [preset, loaded] = fig2World().hardware;
    expect(loaded?.name).toBe('loaded edge');
    expect(loaded?.draftMs).toBe(preset?.draftMs);
    expect((loaded?.step.fixedMs as number) / (preset?.step.fixedMs as number)).toBeCloseTo(9, 12);
    expect((loaded?.step.perRowMs as number) / (preset?.step.perRowMs as number)).toBeCloseTo(9, 12);
  });
});
