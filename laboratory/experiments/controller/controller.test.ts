import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { conclude, controllerExperiment, requireFiles } from './controller.ts';
import type { DecisionRow } from './decisions.ts';
import type { SocketRow } from './sockets.ts';

const row: SocketRow = {
  part: 'sockets',
  devices: 1000,
  edges: 100,
  controllers: 1,
  isAfterKill: false,
  connected: 1000,
  reading: 700,
  reportsShare: 1.02,
  receivedPerSecond: 2200,
  sentPerSecond: 900,
  receivedBytesPerSecond: 2e6,
  deviceBytesPerSecond: 1.5e6,
  sentBytesPerSecond: 3e5,
  threadShare: 0.2,
  processorShare: 0.5,
  residentMB: 500,
  heldMB: 100,
  decisionsPerSecond: 1,
  decisionMsMedian: 50,
  decisionMsP95: 90,
  withinSlotShare: 1,
  ownMsP95: 60,
  fallbackShare: 0,
  orderDelayMsMedian: 300,
  orderDelayMsP95: 800,
  lost: 0,
  refused: 0,
  failedAttempts: 0,
  joinedPerSecond: 200,
  crowdProcessorShare: 0.3,
  crowdLateMs: 9,
};
const rows = [row, { ...row, devices: 3000, connected: 3000, residentMB: 660, heldMB: 120, reportsShare: 0.97 }];
const decision: DecisionRow = {
  part: 'decision',
  devices: 100_000,
  edges: 10_000,
  objective: 'felt',
  reading: 70_000,
  reportUs: 2,
  firstReportUs: 20,
  openMs: 900,
  decideMs: 8000,
  applyMs: 2000,
  decisionMsMost: 12_000,
  messages: 9,
  bytesPerDeviceReported: 1700,
  bytesPerDevice: 4000,
};
const paper: DecisionRow = { ...decision, objective: 'paper', decideMs: 400 };
const readers = { texts: 5, identical: 5, failed: 0 };
const sockets = { rows, readers, takeOver: null };

describe('the summary of bench controller', () => {
  it('has the largest numbers, and memory as the slope over the numbers of devices', () => {
    const { summary, remarks, passed } = conclude({
      sockets,
      decisions: [{ ...decision, devices: 1000 }, decision, paper],
    });
    expect(summary).toMatchObject({ devices: 3000, largestDevices: 100_000, reportsShare: 0.97 });
    expect(summary['residentBytesPerDevice']).toBeCloseTo(80_000);
    expect(summary['heldBytesPerDevice']).toBeCloseTo(10_000);
    expect(summary['largestDecisionSecondsFelt']).toBe(8);
    expect(summary['largestDecisionSecondsPaper']).toBe(0.4);
    expect([remarks, passed]).toEqual([[], true]);
  });

  it('fails where a text differs, an answer fails, or a member is lost or refused', () => {
    const of = (found: object): boolean => conclude({ sockets: { ...sockets, ...found }, decisions: [] }).passed;
    expect(of({})).toBe(true);
    expect(of({ readers: { ...readers, identical: 4 } })).toBe(false);
    expect(of({ readers: { ...readers, failed: 1 } })).toBe(false);
    expect(of({ rows: [{ ...row, lost: 1 }, row] })).toBe(false);
    expect(of({ rows: [{ ...row, refused: 1 }, row] })).toBe(false);
    expect(of({ rows: [row, { ...row, connected: 999 }] })).toBe(false);
  });

  it('of a fleet has the take-over, and the decisions after it apart', () => {
    const before = { lostBefore: 0, refusedBefore: 0 };
    const times = { takeOverMs: 16_000, backMs: 21_000, othersDisturbed: 0 };
    const takeOver = { ...times, ...before };
    const after = { ...row, devices: 3000, connected: 3000, controllers: 3, isAfterKill: true, decisionMsP95: 400 };
    const fleet = { readers, rows: [...rows, after].map((one) => ({ ...one, controllers: 4 })), takeOver };
    const found = conclude({ sockets: fleet, decisions: [] });
    expect(found.summary).toMatchObject({
      ...times,
      bytesPerDeviceSecond: 500,
      lost: 0,
      refused: 0,
      controllers: 4,
      messagesPerSecond: 3100,
      memoryPerDeviceKB: 220,
      cpuSecondsPerDeviceHour: 0.6,
      decisionMsP95: 90,
      decisionMsP95AfterKill: 400,
    });
    expect(found.passed).toBe(true);
    const of = (change: object) =>
      conclude({ sockets: { ...fleet, takeOver: { ...takeOver, ...change } }, decisions: [] }).passed;
    expect(of({})).toBe(true);
    for (const change of [{ takeOverMs: null }, { backMs: null }, { othersDisturbed: 1 }, { lostBefore: 1 }])
      expect(of(change)).toBe(false);
    const found2 = conclude({
      sockets: { ...fleet, takeOver: { ...takeOver, lostBefore: 2, refusedBefore: 3 } },
      decisions: [],
    });
    expect(found2.summary).toMatchObject({ lost: 2, refused: 3 });
  });

  it('says where reports or members are missing', () => {
    const of = (change: Partial<SocketRow>): number =>
      conclude({ sockets: { ...sockets, rows: [{ ...row, ...change }] }, decisions: [] }).remarks?.length ?? 0;
    expect(of({})).toBe(0);
    expect(of({ reportsShare: 0.94 })).toBe(1);
    expect(of({ connected: 999 })).toBe(1);
  });
});

it('refuses more connections than the system allows, and says what to allow', () => {
  expect(() => requireFiles(5400, 1024)).toThrow(
    'a process may open 1024 files here, and so many connections need 5400',
  );
  expect(() => requireFiles(5400, 5400)).not.toThrow();
  // Unlimited.
  expect(() => requireFiles(5400, Number.NaN)).not.toThrow();
  // What this system allows is known.
  expect(() => requireFiles(Number.MAX_SAFE_INTEGER)).toThrow(/may open \d+ files/);
});

it('refuses cells without a fleet', async () => {
  await expect(runExperiment(controllerExperiment, { cells: 2, devices: 10 })).rejects.toMatchObject({
    code: 'bad-argument',
  });
});

it('refuses decisions alone of a fleet', async () => {
  const asked = { fleet: 'local', part: 'decisions', devices: 10 } as const;
  await expect(runExperiment(controllerExperiment, asked)).rejects.toMatchObject({ code: 'bad-argument' });
});

it('has a goal for the share of reports, and for a take-over where a controller is killed', () => {
  const goalsOf = (params: object) => controllerExperiment.goals?.(params);
  expect(goalsOf({ part: 'all' })).toEqual({ bytesPerDeviceSecond: 300, reportsShare: { atLeast: 0.95 } });
  expect(goalsOf({ part: 'decisions' })).toEqual({});
  expect(goalsOf({ fleet: 'local', slot: 500 })).toMatchObject({ takeOverMs: 20_000, decisionMsP95: 500 });
});
