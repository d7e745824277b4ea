import { describe, expect, it } from 'vitest';
import { type CyclePrices, chainLengthsBeforeStep, type SessionBeforeStep } from './drafts-before-step.ts';
import { linearStepTime } from './step-time.ts';

const stepTime = linearStepTime(40, 0.4);
const passTime = linearStepTime(1.485, 0.015);
const prices = { stepTime, passTime, maxRows: 4096 };

function sessions(count: number, changes: Partial<SessionBeforeStep> = {}): SessionBeforeStep[] {
  return Array.from({ length: count }, () => ({ drafts: 0, acceptance: 0.8, least: 0, most: 24, ...changes }));
}

/** The longest chain that is collected for any session. */
function chainLengthBeforeStep(all: readonly SessionBeforeStep[], given: CyclePrices): number {
  return Math.max(...chainLengthsBeforeStep(all, given));
}

/** Tokens per millisecond of n sessions with chains of this length, all of them drafted: k passes and a step of n (k + 1) rows. */
function rate(count: number, length: number): number {
  let tokens = 0;
  for (let index = 0; index <= length; index += 1) tokens += count * 0.8 ** index;
  return tokens / (length * (1.485 + 0.015 * count) + 40 + 0.4 * count * (length + 1));
}

describe('the chain length before a step of many sessions', () => {
  it.each([2, 16, 64, 256])('has the most tokens per millisecond of passes and step: %d sessions', (count) => {
    const rates = Array.from({ length: 9 }, (_, length) => rate(count, length));
    expect(chainLengthBeforeStep(sessions(count), prices)).toBe(rates.indexOf(Math.max(...rates)));
  });

  it('is 0 where a pass costs more than its drafts bring', () => {
    const dear = { ...prices, passTime: linearStepTime(40, 0.4) };
    expect(chainLengthBeforeStep(sessions(16), dear)).toBe(0);
    expect(chainLengthBeforeStep(sessions(16, { acceptance: 0.02 }), prices)).toBe(0);
  });

  it('needs enough sessions without drafts to pay for a pass: all of them wait for it', () => {
    const slow = { ...prices, passTime: linearStepTime(4.95, 0.05) };
    const lone = [...sessions(1), ...sessions(63, { drafts: 4 })];
    expect(chainLengthBeforeStep(lone, slow)).toBe(0);
    expect(chainLengthBeforeStep([...sessions(48), ...sessions(16, { drafts: 4 })], slow)).toBeGreaterThan(0);
  });

  it('counts what drafts of devices bring already, so that long chains need no pass', () => {
    expect(chainLengthBeforeStep(sessions(16, { drafts: 8 }), prices)).toBe(0);
    expect(chainLengthBeforeStep(sessions(16, { drafts: 1 }), prices)).toBeGreaterThan(1);
  });

  it('drafts nothing for sessions that may not, whose rows count all the same', () => {
    expect(chainLengthBeforeStep(sessions(16, { most: 0 }), prices)).toBe(0);
    expect(chainLengthBeforeStep(sessions(16, { most: 1 }), prices)).toBe(1);
  });

  it('makes no drafts for which the step has no row', () => {
    expect(chainLengthBeforeStep(sessions(16), { ...prices, maxRows: 16 })).toBe(0);
    expect(chainLengthBeforeStep(sessions(16), { ...prices, maxRows: 32 })).toBe(1);
  });

  it('joins passes that are made in any case, for sessions whose mode has a set draft length', () => {
    const slow = { ...prices, passTime: linearStepTime(60, 0) };
    expect(chainLengthBeforeStep(sessions(8), slow)).toBe(0);
    const set = sessions(8, { least: 3, most: 0 });
    expect(chainLengthBeforeStep([...sessions(8), ...set], slow)).toBe(3);
  });

  it('leaves out sessions of which the draft model would have to read too much for what their drafts bring', () => {
    const behind = sessions(4, { unread: 400 });
    const lengths = chainLengthsBeforeStep([...sessions(12), ...behind], prices);
    expect(lengths.slice(0, 12)).not.toContain(0);
    expect(lengths.slice(12)).toEqual([0, 0, 0, 0]);
  });
});
