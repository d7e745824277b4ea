// What the controller keeps of its members: how old a report is, and when an answer began.

import { expect, it } from 'vitest';
import { bed, deviceReport, edgeReport, reading } from './controller.fixture.ts';

it.each([
  ['the last report', [[1000, 'report', 2]], 4000],
  [
    'not a report that has come before',
    [
      [1000, 'report', 2],
      [2000, 'report', 2],
    ],
    4000,
  ],
  [
    'the last report also where it has joined again',
    [
      [1000, 'report', 2],
      [2000, 'join', 0],
    ],
    4000,
  ],
  [
    'a report of the new connection, whose numbers begin again',
    [
      [1000, 'report', 9],
      [2000, 'join', 0],
      [2500, 'report', 1],
    ],
    5500,
  ],
] as const)('counts the age of a member from %s', (_what, acts, staleAtMs) => {
  const { controller, join, say, at } = bed();
  let link = join('edge', 'a');
  say(link, edgeReport());
  for (const [atMs, act, seq] of acts) {
    at(atMs);
    if (act === 'join') link = join('edge', 'a');
    else say(link, edgeReport({ seq }));
  }
  const live = [staleAtMs - 1, staleAtMs].map((nowMs) => controller.members.liveEdges(nowMs).length);
  expect(live).toEqual([1, 0]);
  // It is remembered while it is connected, and until its report is stale.
  controller.members.forgetStale(staleAtMs);
  controller.closed(link, 'edge-unreachable');
  controller.members.forgetStale(staleAtMs - 1);
  expect(controller.members.edges.size).toBe(1);
  controller.members.forgetStale(staleAtMs);
  expect(controller.members.edges.size).toBe(0);
});

it.each([
  [
    'the first report of the answer to the first one with text',
    [
      [100, 1, 0],
      [200, 1, 0],
      [400, 1, 3],
      [900, 1, 9],
    ],
    300,
  ],
  [
    'not known where there was text already',
    [
      [100, 1, 3],
      [400, 1, 5],
    ],
    null,
  ],
  [
    'that of the next answer',
    [
      [100, 1, 0],
      [300, 1, 2],
      [1000, 2, 0],
      [1050, 2, 1],
    ],
    50,
  ],
  [
    'that of the last answer in which it was seen',
    [
      [100, 1, 0],
      [300, 1, 2],
      [1000, 2, 4],
      [1050, 2, 6],
    ],
    200,
  ],
  [
    'not counted from an answer that had none',
    [
      [100, 1, 0],
      [500, 2, 4],
      [600, 2, 6],
    ],
    null,
  ],
  [
    'counted again after a pause',
    [
      [100, 1, 0],
      [300, null, 0],
      [500, 1, 0],
      [600, 1, 1],
    ],
    100,
  ],
] as const)('takes as the time to a first token %s', (_what, reports, expected) => {
  const { controller, join, say, at } = bed();
  const link = join('device', 'phone');
  for (const [seq, [atMs, session, writtenTokens]] of reports.entries()) {
    at(atMs);
    say(link, deviceReport({ seq: seq + 1, ...(session === null ? {} : reading(session, null, writtenTokens)) }));
  }
  expect(controller.members.devices.get('phone')?.firstTokenMs).toBe(expected);
});

it('orders a device anew that has joined again, and no longer listens to its old connection', () => {
  const { join, say, slot, assigns, sentTo, closed } = bed();
  say(join('edge', 'a'), edgeReport());
  const old = join('device', 'phone');
  say(old, deviceReport(reading(1, 'a', 3)));
  slot();
  slot();
  expect(assigns(old)).toHaveLength(1);
  const link = join('device', 'phone');
  expect(closed).toEqual([old]);
  say(old, deviceReport({ seq: 2, ...reading(1, 'a', 4) }));
  expect(sentTo(old).at(-1)).toMatchObject({ kind: 'refused', code: 'protocol-error' });
  say(link, deviceReport(reading(1, 'a', 4)));
  slot();
  expect(assigns(link)).toHaveLength(1);
});
