import { describe, expect, it } from 'vitest';
import { linearStepTime } from '../../scheduling/step-time.ts';
import type { ModeName } from '../wire/mode.ts';
import { extendEdgeDrafts } from './edge-hedges.ts';
import { type PassPart, passesBefore } from './edge-passes.ts';
import { EdgeBed } from './edge-session.fixture.ts';
import { readyDrafts, stepEdge } from './edge-session.ts';
import type { EdgeState } from './edge-state.ts';

const rules = {
  passTime: linearStepTime(1.485, 0.015),
  stepTime: linearStepTime(40, 0.4),
  maxRows: 4096,
  draftLength: 3,
};

interface Entry {
  readonly hasPlace: boolean;
  state: EdgeState;
}

function opened(mode: ModeName, deviceDrafts = 0, maxAnswerTokens = 100): Entry {
  const entry = { hasPlace: true, state: new EdgeBed({ mode, maxAnswerTokens }).state };
  if (deviceDrafts > 0) draft(entry, 1, deviceDrafts);
  return entry;
}

/** The device begins another branch. */
function draft(entry: Entry, branch: number, count: number, token = 40): void {
  const tokens = Array.from({ length: count }, () => token);
  const message = { kind: 'draft', branch, first: entry.state.text.length, tokens } as const;
  entry.state = stepEdge(entry.state, { kind: 'message-received', link: 1, message }).state;
}

function worksOf(entries: readonly Entry[]) {
  return entries.map((entry, id) => {
    const view = { id, weight: 1, prefillTokens: 0, drafts: readyDrafts(entry.state) ?? 0, acceptance: 0.8 };
    return { entry, view };
  });
}

function give({ entry, order }: PassPart<Entry>, token = 70): void {
  const drafts = extendEdgeDrafts(order, { token, confidence: 0.8 }, new Set());
  entry.state = stepEdge(entry.state, { kind: 'edge-drafted', drafts }).state;
}

/** Runs all passes. @returns the indexes of the sessions of each */
function play(entries: readonly Entry[], changes: Partial<typeof rules> = {}, between = (): void => {}): number[][] {
  const seen: number[][] = [];
  for (const pass of passesBefore(worksOf(entries), { ...rules, ...changes })) {
    seen.push(pass.map(({ entry }) => entries.indexOf(entry)));
    for (const part of pass) give(part);
    between();
  }
  return seen;
}

describe('passes of the draft model before a step', () => {
  it('bring all sessions to one length, those with drafts of their devices later', () => {
    const entries = [opened('mix'), opened('mix', 2), opened('mix')];
    const passes = play(entries);
    expect(passes.slice(0, 3)).toEqual([
      [0, 2],
      [0, 2],
      [0, 1, 2],
    ]);
    expect(entries.map(({ state }) => readyDrafts(state))).toEqual(entries.map(() => passes.length));
    expect(entries[1]?.state.edgeDrafts?.tokens.slice(0, 3)).toEqual([40, 40, 70]);
  });

  it('leave out modes in which the edge does not draft, and long chains of devices', () => {
    expect(play([opened('ar'), opened('stream'), opened('sd')])).toEqual([]);
    const passes = play([opened('mix', 12), opened('mix'), opened('stream')]);
    expect(passes.length).toBeGreaterThan(0);
    expect(passes.flat().every((index) => index === 1)).toBe(true);
  });

  it('collect the set draft length in mode edge-sd, whatever they cost', () => {
    const entries = [opened('edge-sd'), opened('mix')];
    expect(play(entries, { passTime: linearStepTime(1000, 0) })).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(play([opened('mix'), opened('mix')], { passTime: linearStepTime(1000, 0) })).toEqual([]);
  });

  it('draft no token that the answer has no room for', () => {
    expect(play([opened('mix', 0, 2), opened('edge-sd', 0, 2)])).toEqual([[0, 1]]);
  });

  it('use drafts of a device that arrive meanwhile, and end for a session that has lost its place', () => {
    const late = [opened('mix'), opened('mix')];
    const passes = play(late, {}, () => draft(late[1] as Entry, 1, 12));
    expect(passes[0]).toEqual([0, 1]);
    expect(passes.slice(1).flat()).not.toContain(1);
    const lost = { ...opened('mix'), hasPlace: true };
    const left = play([opened('mix'), lost], {}, () => Object.assign(lost, { hasPlace: false }));
    expect(left[0]).toEqual([0, 1]);
    expect(left.slice(1).flat()).not.toContain(1);
  });

  it('end although a session never keeps what they have drafted', () => {
    const entries = [opened('mix'), opened('mix')];
    let count = 0;
    for (const pass of passesBefore(worksOf(entries), rules)) count += pass.length;
    expect(count).toBeLessThan(40);
  });
});
