// Who decides a slot: the policy where it answers in time, else the fallback. No member waits for a policy.

import { expect, it } from 'vitest';
import type { ControllerEvent, DecidedEvent } from '../../allocation/controller/controller-events.ts';
import { decodeController, encodeControl } from '../../allocation/controller/message-codec.ts';
import {
  type ControllerMessage,
  controlVersion,
  type DeviceReport,
  type EdgeReport,
} from '../../allocation/controller/messages.ts';
import { createPolicy } from '../../allocation/policies/policies.ts';
import { PolicyFailure, type RemotePolicy } from '../../allocation/slot/remote-policy.ts';
import type { Assignment, SlotState } from '../../allocation/slot/slot-state.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Connection } from '../../network/transport/transport.ts';
import { type ControllerOptions, startController } from './controller-server.ts';

const slotMs = 1000;
const tokenizerHash = 'ab'.repeat(32);
const session = '1'.padStart(32, '0');
const edge: Omit<EdgeReport, 'seq' | 'address'> = {
  kind: 'edge-report',
  certificate: null,
  model: 'toy',
  fingerprint: 'f',
  tokenizerHash,
  places: 8,
  contextLength: 4096,
  stepFixedMs: 40,
  draftMs: null,
  stepRowMs: 1,
  sessions: 0,
  waiting: 0,
  busyShare: 0,
  bitsPerSecond: 1e9,
  isDraining: false,
  place: null,
};
const device: Omit<DeviceReport, 'seq'> = {
  kind: 'device-report',
  tokenizerHash,
  fingerprint: null,
  draftMs: 10,
  acceptance: 0.8,
  battery: 1,
  feltMsPerToken: null,
  uplinkUse: null,
  place: null,
  links: ['a', 'b'].map((id) => ({ edge: id, roundTripMs: 10, bitsPerSecond: null })),
  session: { session, edge: null, promptTokens: 100, writtenTokens: 0, answerTokens: 200 },
};

interface Question {
  readonly state: SlotState;
  answer(server: number): void;
  fail(failure: PolicyFailure): void;
}

/** A policy that decides when a test says so, and never two slots at a time. */
function slowPolicy(): RemotePolicy & { readonly questions: Question[]; canBeAsked: boolean } {
  const questions: Question[] = [];
  const policy = {
    name: 'slow',
    questions,
    canBeAsked: true,
    ask(state: SlotState): Promise<Assignment> | null {
      if (!policy.canBeAsked) return null;
      return new Promise((resolve, reject) => {
        const one = (value: number) => new Float64Array(state.deviceCount).fill(value);
        questions.push({
          state,
          answer: (server) =>
            resolve({ server: Int32Array.from(one(server)), bandwidthShare: one(1), computeShare: one(1) }),
          fail: reject,
        });
      });
    },
  };
  return policy;
}

