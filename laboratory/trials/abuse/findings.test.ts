import { describe, expect, it } from 'vitest';
import { ordinaryUse } from './attack.ts';
import { type AbuseFound, concludeAbuse, type Measurement, slowAttacks } from './findings.ts';
import type { Answer } from './readers.ts';

function measurement(attack: string, startMs: number, changes: Partial<Measurement> = {}): Measurement {
  return { attack, startMs, endMs: startMs + 1000, records: 1, peakMB: 10, busyShare: 0.2, ...changes };
}

function answer(startMs: number, changes: Partial<Answer> = {}): Answer {
  return { way: 'device', startMs, endMs: startMs + 240, msPerToken: 10, fault: null, isRefused: false, ...changes };
}

/** A second of ordinary use, and one of an attack. */
function found(changes: Partial<AbuseFound> = {}): AbuseFound {
  const answers = [0, 1000].flatMap((startMs) => [answer(startMs), answer(startMs, { way: 'http', msPerToken: 20 })]);
  const measured = [measurement(ordinaryUse, 0), measurement('flood', 1000)];
  return { measured, answers, crowd: [], memoryMB: { before: 100, after: 120 }, deaths: 0, ...changes };
}

const refused = { fault: 'status 429', isRefused: true } as const;

describe('what trial abuse concludes', () => {
  it('passes where nobody is harmed', () => {
    const { summary, passed } = concludeAbuse(found());
    expect(summary).toMatchObject({ attacks: 1, honestSlowdownWorst: 1, honestRefused: 0, memoryAfterMB: 20 });
    expect(passed).toBe(true);
  });

  it.each<[string, Partial<AbuseFound>]>([
    ['a refused text of the many behind one key', { crowd: [answer(0, refused)] }],
    ['a refused text between two attacks', { answers: [...found().answers, answer(5000, refused)] }],
    ['another text', { answers: [...found().answers, answer(1100, { fault: 'another text' })] }],
    [
      'slow clients over HTTP beside quick devices',
      { answers: [...found().answers, answer(1100, { way: 'http', msPerToken: 40 })] },
    ],
    ['no answer at all', { answers: found().answers.slice(0, 2) }],
    ['memory that does not come back', { memoryMB: { before: 100, after: 140 } }],
    ['memory at its peak', { measured: [measurement(ordinaryUse, 0), measurement('flood', 1000, { peakMB: 300 })] }],
    [
      'an attack that the log does not name',
      { measured: [measurement(ordinaryUse, 0), measurement('flood', 1000, { records: 0 })] },
    ],
    ['an edge that ended', { deaths: 1 }],
  ])('does not pass with %s', (_what, changes) => {
    expect(concludeAbuse(found(changes)).passed).toBe(false);
  });

  it('says which attacks slowed readers down, or left them without an answer', () => {
    expect(slowAttacks(found(), 1.25)).toEqual([]);
    expect(slowAttacks(found({ answers: found().answers.slice(0, 2) }), 1.25)).toEqual(['flood']);
  });
});
