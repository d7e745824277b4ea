import { describe, expect, it } from 'vitest';
import { neighbours } from '../../core/basics/neighbours.fixture.ts';
import type { NamedPolicy } from '../slot/require-assignment.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { bed, deviceReport, edgeReport, reading } from './controller.fixture.ts';
import { decodeController, decodeMember, encodeControl } from './message-codec.ts';
import { controlVersion, type EdgeReport } from './messages.ts';

describe('a controller', () => {
  it('welcomes members, sends devices the edges, and sends each where it is served best', () => {
    const { controller, join, say, slot, sentTo, assigns } = bed();
    const [a, b] = [join('edge', 'a'), join('edge', 'b')];
    say(a, edgeReport({ address: 'ws://a:1' }));
    say(b, edgeReport({ address: 'ws://b:1', stepFixedMs: 90 }));
    const device = join('device', 'phone');
    expect(sentTo(device)).toEqual([
      {
        kind: 'welcome',
        version: controlVersion,
        cell: 'default',
        epoch: 7,
        slotMs: 1000,
        takesChanges: true,
        confirmsRows: true,
      },
    ]);
    expect(controller.isUrgent).toBe(true);
    slot();
    expect(sentTo(device).at(-1)).toMatchObject({ kind: 'edges', edges: [{ id: 'a' }, { id: 'b' }] });
    say(device, deviceReport());
    slot();
    // It reads nothing yet; a is quicker.
    expect(assigns(device)).toMatchObject([{ edge: 'a', ticket: 'ticket:1', slot: 2 }]);
    // The edge has the ticket, and had it before the device.
    expect(sentTo(a)).toContainEqual({
      kind: 'shares',
      cell: 'default',
      epoch: 7,
      slot: 2,
      sessions: [],
      tickets: [{ ticket: 'ticket:1', validMs: 5000, device: 'phone' }],
    });
    say(device, deviceReport({ seq: 2, ...reading(1, 'a', 5) }));
    slot();
    expect(assigns(device)).toHaveLength(1);
    expect(sentTo(a).at(-1)).toMatchObject({ sessions: [{ session: '1'.padStart(32, '0'), computeShare: 1 }] });
  });

  it('orders its target for every session, where it has one', () => {
    for (const targetMs of [undefined, 80]) {
      const { join, say, slot, sentTo } = bed(undefined, targetMs);
      const a = join('edge', 'a');
      say(a, edgeReport());
      const device = join('device', 'phone');
      say(device, deviceReport({ ...reading(1, 'a', 5) }));
      slot();
      const orders = sentTo(a).flatMap((message) => (message.kind === 'shares' ? message.sessions : []));
      expect(orders.map(({ targetMsPerToken }) => targetMsPerToken)).toEqual([targetMs]);
    }
  });

  it('draws a new ticket for the next answer', () => {
    const { join, say, slot, assigns } = bed();
    say(join('edge', 'a'), edgeReport());
    const device = join('device', 'phone');
    say(device, deviceReport());
    slot();
    say(device, deviceReport({ seq: 2, ...reading(1, 'a', 5) }));
    slot();
    say(device, deviceReport({ seq: 3 }));
    slot();
    expect(assigns(device).map(({ ticket }) => ticket)).toEqual(['ticket:1', 'ticket:2']);
  });

  it.each([
    // A ticket is renewed after half of its 5 s.
    ['while the edge stays', null, [1, 1, 1, 2, 2, 2, 3, 3, 3]],
    ['at once after the edge has joined again', 1, [1, 2, 2, 2, 3, 3, 3, 4, 4]],
    ['at once, and in its time from then on', 4, [1, 1, 1, 2, 3, 3, 3, 4, 4]],
    ['at once where it is due anyway', 6, [1, 1, 1, 2, 2, 2, 3, 3, 3]],
  ] as const)('renews tickets of devices that read nothing: %s', (_name, joinsAgain, expected) => {
    const { join, say, slot, assigns, at } = bed();
    let edge = join('edge', 'a');
    say(edge, edgeReport());
    const device = join('device', 'phone');
    const orders = expected.map((_, turn) => {
      at(1000 * turn);
      if (turn === joinsAgain) edge = join('edge', 'a');
      say(edge, edgeReport({ seq: turn + 2 }));
      say(device, deviceReport({ seq: turn + 2 }));
      slot();
      return assigns(device).length;
    });
    expect(orders).toEqual(expected);
  });

  it('spreads devices over edges, and moves those of one that drains or is gone at once', () => {
    const { controller, join, say, slot, assigns, at } = bed();
    const [a, b] = [join('edge', 'a'), join('edge', 'b')];
    say(a, edgeReport());
    say(b, edgeReport());
    const devices = Array.from({ length: 6 }, (_, index) => join('device', `phone-${index}`));
    for (const [index, device] of devices.entries()) say(device, deviceReport(reading(index + 1, null)));
    slot();
    const at0 = devices.map((device) => assigns(device).at(-1)?.edge);
    expect(at0.filter((edge) => edge === 'a')).toHaveLength(3);
    for (const [index, device] of devices.entries())
      say(device, deviceReport({ seq: 2, ...reading(index + 1, at0[index] as string, 10) }));
    slot();
    expect(controller.isUrgent).toBe(false);
    at(500);
    say(a, edgeReport({ seq: 2, isDraining: true }));
    expect(controller.isUrgent).toBe(true);
    slot();
    expect(devices.map((device) => assigns(device).at(-1)?.edge)).toEqual(Array(6).fill('b'));
    const [moved, stayed] = ['a', 'b'].map((edge) => assigns(devices[at0.indexOf(edge)] as number).at(-1)?.reason);
    expect(moved).toMatch(
      /^a drains; policy best: [\d.]+ ms a token predicted, the only edge with a place in its reach$/,
    );
    expect(stayed).toMatch(/^policy best: /);
    controller.closed(b, 'done');
    say(a, edgeReport({ seq: 3 }));
    expect(controller.isUrgent).toBe(true);
    slot();
    expect(devices.map((device) => assigns(device).at(-1)?.edge)).toEqual(Array(6).fill('a'));
  });

  it('does not move a text for a little, and to another target only if the device allows it', () => {
    const { join, say, slot, assigns } = bed();
    const [a, b] = [join('edge', 'a'), join('edge', 'b')];
    say(a, edgeReport({ stepFixedMs: 41 }));
    say(b, edgeReport({ fingerprint: 'other' }));
    const [near, strict] = [join('device', 'near'), join('device', 'strict')];
    say(near, deviceReport(reading(1, 'a', 100)));
    slot();
    expect(assigns(near)).toMatchObject([{ edge: 'a' }]);
    say(a, edgeReport({ seq: 2, stepFixedMs: 400 }));
    say(strict, deviceReport({ fingerprint: 'f', ...reading(2, 'a', 100) }));
    slot();
    expect(assigns(near).at(-1)?.edge).toBe('b');
    expect(assigns(strict)).toMatchObject([{ edge: 'a' }]);
  });

  it('takes a text of one target to no edge whose fingerprint differs in one digit, nor a device to another tokenizer', () => {
    const [target, tokenizerHash] = ['0f'.repeat(8), 'ab'.repeat(32)];
    const others = [
      ...neighbours(target).map((fingerprint) => ({ fingerprint })),
      ...neighbours(tokenizerHash).map((hash) => ({ fingerprint: target, tokenizerHash: hash })),
    ];
    for (const other of [...others, { fingerprint: target }]) {
      const { join, say, slot, assigns } = bed();
      const [a, b] = [join('edge', 'a'), join('edge', 'b')];
      say(a, edgeReport({ fingerprint: target }));
      say(b, edgeReport(other));
      const device = join('device', 'strict');
      say(device, deviceReport({ fingerprint: target, ...reading(1, 'a', 100) }));
      slot();
      say(a, edgeReport({ seq: 2, fingerprint: target, stepFixedMs: 900 }));
      slot();
      const isAlike = !others.includes(other as (typeof others)[number]);
      expect(assigns(device).at(-1)?.edge).toBe(isAlike ? 'b' : 'a');
    }
  });

  it('says which edges take no session, and of two models under one name', () => {
    const { join, say, slot, events } = bed();
    const [a, b, c] = [join('edge', 'a'), join('edge', 'b'), join('edge', 'c')];
    say(a, edgeReport({ sessions: 8 }));
    say(b, edgeReport({ isDraining: true }));
    say(c, edgeReport({ model: 'another', fingerprint: 'g' }));
    slot();
    expect(events.findLast((event) => event.kind === 'decided')?.shut).toEqual([
      { edge: 'a', why: 'full' },
      { edge: 'b', why: 'draining' },
    ]);
    const differs = () => events.filter((event) => event.kind === 'model-differs');
    expect(differs()).toEqual([]);
    for (const seq of [2, 3]) say(b, edgeReport({ seq, fingerprint: 'h' }));
    say(a, edgeReport({ seq: 2 }));
    expect(differs()).toEqual([{ kind: 'model-differs', edge: 'b', other: 'a', model: 'toy' }]);
  });

  it('sends no more sessions than an edge has places', () => {
    const { join, say, slot, assigns } = bed();
    say(join('edge', 'a'), edgeReport({ places: 2 }));
    say(join('edge', 'b'), edgeReport({ places: 8, stepFixedMs: 900 }));
    const devices = Array.from({ length: 5 }, (_, index) => join('device', `phone-${index}`));
    for (const [index, device] of devices.entries()) say(device, deviceReport(reading(index + 1, null)));
    slot();
    expect(devices.filter((device) => assigns(device).at(-1)?.edge === 'a').length).toBeLessThanOrEqual(2);
    expect(devices.every((device) => assigns(device).length === 1)).toBe(true);
  });

  it('forgets what is stale: reports age, whatever the clocks of members say', () => {
    const { join, say, slot, assigns, at, controller } = bed();
    say(join('edge', 'a'), edgeReport());
    const device = join('device', 'phone');
    at(2000);
    say(device, deviceReport(reading(1, null)));
    slot();
    expect(assigns(device)).toHaveLength(1);
    at(3100);
    slot();
    expect(controller.members.liveEdges(3100)).toEqual([]);
    expect(controller.members.liveDevices(3100)).toHaveLength(1);
  });

  it('compares what was predicted with what is felt, and corrects the times of the edge', () => {
    const { join, say, slot, at, events, controller } = bed();
    const edge = join('edge', 'a');
    const device = join('device', 'phone');
    for (let turn = 1; turn <= 80; turn += 1) {
      at(1000 * turn);
      say(edge, edgeReport({ seq: turn }));
      const last = events.findLast((event) => event.kind === 'decided');
      const predicted = last?.paces[0]?.predictedMs;
      // It takes 1.4 times what the step law says.
      const felt =
        predicted === undefined
          ? null
          : (1.4 * predicted) / (controller.members.liveEdges(1000 * turn)[0]?.correction ?? 1);
      say(device, deviceReport({ seq: turn, feltMsPerToken: felt, ...reading(1, 'a', 10 + turn) }));
      slot();
    }
    expect(controller.members.liveEdges(80_000)[0]?.correction).toBeGreaterThan(1.25);
    expect(controller.members.liveEdges(80_000)[0]?.correction).toBeLessThan(1.75);
  });
});

