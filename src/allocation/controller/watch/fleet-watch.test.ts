import { describe, expect, it } from 'vitest';
import { bed, deviceReport, edgeReport, reading } from '../controller.fixture.ts';
import type { ControllerEvent, DecidedEvent } from '../controller-events.ts';
import { fleetBed } from './fleet.fixture.ts';
import type { FaultKind } from './fleet-rows.ts';
import { type Ask, askAll, mostWatchBytes, snapshotOf } from './fleet-view.ts';
import { FleetWatch, linksOf } from './fleet-watch.ts';

const long = (role: string, at: number): string => `${role}-${at}-`.padEnd(64, 'x');

/** A decision about every device, with reasons as long as they can be. */
function decided(devices: Iterable<string>, edge: string): DecidedEvent {
  const paces = [...devices].map((device, at) => ({
    device,
    edge: at % 50 === 0 ? null : edge,
    predictedMs: 12345.678,
    predictedLaterMs: 1234.5678,
    feltMs: null,
    expectedTokens: null,
    rows: 3.25,
    bandwidthShare: 0.5,
    reason: '\u0001"語'.repeat(80),
  }));
  return { kind: 'decided', slot: 1, policy: 'best', edges: 1, devices: paces.length, moves: 0, shut: [], paces };
}

function edgesLeave(count: number): ControllerEvent[] {
  return Array.from({ length: count }, (_, at) => ({
    kind: 'left',
    role: 'edge',
    id: long('edge', at),
    code: 'edge-unreachable',
  }));
}

describe('what a watcher sees', () => {
  it('is who reads from where, and why, and how fast', () => {
    const fleet = bed();
    const watch = new FleetWatch(7);
    const a = fleet.join('edge', 'a');
    const b = fleet.join('edge', 'b');
    const phone = fleet.join('device', 'phone');
    fleet.say(a, edgeReport({ place: { xM: 1.4, yM: 2 } }));
    fleet.say(b, edgeReport({ stepFixedMs: 400 }));
    fleet.say(phone, deviceReport({ ...reading(1, null), place: { xM: 5, yM: 6 } }));
    fleet.at(400);
    fleet.slot();
    fleet.say(phone, deviceReport({ seq: 2, ...reading(1, 'a', 3), feltMsPerToken: 51.26, place: { xM: 5, yM: 6 } }));
    fleet.slot();
    for (const event of fleet.events) watch.event(event, 0);
    const { fleet: whole, edges, devices } = watch.fleet(fleet.controller.members, 500);
    expect(devices.get('phone')).toMatchObject({ state: 'reading', edge: 'a', goal: 'a', feltMs: 51.3, x: 5, y: 6 });
    expect(devices.get('phone')).toMatchObject({ firstMs: 400, written: 3, acceptance: 0.8 });
    expect(devices.get('phone')?.why).toMatch(/^policy best: .* ms a token predicted, .* at b/);
    expect(devices.get('phone')?.predictedMs).toBeGreaterThan(10);
    expect(edges.get('a')).toMatchObject({ state: 'serving', readers: 1, feltMs: 51.3, x: 1, y: 2 });
    expect(edges.get('a')?.rows).toBeGreaterThan(0);
    expect(edges.get('b')).toMatchObject({ readers: 0, rows: 0, feltMs: null, x: null });
    expect(whole).toMatchObject({ policy: 'best', edges: 2, devices: 1, reading: 1, unserved: 0, feltMs: 51.3 });
  });

  it('has links of the device that is asked for only, the shortest first', () => {
    const { members, move } = fleetBed(2, 3);
    for (let at = 1; at < 9; at += 1) move(at);
    const fleet = new FleetWatch(1).fleet(members, 1);
    const links = (device: string) => linksOf(members.devices.get(device));
    expect(snapshotOf(fleet, askAll, links).links).toEqual([]);
    const asked = snapshotOf(fleet, { ...askAll, device: 'device-1' }, links);
    expect(asked.links.map(([edge]) => edge)).toEqual(['a', 'b']);
  });
});