/** Two edges, a and b, and a device that reads an answer. */
async function bed(origin: Pick<ControllerOptions, 'cell' | 'mayOrder'> = {}) {
  const clock = createManualClock();
  let stalledMs = 0;
  const policy = slowPolicy();
  const events: ControllerEvent[] = [];
  const fallback = { name: 'greedy', decide: createPolicy('greedy') };
  const controller = startController({
    ...origin,
    policy,
    fallback,
    slotMs,
    epoch: 1,
    clock: { nowMs: () => clock.nowMs() + stalledMs, after: (ms, callback) => clock.after(ms, callback) },
    onEvent: (event) => void events.push(event),
  });
  const member = (join: { role: 'edge' | 'device'; id: string; cell?: string }) => {
    const received: ControllerMessage[] = [];
    const closedBy: string[] = [];
    let seq = 0;
    const connection = {
      send: (bytes: Uint8Array) => void received.push(decodeController(bytes) as ControllerMessage),
      close: (code: string) => void closedBy.push(code),
    } as unknown as Connection;
    const handler = controller.accept(connection);
    const say = (message: object): void => handler.frame(encodeControl(message as EdgeReport));
    say({ kind: 'join', version: controlVersion, credentials: '', ...join });
    const report = (one: object): void => {
      seq += 1;
      say({ ...one, seq });
    };
    return { received, closedBy, report, leave: () => handler.closed({ by: 'peer', code: 'done', detail: '' }) };
  };
  const [a, b] = ['a', 'b'].map((id) => member({ role: 'edge', id })) as [
    ReturnType<typeof member>,
    ReturnType<typeof member>,
  ];
  const phone = member({ role: 'device', id: 'phone' });
  const report = (): void => {
    a.report({ ...edge, address: 'ws://a:1' });
    b.report({ ...edge, address: 'ws://b:1', stepFixedMs: 90 });
    phone.report(device);
  };
  report();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return {
    clock,
    policy,
    events,
    controller,
    a,
    b,
    phone,
    member,
    /** The controller's process was held up. */
    stall(ms: number): void {
      stalledMs += ms;
    },
    /** Lets time pass; members keep reporting. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 100) {
        clock.moveTo(clock.nowMs() + 100);
        report();
        await settle();
      }
    },
    decided: () =>
      events.filter((event): event is DecidedEvent => event.kind === 'decided').map(({ policy: by }) => by),
    edges: () => phone.received.flatMap((message) => (message.kind === 'assign' ? [message.edge] : [])),
  };
}

it('lets the policy decide, one slot at a time', async () => {
  const { policy, pass, decided, edges } = await bed();
  await pass(300);
  expect(policy.questions).toHaveLength(1);
  policy.questions[0]?.answer(1);
  await pass(100);
  // b, which no other policy would take.
  expect([decided(), edges()]).toEqual([['slow'], ['b']]);
});

it('decides itself when the slot is over, and drops what comes later', async () => {
  const { policy, pass, decided, edges, events, clock } = await bed();
  await pass(100);
  // As a thread does, which says after a slot that it is late.
  clock.after(slotMs, () => policy.questions[0]?.fail(new PolicyFailure('late', 'no decision within 1000 ms')));
  policy.canBeAsked = false;
  await pass(800);
  expect(decided()).toEqual([]);
  await pass(300);
  expect([decided(), edges()]).toEqual([['greedy'], ['a']]);
  expect(events).toContainEqual({
    kind: 'policy-late',
    policy: 'slow',
    cause: 'no decision within 1000 ms',
  });
  policy.questions[0]?.answer(1);
  await pass(2000);
  expect([decided(), edges()]).toEqual([['greedy', 'greedy', 'greedy'], ['a']]);
  policy.canBeAsked = true;
  await pass(1000);
  expect(policy.questions).toHaveLength(2);
});

it('sends nobody to an edge that has gone, or to drain, since the policy was asked', async () => {
  for (const change of ['gone', 'drains']) {
    const { policy, pass, decided, edges, b } = await bed();
    await pass(100);
    if (change === 'gone') b.leave();
    else b.report({ ...edge, address: 'ws://b:1', isDraining: true });
    policy.questions[0]?.answer(1);
    await Promise.resolve();
    await pass(0);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    expect([decided(), edges()]).toEqual([['slow'], []]);
  }
});

it('asks no policy whose turn is over', async () => {
  const { policy, controller, pass, decided, edges } = await bed();
  await pass(100);
  const next = { ...slowPolicy(), name: 'next' };
  controller.setPolicy(next, 'felt');
  policy.questions[0]?.answer(1);
  await pass(100);
  expect([decided(), edges()]).toEqual([['greedy'], ['a']]);
  await pass(1000);
  next.questions[0]?.answer(1);
  await pass(100);
  expect(decided().at(-1)).toBe('next');
});

it('decides at once where the policy is a function', async () => {
  const { controller, pass, decided, clock, policy } = await bed();
  policy.canBeAsked = false;
  controller.setPolicy({ name: 'here', decide: createPolicy('greedy') }, 'felt');
  clock.moveTo(150);
  expect(decided()).toEqual(['here']);
  controller.setPolicy({ name: 'broken', decide: () => JSON.parse('{}') }, 'felt');
  await pass(1000);
  expect(decided().slice(1)).toEqual(['greedy']);
});

it('says that it is alive, however long a slot or a decision takes', async () => {
  const { phone, pass } = await bed();
  await pass(12_000);
  expect(phone.received.filter(({ kind }) => kind === 'alive')).toHaveLength(2);
});

it('leaves time for all else after it has decided, and counts what the policy took as its own for none', async () => {
  const { policy, phone, pass, clock, controller, decided } = await bed();
  await pass(500);
  policy.canBeAsked = false;
  policy.questions[0]?.answer(0);
  await pass(0);
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  expect(controller.status.recent).toMatchObject([{ ownMs: 0 }]);
  expect(controller.status.recent[0]?.decisionMs).toBeGreaterThan(400);
  // An answer ends.
  phone.report({ ...device, session: null });
  clock.moveTo(clock.nowMs() + 99);
  expect(decided()).toHaveLength(1);
  clock.moveTo(clock.nowMs() + 1);
  expect(decided()).toHaveLength(2);
});

it('parts from a member that says nothing for a minute, and not because it was busy itself', async () => {
  const { phone, member, pass, stall } = await bed();
  const silent = member({ role: 'device', id: 'gone' });
  await pass(55_000);
  stall(3_600_000);
  await pass(1000);
  expect([silent.closedBy, phone.closedBy]).toEqual([[], []]);
  await pass(10_000);
  expect([silent.closedBy, phone.closedBy]).toEqual([['silent'], []]);
});

it('refuses members of another cell, and names its own in each message', async () => {
  const north = await bed({ cell: 'north' });
  expect(north.a.received[0]).toMatchObject({ kind: 'refused', code: 'cell-mismatch' });
  const { received } = north.member({ role: 'edge', id: 'c', cell: 'north' });
  expect(received).toMatchObject([{ kind: 'welcome', cell: 'north', epoch: 1 }]);
});

it('sends nothing while it may not order', async () => {
  let may = true;
  const { clock, policy, pass, phone, member } = await bed({ mayOrder: () => may });
  clock.moveTo(slotMs);
  may = false;
  const { length } = phone.received;
  policy.questions.at(-1)?.answer(0);
  await pass(6000);
  expect(phone.received).toHaveLength(length);
  expect(member({ role: 'device', id: 'late' }).received).toEqual([]);
  may = true;
  await pass(6000);
  expect(phone.received.length).toBeGreaterThan(length);
});
