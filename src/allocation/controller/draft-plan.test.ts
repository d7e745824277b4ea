import { describe, expect, it } from 'vitest';
import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import type { DraftingPace } from '../felt/predict-pace.ts';
import { draftPlan, newPlans, type PlannedDevice, planKey } from './draft-plan.ts';
import type { DeviceMember } from './members.ts';
import type { DeviceReport, EdgeReport } from './messages.ts';

interface Changes {
  readonly device?: Partial<DeviceReport>;
  readonly edge?: Partial<EdgeReport>;
  /** What other sessions add to a step, ms. */
  readonly loadMs?: number;
  readonly roundTripMs?: number;
  readonly laterTokenMs?: number;
  readonly drafting?: DraftingPace | null;
  readonly correction?: number;
  readonly stepMs?: number;
  /** Sessions beside it. */
  readonly others?: number;
}

/** A device that drafts well near an edge with steps of 42 ms, unless changed. */
function planned({
  device = {},
  edge = {},
  loadMs = 0,
  roundTripMs = 20,
  laterTokenMs = 25,
  drafting = null,
  correction = 1,
  stepMs,
}: Changes = {}): PlannedDevice {
  const links = [{ edge: 'a', roundTripMs, bitsPerSecond: null }];
  const report = { links, draftMs: 10, acceptance: 0.8, battery: 1, ...device } as DeviceReport;
  const edgeReport = { stepFixedMs: 40, stepRowMs: 2, draftMs: null, ...edge } as EdgeReport;
  return {
    device: { id: 'phone', report, previousEdge: 'a', lengthShare: null, predictedMs: null },
    edge: { id: 'a', report: edgeReport, correction },
    stepMs: stepMs ?? edgeReport.stepFixedMs + 2 * edgeReport.stepRowMs + loadMs,
    rows: 2,
    drafting,
    laterTokenMs,
  };
}

const plan = (changes: Changes = {}, before: DraftPlan | null = null): DraftPlan =>
  draftPlan(planned(changes), changes.others ?? 0, before);