describe('what is wrong', () => {
  it('is listed by its kind, for a minute, and no more than so much', () => {
    const watch = new FleetWatch(1);
    const { members, move } = fleetBed(1, 0);
    move(0);
    members.closed(1);
    const at = (nowMs: number): string[] =>
      watch
        .fleet(members, nowMs)
        .faults.map(({ kind, subject }) => (kind === 'edge-away' ? kind : `${kind} ${subject}`));
    const one = (kind: FaultKind) => watch.fleet(members, 3000).faults.find((fault) => fault.kind === kind);
    const refused = { kind: 'refused', id: 'x', code: 'unauthorized', cause: 'no\u202e key' } as const;
    for (let count = 0; count < 3; count += 1) watch.event(refused, 1000);
    watch.event({ kind: 'left', role: 'edge', id: 'far', code: 'edge-unreachable' }, 2000);
    expect(at(3000)).toEqual(['refused unauthorized', 'edge-lost far', 'edge-away']);
    expect(one('refused')).toMatchObject({ count: 3, cause: 'no  key' });
    const order = { kind: 'not-followed', slot: 9, device: 'phone', edge: 'far', at: null, waitedMs: 5040 } as const;
    for (const at of ['b', null]) watch.event({ ...order, at }, 1000);
    expect(one('not-followed')).toMatchObject({ count: 2, cause: 'phone had 5.0 s, and has no edge' });
    watch.event({ kind: 'joined', role: 'edge', id: 'far' }, 4000);
    expect([at(61_000), at(61_001)]).toEqual([
      ['refused unauthorized', 'not-followed far', 'edge-away'],
      ['edge-away'],
    ]);
    // A minute from the last time.
    for (const atMs of [62_000, 100_000]) watch.event(refused, atMs);
    expect([at(160_000), at(160_001)]).toEqual([['refused unauthorized', 'edge-away'], ['edge-away']]);
    for (const event of edgesLeave(500)) watch.event(event, 170_000);
    expect(at(170_000)).toHaveLength(65);
  });

  it('is an edge that keeps its connection and has stopped to report', () => {
    const fleet = bed();
    fleet.say(fleet.join('edge', 'a'), edgeReport());
    const stateAt = (nowMs: number) => new FleetWatch(1).fleet(fleet.controller.members, nowMs).edges.get('a')?.state;
    expect([stateAt(2999), stateAt(3000)]).toEqual(['serving', 'away']);
  });

  it('names devices that no edge serves', () => {
    const fleet = bed();
    const watch = new FleetWatch(1);
    fleet.say(fleet.join('edge', 'a'), edgeReport({ isDraining: true }));
    fleet.say(fleet.join('device', 'phone'), deviceReport(reading(1, null)));
    fleet.slot();
    for (const event of fleet.events) watch.event(event, 0);
    const { devices, faults, fleet: whole } = watch.fleet(fleet.controller.members, 1);
    expect([devices.get('phone')?.state, whole.unserved, faults.map(({ kind, count }) => [kind, count])]).toEqual([
      'unserved',
      1,
      [['unserved', 1]],
    ]);
  });
});

describe('5,000 devices', () => {
  const { members, move } = fleetBed(300, 5000, long);
  const watch = new FleetWatch(1);
  for (let at = 1; at < 6; at += 1) move(at);
  watch.event(decided(members.devices.keys(), long('edge', 1)), 0);
  const plan = { edge: long('edge', 1), mode: 'edge-sd', hedges: 3, maxAhead: 512, reason: 'x'.repeat(256) } as const;
  for (const member of members.devices.values()) member.plan = { key: '', plan, changedAtMs: null };
  for (const event of edgesLeave(80)) watch.event(event, 0);
  const fleet = watch.fleet(members, 1);
  const see = (ask: Ask) => snapshotOf(fleet, ask, () => []);
  const sizeOf = (ask: Ask): number => {
    const links = Array.from(
      { length: 500 },
      (_, at): readonly [string, { roundTripMs: number; bitsPerSecond: number }] => [
        long('edge', at),
        { roundTripMs: 1234567.8, bitsPerSecond: 1e13 },
      ],
    );
    return Buffer.byteLength(JSON.stringify(snapshotOf(fleet, ask, () => links)));
  };

  it('fit in one snapshot, whatever is asked', () => {
    const asks: Ask[] = [
      askAll,
      { ...askAll, device: long('device', 1) },
      { ...askAll, edge: long('edge', 3), device: long('device', 3) },
      ...[2500, 1000, 800, 700, 600].map((m): Ask => ({ ...askAll, window: [0, 0, m, m], device: long('device', 1) })),
    ];
    const sizes = asks.map(sizeOf);
    expect(Math.max(...sizes)).toBeLessThan(mostWatchBytes);
    expect(sizes[0]).toBeGreaterThan(20_000);
  });

  it('come by cells, and one by one where few are asked for', () => {
    const all = see(askAll);
    const placed = [...fleet.devices.values()].filter(({ x }) => x !== null).length;
    expect(all.cells.reduce((sum, { devices }) => sum + devices, 0)).toBe(placed);
    for (const { x, y, side } of all.cells) expect([x % side, y % side]).toEqual([0, 0]);
    expect(all.devices).toHaveLength(24);
    expect(all.devices[0]?.[1].state).toBe('unserved');
    expect(all.view).toEqual({ devices: 5000, shown: 24, edges: 300, edgesShown: 80 });
    const few = see({ ...askAll, window: [0, 0, 500, 500] });
    const within = [...fleet.devices].filter(([, { x, y }]) => x !== null && y !== null && x <= 500 && y <= 500);
    expect(few.devices.map(([id]) => id).sort()).toEqual(within.map(([id]) => id).sort());
    expect(few.cells).toEqual([]);
    const ofEdge = see({ ...askAll, edge: long('edge', 3) });
    expect(ofEdge.devices.length).toBeGreaterThan(5);
    for (const [, { edge, goal }] of ofEdge.devices) expect(edge ?? goal).toBe(long('edge', 3));
    expect(ofEdge.edges.map(([id]) => id)).toContain(long('edge', 3));
    const other = [...fleet.devices.keys()].find((id) => !all.devices.some(([shown]) => shown === id)) ?? null;
    expect(see({ ...askAll, device: other }).devices.map(([id]) => id)).toEqual([
      ...all.devices.map(([id]) => id),
      other,
    ]);
  });

  it('show no character of a member that changes the text around it', () => {
    for (const [, { model }] of see(askAll).edges) {
      expect(model).toContain('<script>');
      expect(model).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});
