import { expect, it } from 'vitest';
import { bed, deviceReport, edgeReport, reading } from './controller.fixture.ts';
import type { DeviceReport } from './messages.ts';

/** Edge a is quick and b is slow, so a is ordered. The device's reports, each at its time in ms, and a decision after each. */
interface Play {
  readonly reports: readonly (readonly [atMs: number, reading: Pick<DeviceReport, 'session'>])[];
  /** Times at which edge a drains, so that b is ordered. */
  readonly drains?: readonly number[];
}

const every = (fromMs: number, toMs: number, stepMs: number): number[] =>
  Array.from({ length: 1 + Math.floor((toMs - fromMs) / stepMs) }, (_, at) => fromMs + at * stepMs);
/** Reports of the same answer. */
const during = (times: readonly number[], edge: string | null, written = 5, answer = 1): Play['reports'] =>
  times.map((atMs) => [atMs, reading(answer, edge, written)]);
const idle = (times: readonly number[]): Play['reports'] => times.map((atMs) => [atMs, { session: null }]);

function played({ reports, drains = [] }: Play, rowMs = 1) {
  const { join, say, slot, at, events, assigns } = bed();
  const [a, b] = [join('edge', 'a'), join('edge', 'b')];
  const device = join('device', 'phone');
  for (const [seq, [atMs, session]] of reports.entries()) {
    at(atMs);
    say(a, edgeReport({ seq, stepRowMs: rowMs, isDraining: drains.includes(atMs) }));
    say(b, edgeReport({ seq, stepRowMs: rowMs, stepFixedMs: 9000 }));
    say(device, deviceReport({ seq, ...session }));
    slot();
  }
  const told = events.filter((event) => event.kind === 'not-followed');
  return { told, orders: assigns(device).map(({ edge }) => edge) };
}

const often = (fromMs: number, toMs: number): number[] => every(fromMs, toMs, 100);

it.each<[string, Play, number?]>([
  ['was sent there less than five seconds ago, in however many decisions', { reports: during(often(0, 4900), null) }],
  [
    'had the order long before it asked',
    { reports: [...idle(every(0, 2400, 100)), ...during(often(2500, 7000), null)] },
  ],
  [
    'was there, and has lost its connection',
    { reports: [...during(often(0, 3000), null), ...during([3100], 'a'), ...during(often(3200, 7500), null)] },
  ],
  [
    'reads each answer to its end at the edge where that began',
    { reports: [1, 2, 3].flatMap((answer) => during(often(4000 * answer, 4000 * answer + 3900), 'b', 5, answer)) },
  ],
  [
    'gets other orders meanwhile',
    { reports: during(often(0, 12_000), null), drains: [...often(3000, 6000), ...often(9000, 12_000)] },
  ],
  [
    'was silent meanwhile, or had no edge that could serve it',
    { reports: [...during(often(0, 2500), null), ...during(often(9000, 10_400), null)] },
  ],
  ['waits while the edge reads its text', { reports: during(often(0, 14_000), 'b', 90) }, 50],
])('no alarm is raised about a device that %s', (_, play, rowMs) => {
  expect(played(play, rowMs).told).toEqual([]);
});

it.each<[string, Play, object]>([
  ['has no edge', { reports: during(often(0, 5000), null) }, { at: null, waitedMs: 5000 }],
  ['reads elsewhere', { reports: during(often(0, 6000), 'b', 1) }, { at: 'b', waitedMs: 5300 }],
])('an alarm is raised about a device that can not reach its edge, and %s; it gets its order again', (_, play, how) => {
  const { told, orders } = played(play);
  expect(told).toMatchObject([{ device: 'phone', edge: 'a', ...how }]);
  expect(orders).toEqual(['a', 'a']);
});

it.each<[string, Play, readonly string[]]>([
  [
    'to b, by an order that is overtaken by one to stay at a',
    { reports: [...during(often(0, 1900), 'a', 1), ...during(often(2000, 3000), 'b', 1)], drains: often(1000, 1500) },
    ['a', 'b', 'a', 'a'],
  ],
  [
    'to a, and back to b by itself',
    { reports: [...during([0], 'b', 1), ...during([1000], 'a', 1), ...during([2000, 3000], 'b', 1)] },
    ['a', 'a'],
  ],
  ['to b, where it has begun its answer by itself', { reports: [...idle([0]), ...during([1000], 'b', 1)] }, ['a', 'a']],
])('a device that has gone %s, is sent to a again at once, and no alarm is raised', (_, play, expected) => {
  const { told, orders } = played(play);
  expect([told, orders]).toEqual([[], expected]);
});
