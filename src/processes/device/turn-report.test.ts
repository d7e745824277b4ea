// The times of a report.

import { expect, it } from 'vitest';
import { localReport, reportTurn } from './turn-report.ts';

const commit = (atMs: number, tokenCount: number, acceptedCount = 0) => ({ atMs, tokenCount, acceptedCount });
const account = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
const written = { outcome: { kind: 'ended', reason: 'length', account }, text: '', tokens: [] } as const;

it.each([
  ['none without text', [], undefined, undefined],
  ['no pace of what came at once', [commit(1500, 3)], 500, undefined],
  [
    'the pace from the first tokens on, which count with the prompt',
    [commit(1500, 3), commit(1600, 1), commit(1800, 2)],
    500,
    100,
  ],
] as const)('are counted from the start of the turn: %s', (_what, commits, timeToFirstTokenMs, msPerToken) => {
  const times = { startMs: 1000, commits: [...commits], draftMs: [], servedBy: [] };
  expect(localReport({ ...written, times })).toMatchObject({ timeToFirstTokenMs, msPerToken });
});

it('has the edges by the time since the start of the turn, and the most drafts that were taken at once', () => {
  const servedBy = [
    { edge: 'a', atMs: 1030, reason: undefined },
    { edge: 'b', atMs: 1400, reason: 'it leaves' },
  ];
  const times = { startMs: 1000, commits: [commit(1500, 3, 2), commit(1600, 2, 1)], draftMs: [9, 1, 2], servedBy };
  const state = {
    text: [1, 2, 3],
    turn: { prompt: [1] },
    account: { matched: 3, mismatched: 1 },
    edges: [{ attempt: 2 }],
  };
  const traffic = { sentBytes: 100, receivedBytes: 60, helloBytes: 50, attachBytes: 30 };
  const report = reportTurn(state as never, written.outcome, '', times, traffic as never, 20);
  expect(report).toMatchObject({ acceptance: 0.75, payloadBytesPerToken: 40, connections: 2, draftMs: 2 });
  expect(report).toMatchObject({ acceptedTokens: 3, longestAccepted: 2, tokens: [2, 3] });
  expect(report.servedBy.map(({ edge, fromMs }) => [edge, fromMs])).toEqual([
    ['a', 30],
    ['b', 400],
  ]);
});
