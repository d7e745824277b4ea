import { expect, it } from 'vitest';
import { bed, deviceReport, edgeReport, reading } from './controller.fixture.ts';
import { type EdgeChoice, edgeReason } from './edge-reason.ts';

const choice: EdgeChoice = {
  by: 'policy best',
  edge: 'a',
  msPerToken: 41.26,
  cause: null,
  from: 'a',
  textTokens: 136,
  others: [
    { edge: 'b', msPerToken: 55 },
    { edge: 'c', msPerToken: 140.4 },
  ],
  objective: { devices: 3, at: (edge) => ({ a: 120, b: 131.4 })[edge] ?? Number.NaN },
};
const quickerAtB: Partial<EdgeChoice> = { others: [{ edge: 'b', msPerToken: 30 }] };

it.each<[string, Partial<EdgeChoice>, string]>([
  ['the best edge', {}, 'policy best: 41.3 ms a token predicted, 55.0 at b'],
  ['a move: what it leaves', { from: 'c' }, 'policy best: 41.3 ms a token predicted, 140 at c'],
  [
    'an edge that is gone',
    { from: 'd', cause: 'd is gone' },
    'd is gone; policy best: 41.3 ms a token predicted, 55.0 at b',
  ],
  ['the only one', { others: [] }, 'policy best: 41.3 ms a token predicted, the only edge with a place in its reach'],
  ['nothing compared', { others: null }, 'policy best: 41.3 ms a token predicted'],
  [
    'a text that stays though another edge is quicker',
    { ...quickerAtB, objective: null },
    'policy best: 41.3 ms a token predicted, 30.0 at b after reading 136 tokens again',
  ],
  [
    'a quicker edge where all together would be slower, which decides',
    { ...quickerAtB, from: null },
    'policy best: 41.3 ms a token predicted, 30.0 at b, but with it there all 3 devices together 131 in place of 120',
  ],
  [
    'a policy that does not minimise the sum',
    {
      ...quickerAtB,
      by: 'policy max-sinr',
      from: null,
      objective: { devices: 3, at: (edge) => (edge === 'a' ? 120 : 90) },
    },
    'policy max-sinr: 41.3 ms a token predicted, 30.0 at b; with it there all 3 devices together 90.0 in place of 120',
  ],
  [
    'one device, which is all',
    { ...quickerAtB, from: null, objective: { devices: 1, at: () => 40 } },
    'policy best: 41.3 ms a token predicted, 30.0 at b',
  ],
  [
    'an edge that can serve it no longer',
    { others: [{ edge: 'd', msPerToken: 41 }] },
    'policy best: 41.3 ms a token predicted, 41.0 at d',
  ],
])('%s', (_, changes, said) => {
  expect(edgeReason({ ...choice, ...changes })).toBe(said);
});

it('says in each slot what is predicted here and elsewhere, and why a text stays', () => {
  const { join, say, slot, assigns, events } = bed();
  const [a, b] = [join('edge', 'a'), join('edge', 'b')];
  say(a, edgeReport({ stepFixedMs: 60 }));
  say(b, edgeReport({ stepFixedMs: 90 }));
  const device = join('device', 'phone');
  say(device, deviceReport());
  slot();
  expect(assigns(device)[0]?.reason).toMatch(/^chosen before it asked: [\d.]+ ms a token predicted, [\d.]+ at b$/);
  const now = (written: number, stepOfB: number, seq: number): string => {
    say(b, edgeReport({ seq, stepFixedMs: stepOfB }));
    say(device, deviceReport({ seq, ...reading(1, 'a', written) }));
    slot();
    const decided = events.findLast((event) => event.kind === 'decided');
    return decided?.paces[0]?.reason ?? '';
  };
  const [, here, there] = /^policy best: ([\d.]+) ms a token predicted, ([\d.]+) at b$/.exec(now(5, 90, 2)) ?? [];
  expect(Number(there) / Number(here)).toBeGreaterThan(1.2);
  // b becomes quicker, and the answer is almost over.
  expect(now(195, 40, 3)).toMatch(/predicted, [\d.]+ at b after reading 295 tokens again$/);
  expect(assigns(device)).toHaveLength(1);
});

it('names the edge that has no place', () => {
  const { join, say, slot, assigns } = bed({
    name: 'all-at-a',
    decide: ({ deviceCount }) => ({
      server: new Int32Array(deviceCount),
      bandwidthShare: new Float64Array(deviceCount).fill(1 / deviceCount),
      computeShare: new Float64Array(deviceCount).fill(1 / deviceCount),
    }),
  });
  say(join('edge', 'a'), edgeReport({ places: 1 }));
  say(join('edge', 'b'), edgeReport());
  const devices = ['one', 'other'].map((id) => join('device', id));
  for (const [at, device] of devices.entries()) say(device, deviceReport(reading(at + 1, null)));
  slot();
  expect(devices.map((device) => assigns(device)[0]?.reason)).toContainEqual(
    expect.stringMatching(/^a is full; policy all-at-a: [\d.]+ ms a token predicted/),
  );
});

it('adds what all devices together would have, where the device alone would be quicker elsewhere', () => {
  const { join, say, slot, assigns } = bed({
    name: 'all-at-b',
    decide: ({ deviceCount }) => ({
      server: new Int32Array(deviceCount).fill(1),
      bandwidthShare: new Float64Array(deviceCount).fill(1 / deviceCount),
      computeShare: new Float64Array(deviceCount).fill(1 / deviceCount),
    }),
  });
  say(join('edge', 'a'), edgeReport());
  say(join('edge', 'b'), edgeReport({ stepFixedMs: 200 }));
  const devices = ['one', 'other', 'third'].map((id) => join('device', id));
  for (const [at, device] of devices.entries()) say(device, deviceReport(reading(at + 1, null)));
  slot();
  const said = /^policy all-at-b: .* at a; with it there all 3 devices together ([\d.]+) in place of ([\d.]+)$/;
  const [, there, here] = said.exec(assigns(devices[0] as number)[0]?.reason ?? '') ?? [];
  expect(Number(there)).toBeLessThan(Number(here));
});