it('learns which part of their limits the answers of a device have, the newest for a quarter', () => {
  const { join, say, controller } = bed();
  say(join('edge', 'a'), edgeReport());
  const device = join('device', 'phone');
  const share = (): number | null | undefined => controller.members.liveDevices(0)[0]?.lengthShare;
  const shares: unknown[] = [];
  // Each ends with so many of its 200 tokens; one without any does not count.
  for (const [turn, tokens] of [50, 150, 0, 200, 200].entries()) {
    say(device, deviceReport({ seq: turn + 1, ...reading(turn + 1, 'a', tokens) }));
    shares.push(share());
  }
  expect(shares).toEqual([null, 0.25, 0.375, 0.375, 0.375 + 0.25 * (1 - 0.375)]);
});

describe('a controller refuses', () => {
  it('members without a key, and reports of who has not joined, and says why', () => {
    const { join, sentTo, closed, say } = bed();
    const stranger = join('device', 'stranger', { credentials: 'wrong' });
    expect(sentTo(stranger)).toMatchObject([{ kind: 'refused', code: 'unauthorized' }]);
    say(99, deviceReport());
    expect(sentTo(99)).toMatchObject([{ kind: 'refused', code: 'protocol-error', cause: 'a report before a join' }]);
    const edge = join('edge', 'a');
    say(edge, deviceReport());
    expect(sentTo(edge).at(-1)).toMatchObject({ kind: 'refused', cause: 'a device-report of edge a' });
    expect(closed).toEqual([stranger, 99, edge]);
  });

  it('more edges than it may have; a newer connection of the same member replaces the older one', () => {
    const { join, sentTo, closed } = bed();
    const edges = ['a', 'b', 'c', 'd'].map((id) => join('edge', id));
    expect(sentTo(join('edge', 'e'))).toMatchObject([{ kind: 'refused', code: 'edge-full' }]);
    const again = join('edge', 'a');
    expect(sentTo(again)).toMatchObject([{ kind: 'welcome' }]);
    expect(closed).toContain(edges[0]);
    expect(sentTo(edges[0] as number).at(-1)).toMatchObject({ kind: 'refused', code: 'superseded' });
  });

  it('a name that another key has brought, and the first one stays; it is free again when that one is forgotten', () => {
    const { join, say, slot, at, sentTo, closed, controller } = bed();
    const own = join('device', 'phone', { credentials: 'one' });
    say(own, deviceReport());
    const thief = join('device', 'phone', { credentials: 'other' });
    expect(sentTo(thief)).toMatchObject([{ kind: 'refused', code: 'name-taken' }]);
    expect(closed).toEqual([thief]);
    expect(controller.members.memberOf(own)).toEqual({ role: 'device', id: 'phone' });
    // The owner's connection is lost, and it comes back.
    controller.closed(own, 'edge-unreachable');
    expect(sentTo(join('device', 'phone', { credentials: 'other' }))).toMatchObject([{ code: 'name-taken' }]);
    const again = join('device', 'phone', { credentials: 'one' });
    expect(sentTo(again)).toMatchObject([{ kind: 'welcome' }]);
    controller.closed(again, 'done');
    at(10_000);
    slot();
    expect(sentTo(join('device', 'phone', { credentials: 'other' }))).toMatchObject([{ kind: 'welcome' }]);
  });

  it('no field and no kind of a later version, once a member has joined: it ignores them', () => {
    const { join, say, sentTo, closed, controller } = bed();
    const edge = join('edge', 'a', { cells: ['north'] });
    say(edge, { ...edgeReport(), colour: 'red' } as EdgeReport);
    say(edge, { kind: 'weather', rain: 1 } as unknown as EdgeReport);
    expect(controller.members.edges.get('a')?.report).toEqual(edgeReport());
    expect([sentTo(edge).length, closed]).toEqual([1, []]);
    say(99, { kind: 'weather', rain: 1 } as unknown as EdgeReport);
    expect(sentTo(99)).toMatchObject([{ kind: 'refused', cause: 'a report before a join' }]);
  });

  it.each([
    ['a member', { kind: 'join', version: controlVersion - 1, role: 'edge', id: 'a', credentials: '' }],
    ['a member of which nothing else is known', { kind: 'join', version: controlVersion + 1 }],
  ])('%s of another version', (_, message) => {
    const bytes = new TextEncoder().encode(JSON.stringify(message));
    expect(() => decodeMember(bytes)).toThrow(expect.objectContaining({ code: 'version-mismatch' }));
  });

  it.each([
    ['a number that is none', { stepRowMs: Number.NaN }, 'stepRowMs'],
    ['a negative number', { sessions: -1 }, 'sessions'],
    ['a million places', { places: 1e6 }, 'places'],
    ['an address of a kilobyte', { address: 'x'.repeat(1000) }, 'address'],
  ])('%s in a report', (_, changes, where) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...edgeReport(), ...changes }));
    expect(() => decodeMember(bytes)).toThrow(where);
  });

  it('a draft that takes no time; one whose time is no number counts as not measured', () => {
    const bytes = (draftMs: number): Uint8Array => encodeControl(deviceReport({ draftMs }));
    expect(() => decodeMember(bytes(0))).toThrow('draftMs');
    expect(decodeMember(bytes(Number.NaN))).toMatchObject({ draftMs: null });
  });

  it.each([
    ['a mode that no edge serves', { mode: 'local' }, 'mode'],
    ['more alternatives than a plan may have', { hedges: 4 }, 'hedges'],
    ['no draft at all', { maxAhead: 0 }, 'maxAhead'],
    ['more drafts than an edge takes', { maxAhead: 513 }, 'maxAhead'],
  ])('%s in a plan', (_, changes, where) => {
    const plan = {
      kind: 'plan',
      cell: 'default',
      epoch: 1,
      slot: 1,
      edge: 'a',
      mode: 'auto',
      hedges: 1,
      maxAhead: 24,
      reason: '',
    };
    const bytes = (message: object): Uint8Array => new TextEncoder().encode(JSON.stringify(message));
    expect(decodeController(bytes(plan))).toEqual(plan);
    expect(() => decodeController(bytes({ ...plan, ...changes }))).toThrow(where);
  });

  it('what is no JSON, and what is too long', () => {
    expect(() => decodeMember(new Uint8Array([1, 2, 255]))).toThrow('not JSON');
    expect(() => decodeMember(new Uint8Array(300_000))).toThrow('300000 bytes');
  });

  it('a policy that throws or gives nonsense: another one decides, and an event says so', () => {
    const broken: readonly NamedPolicy[] = [
      {
        name: 'throws',
        decide: () => {
          throw new Error('no');
        },
      },
      { name: 'nonsense', decide: () => ({ server: Int32Array.of(99) }) as unknown as Assignment },
      {
        name: 'no numbers',
        decide: ({ deviceCount }: SlotState) => ({
          server: new Int32Array(deviceCount),
          bandwidthShare: new Float64Array(deviceCount).fill(Number.NaN),
          computeShare: new Float64Array(deviceCount).fill(1 / deviceCount),
        }),
      },
      {
        name: 'half',
        decide: ({ deviceCount }: SlotState) => ({
          server: new Int32Array(deviceCount).fill(0),
          bandwidthShare: new Float64Array(deviceCount).fill(2),
          computeShare: new Float64Array(deviceCount),
        }),
      },
    ];
    for (const policy of broken) {
      const { join, say, slot, assigns, events } = bed(policy);
      say(join('edge', 'a'), edgeReport());
      const device = join('device', 'phone');
      say(device, deviceReport(reading(1, null)));
      slot();
      expect(assigns(device)).toMatchObject([{ edge: 'a' }]);
      expect(events).toContainEqual(expect.objectContaining({ kind: 'policy-failed', policy: policy.name }));
    }
  });
});

it('predicts much the same before a device asks and when it reads', () => {
  const one = bed();
  one.say(one.join('edge', 'a'), edgeReport());
  const device = one.join('device', 'phone');
  one.say(device, deviceReport());
  one.slot();
  const before = one.assigns(device).at(-1)?.msPerToken ?? Number.NaN;
  one.say(device, deviceReport({ seq: 2, ...reading(1, 'a', 20) }));
  one.slot();
  const events = one.events.flatMap((event) => (event.kind === 'decided' ? event.paces : []));
  const after = events.at(-1)?.predictedMs ?? Number.NaN;
  expect(before / after).toBeGreaterThan(0.7);
  expect(before / after).toBeLessThan(1.4);
});
