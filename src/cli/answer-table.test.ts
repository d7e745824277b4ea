import { expect, it } from 'vitest';
import type { TurnReport } from '../device/turn-report.ts';
import { explain } from './answer-table.ts';

function report(msPerToken: number): TurnReport {
  const outcome = { kind: 'stopped' } as const;
  return {
    outcome,
    mode: 'stream',
    msPerToken,
    acceptedTokens: 0,
    draftingPauses: 0,
    tokens: [],
    fingerprints: [],
  } as unknown as TurnReport;
}

it.each([
  [20, '2.00 times as quick as the edge alone (0.50x the time per token)'],
  [40, 'As quick as the edge alone (1.00x)'],
  [80, 'Slower than the edge alone (2.00x)'],
])('says how %d ms compare with 40 ms of the edge alone', (own, words) => {
  expect(explain(report(own), report(40)).join('\n')).toContain(words);
});
