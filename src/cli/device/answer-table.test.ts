import { describe, expect, it } from 'vitest';
import type { TurnReport } from '../../processes/device/turn-report.ts';
import { describeCounts, explain, rowOf } from './answer-table.ts';

function report(msPerToken: number): TurnReport {
  const none = { acceptedTokens: 0, draftingPauses: 0, modeChanges: [], tokens: [], servedBy: [], fingerprints: [] };
  return { outcome: { kind: 'stopped' }, mode: 'stream', msPerToken, ...none } as unknown as TurnReport;
}

it.each([
  [20, '2.00 times as quick as the edge alone (0.50x the time per token)'],
  [40, 'As quick as the edge alone (1.00x)'],
  [80, 'Slower than the edge alone (2.00x)'],
])('says how %d ms compare with 40 ms of the edge alone', (own, words) => {
  expect(explain(report(own), report(40)).join('\n')).toContain(words);
});

it.each([
  [79, 'most drafts came too late to save a step'],
  [40, 'a step of the target costs about as much for each row here'],
])('says why it is slower with %d drafted tokens of which 38 saved a row', (acceptedTokens, words) => {
  const account = { steps: 89, acceptedRows: 38, acceptedEdgeDraftRows: 2, draftRows: 81, edgeDraftRows: 4 };
  const outcome = { kind: 'ended', reason: 'length', account } as const;
  const own: TurnReport = { ...report(80), outcome, acceptedTokens, acceptance: 0.72 };
  expect(explain(own, report(40)).join('\n')).toContain(words);
});

it.each([
  [{ acceptedRows: 2 }, 30, 'most drafts came too late to save a step (ms: a draft 14.0, a token 16.6)'],
  [{ acceptedRows: 0 }, 0, 'the draft is seldom right on this text', 0.1],
  [{ acceptedRows: 30 }, 30, undefined],
])('says without a comparison why drafts saved no steps: %j', (rows, acceptedTokens, why, acceptance = 0.5) => {
  const account = { steps: 58, acceptedEdgeDraftRows: 0, draftRows: 81, edgeDraftRows: 4, ...rows };
  const outcome = { kind: 'ended', reason: 'length', account } as const;
  const drafts = { draftedTokens: 70, acceptedTokens, acceptance, draftMs: 14 };
  const own = { ...report(16.6), outcome, ...drafts, tokens: Array(60).fill(1) } as unknown as TurnReport;
  const line = explain(own, undefined).find((one) => one.includes('next to no steps'));
  expect(line).toBe(why && `Drafts of this device saved next to no steps: ${why}.`);
});

it('names the modes of auto, without trials', () => {
  const [ar, stream] = [
    { fromToken: 48, mode: 'ar', reason: 'drafts fail' },
    { fromToken: 80, mode: 'stream', reason: 'to see', isTrial: true },
  ] as const;
  const first = { fromToken: 0, mode: 'stream', reason: 'nothing was measured before this answer' } as const;
  const own: TurnReport = { ...report(40), modeChanges: [first, ar, stream, { ...ar, fromToken: 96 }] };
  expect(explain(own, undefined).slice(0, 3)).toEqual([
    'Mode stream: nothing was measured before this answer.',
    'Mode ar, from token 48 on: drafts fail.',
    'The other way was tried once.',
  ]);
});

it('says why it reads from each edge, and what the controller planned', () => {
  const plan = { edge: 'far', mode: 'stream', hedges: 0, maxAhead: 4, reason: 'the battery is at 20 %' } as const;
  const servedBy = [
    { edge: 'near', fromMs: 0, reason: 'policy best: 20 ms a token predicted, 31 at far' },
    { edge: 'own', fromMs: 1500, reason: undefined },
    { edge: 'far', fromMs: 2340, reason: 'near is lost or leaves, and far is a spare edge' },
  ];
  expect(explain({ ...report(40), servedBy, plan }, undefined).slice(0, 3)).toEqual([
    "The controller's plan: mode stream, at most 4 drafts ahead, no alternatives: the battery is at 20 %.",
    'Read from near: policy best: 20 ms a token predicted, 31 at far.',
    'Read from far, from 2.3 s on: near is lost or leaves, and far is a spare edge.',
  ]);
  const unlimited = { ...report(40), plan: { ...plan, maxAhead: 512 } };
  expect(explain(unlimited, undefined)).toEqual([]);
  expect(
    rowOf({ mode: 'auto', report: { ...report(40), servedBy, plan, traffic: { attachBytes: 0 } } as never }),
  ).toMatchObject({ edges: 'near, own, far', edgeReason: servedBy[2]?.reason, planMode: 'stream', planMaxAhead: 4 });
});

type Counts = Record<'tokens' | 'steps', number> &
  Partial<Record<'acceptedRows' | 'acceptedEdgeDraftRows' | 'acceptedTokens', number>>;

function counted({ tokens, steps, acceptedRows = 0, acceptedEdgeDraftRows = 0, acceptedTokens = 0 }: Counts): string[] {
  const account = { steps, acceptedRows, acceptedEdgeDraftRows, draftRows: 900, edgeDraftRows: 900 };
  const outcome = { kind: 'ended', reason: 'length', account };
  return describeCounts({ outcome, acceptedTokens, tokens: Array(tokens).fill(1) } as unknown as TurnReport);
}

describe('the counts under an answer', () => {
  it.each([
    [{ tokens: 128, steps: 84, acceptedRows: 36, acceptedEdgeDraftRows: 8, acceptedTokens: 86 }],
    [{ tokens: 128, steps: 92, acceptedRows: 36, acceptedTokens: 36 }],
    [{ tokens: 128, steps: 120, acceptedEdgeDraftRows: 8 }],
    // The text ends at a draft: the last step chooses nothing.
    [{ tokens: 128, steps: 84, acceptedRows: 45, acceptedTokens: 45 }],
  ])('add up: %j', (counts: Counts) => {
    const [line = ''] = counted(counts);
    const [tokens, steps, ...parts] = (line.match(/\d+/g) ?? []).map(Number);
    expect([tokens, steps]).toEqual([counts.tokens, counts.steps]);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(tokens);
  });

  it('say of drafts that came too late that they saved nothing', () => {
    expect(counted({ tokens: 1000, steps: 1000, acceptedTokens: 11 })).toEqual([
      '1000 tokens in 1000 steps of the target: no draft came in time.',
      '11 tokens had been drafted on the device as well, too late to save a step.',
    ]);
    expect(counted({ tokens: 1, steps: 1 })).toEqual(['1 token in 1 step of the target: no draft was accepted.']);
  });

  it('are not told where the edge does not know all of them', () => {
    expect(counted({ tokens: 128, steps: 20, acceptedRows: 10 }).join()).not.toMatch(/\d/);
  });
});

it('calls verified only what an edge has brought to its end', () => {
  const verified = (outcome: object, fingerprints: string[] = ['f']) => {
    const changes = { outcome, fingerprints, traffic: {} };
    return rowOf({ mode: 'stream', report: { ...report(1), ...changes } as unknown as TurnReport })['verified'];
  };
  expect(verified({ kind: 'ended', reason: 'length' })).toBe(true);
  expect(verified({ kind: 'ended', reason: 'length' }, ['f', 'g'])).toBe(false);
  expect(verified({ kind: 'unverified', reason: 'length' })).toBe(false);
  expect(verified({ kind: 'failed' })).toBeNull();
  expect(verified({ kind: 'stopped' })).toBeNull();
});