describe('the draft plan', () => {
  it('has a device draft where that clearly pays, and says what it saves', () => {
    expect(plan()).toMatchObject({ edge: 'a', mode: 'stream', maxAhead: 512 });
    expect(plan().reason).toMatch(/^drafts of this device save about \d\d % \(expected: /);
    expect(plan({ edge: { draftMs: 60 } }).mode).toBe('mix');
  });

  it('leaves it to the device where only what it feels can decide, or nothing is measured', () => {
    expect(plan({ device: { acceptance: 0.35 }, roundTripMs: 100 }).mode).toBe('auto');
    expect(plan({ device: { acceptance: null, draftMs: null } })).toMatchObject({
      mode: 'auto',
      hedges: 3,
      maxAhead: 512,
    });
  });

  it('counts the other sessions of the edge: they make steps long, beside which drafts are quick', () => {
    const far = { device: { acceptance: 0.5, draftMs: 45 }, roundTripMs: 100 };
    expect(plan(far).mode).toBe('ar');
    expect(plan({ ...far, loadMs: 200 }).mode).toBe('stream');
  });

  it('counts what the rows of drafts take from the other sessions', () => {
    const drafting = { draftRows: 1, stepTokens: 1.6 };
    expect(plan({ loadMs: 40, others: 3, drafting }).mode).toBe('stream');
    const wide = { edge: { stepFixedMs: 20, stepRowMs: 10 }, loadMs: 40, drafting };
    expect(plan(wide).mode).toBe('stream');
    const crowded = plan({ ...wide, others: 12 });
    expect(crowded.mode).toBe('ar');
    expect(crowded.reason).toMatch(/; 12 others lose \d+ % each, at most /);
    // The same edge, as it reports itself and as the controller has corrected it.
    const halved = { ...wide, edge: { stepFixedMs: 40, stepRowMs: 20 }, correction: 0.5, stepMs: 80 };
    expect([4, 12].map((others) => plan({ ...halved, others }).mode)).toEqual(
      [4, 12].map((others) => plan({ ...wide, stepMs: 80, others }).mode),
    );
    // On an edge that drafts they are in the place of its own.
    const drafts = { ...wide, others: 12, loadMs: 0, edge: { stepFixedMs: 60, stepRowMs: 1, draftMs: 8 } };
    expect(plan(drafts)).toEqual(plan({ ...drafts, drafting: null }));
  });

  it('expects no more of drafts than the rows bring that the edge takes', () => {
    const few = { draftRows: 0.1, stepTokens: 1.03 };
    expect(plan({ loadMs: 400, drafting: few, device: { battery: 0.4 } }).mode).toBe('ar');
    expect(plan({ loadMs: 400, drafting: null, device: { battery: 0.4 } }).mode).toBe('stream');
    // No draft is best: nothing is expected, and nothing taken.
    const none = { draftRows: 0, stepTokens: 1 - 1e-16 };
    const steep = { edge: { stepFixedMs: 1, stepRowMs: 40 }, stepMs: 41 };
    for (const battery of [1, 0.2]) expect(plan({ ...steep, drafting: none, device: { battery } }).mode).toBe('ar');
    // What drafts of easier text would bring counts: the acceptance of a device that rests is not measured.
    const unlucky = { draftRows: 1.5, stepTokens: 1.15 };
    expect(plan({ drafting: unlucky, device: { acceptance: 0.1 } }).mode).toBe('auto');
    const never = { device: { acceptance: 0, draftMs: 60, battery: 0.1 } };
    expect(plan({ ...never, drafting: null }).mode).toBe('ar');
    expect(plan({ ...never, drafting: { draftRows: 0, stepTokens: 1 } })).toEqual(plan({ ...never, drafting: null }));
    const seldom = { device: { acceptance: 0.03 }, drafting: { draftRows: 0.01, stepTokens: 1 } };
    expect(plan(seldom).mode).toBe('auto');
  });

  it.each([
    ['each row takes as long as a step', { edge: { stepFixedMs: 1, stepRowMs: 40 } }, 'ar'],
    ['a draft takes longer than a step', { device: { draftMs: 400 } }, 'ar'],
    ['it has no draft', { device: { draftMs: null, acceptance: 0 } }, 'ar'],
    [
      'it has no draft, and the edge has',
      { device: { draftMs: null, acceptance: 0 }, edge: { draftMs: 5 } },
      'edge-sd',
    ],
    ['the battery is almost empty', { device: { battery: 0.03 } }, 'ar'],
    [
      'the battery is almost empty, and the edge drafts',
      { device: { battery: 0.03 }, edge: { draftMs: 5 } },
      'edge-sd',
    ],
    ['the battery is low, and the edge drafts', { device: { battery: 0.1 }, edge: { draftMs: 5 } }, 'edge-sd'],
  ] as const)('has it not draft where %s', (_, changes, mode) => {
    expect(plan(changes)).toMatchObject({ mode, hedges: 0, maxAhead: 1 });
  });

  it('lets a device draft less the emptier its battery is', () => {
    const leads = [1, 0.45, 0.3, 0.1].map((battery) => plan({ device: { battery } }).maxAhead);
    expect(leads).toEqual([...leads].sort((one, other) => other - one));
    expect(leads.at(-1)).toBeLessThan(5);
    expect(plan({ device: { battery: 0.3 } })).toMatchObject({ hedges: 0, reason: expect.stringContaining('30 %') });
  });

  it('does not count on drafts of an edge with many sessions, and does not order where they make a gain doubtful', () => {
    const drafting = { edge: { draftMs: 5 } };
    expect(plan({ ...drafting, roundTripMs: 0 }).mode).toBe('auto');
    expect(plan({ ...drafting, loadMs: 30 }).mode).toBe('mix');
    expect(plan({ ...drafting, loadMs: 30, device: { battery: 0.1 } }).mode).not.toBe('edge-sd');
  });

  it('allows alternatives where drafts are quick beside the text, and none where they are not', () => {
    expect(plan({ device: { draftMs: 2 } }).hedges).toBe(3);
    expect(plan({ device: { draftMs: 60 }, edge: { stepFixedMs: 200 } }).hedges).toBe(0);
  });

  it('stays while it is worth most of what it was for', () => {
    const near = { device: { acceptance: 0.6 }, roundTripMs: 100 };
    const before: DraftPlan = { edge: 'a', mode: 'stream', hedges: 1, maxAhead: 512, reason: '' };
    const modes = [null, before, { ...before, edge: 'b' }].map((one) => plan(near, one).mode);
    expect(modes).toEqual(['auto', 'stream', 'auto']);
  });

  it.each([
    [15, 1000, 1],
    [45, 1000, 3],
    [3000, 1000, 60],
    [1200, 5000, 12],
    [3000, 60_000, 30],
  ])('comes to each of %d devices within a minute, in slots of %d ms, or a hundred in each', (count, slotMs, slots) => {
    const ids = Array.from({ length: count }, (_, index) => `device ${index}`);
    const all = ids.map((id) => {
      const { device, ...rest } = planned();
      return { ...rest, device: { ...device, id } };
    });
    const devices = new Map(ids.map((id) => [id, { plan: null as DeviceMember['plan'] }]));
    const lack = (): number => [...devices.values()].filter((device) => device.plan === null).length;
    let slot = 0;
    for (; lack() > 0; slot += 1) newPlans(all, devices, { slot, slotMs, nowMs: slot * slotMs });
    expect(slot).toBe(slots);
  });

  it('depends on what its key has, and little changes are none', () => {
    const key = (changes: Changes = {}): string => planKey(planned(changes), changes.others ?? 0);
    expect(key({ device: { draftMs: 10.1, acceptance: 0.805 }, loadMs: 0 })).toBe(key());
    const others: readonly Changes[] = [
      { device: { battery: 0.5 } },
      { device: { draftMs: 20 } },
      { device: { acceptance: 0.5 } },
      { loadMs: 40 },
      { edge: { draftMs: 5 } },
      { edge: { stepFixedMs: 60 } },
      { edge: { stepRowMs: 9 } },
      { roundTripMs: 90 },
      { laterTokenMs: 4 },
    ];
    for (const changes of others) expect(key(changes), JSON.stringify(changes)).not.toBe(key());
    const { edge, ...rest } = planned();
    expect(planKey({ ...rest, edge: { ...edge, id: 'b' } }, 0)).not.toBe(key());
  });
});
