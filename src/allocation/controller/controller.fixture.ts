// A controller whose members a test plays, and their reports.

import { createPolicy } from '../policies/policies.ts';
import { checkState } from '../slot/check-state.ts';
import type { NamedPolicy } from '../slot/require-assignment.ts';
import { Controller } from './controller.ts';
import type { ControllerEvent } from './controller-events.ts';
import { decodeController, decodeMember, encodeControl } from './message-codec.ts';
import {
  type AssignMessage,
  type ControllerMessage,
  controlVersion,
  type DeviceReport,
  type EdgeReport,
  type MemberMessage,
} from './messages.ts';

const tokenizerHash = 'ab'.repeat(32);
const best: NamedPolicy = { name: 'best', decide: createPolicy('best') };
const greedy: NamedPolicy = { name: 'greedy', decide: createPolicy('greedy') };

export function edgeReport(changes: Partial<EdgeReport> = {}): EdgeReport {
  return {
    kind: 'edge-report',
    seq: 1,
    address: 'ws://edge:1',
    certificate: null,
    model: 'toy',
    fingerprint: 'f',
    tokenizerHash,
    places: 8,
    contextLength: 4096,
    stepFixedMs: 40,
    stepRowMs: 1,
    draftMs: null,
    sessions: 0,
    waiting: 0,
    busyShare: 0,
    bitsPerSecond: 1e9,
    isDraining: false,
    place: null,
    ...changes,
  };
}

export function deviceReport(changes: Partial<DeviceReport> = {}): DeviceReport {
  return {
    kind: 'device-report',
    seq: 1,
    tokenizerHash,
    fingerprint: null,
    links: [
      { edge: 'a', roundTripMs: 10, bitsPerSecond: null },
      { edge: 'b', roundTripMs: 10, bitsPerSecond: null },
    ],
    draftMs: 10,
    acceptance: 0.8,
    battery: 1,
    session: null,
    feltMsPerToken: null,
    uplinkUse: null,
    place: null,
    ...changes,
  };
}

export function reading(number: number, edge: string | null, writtenTokens = 0): Pick<DeviceReport, 'session'> {
  const session = number.toString(16).padStart(32, '0');
  return { session: { session, edge, promptTokens: 100, writtenTokens, answerTokens: 200 } };
}

/** Links are the numbers of connections. */
export interface Bed {
  readonly controller: Controller;
  readonly sent: readonly { readonly link: number; readonly message: ControllerMessage }[];
  readonly closed: readonly number[];
  readonly events: readonly ControllerEvent[];
  say(link: number, message: MemberMessage): void;
  /** @returns its link */
  join(role: 'edge' | 'device', id: string, changes?: object): number;
  at(ms: number): void;
  slot(): void;
  sentTo(link: number): ControllerMessage[];
  assigns(link: number): AssignMessage[];
}

/** A controller whose members a test plays. */
export function bed(policy: NamedPolicy = best, targetMsPerToken?: number): Bed {
  const sent: { link: number; message: ControllerMessage }[] = [];
  const closed: number[] = [];
  const events: ControllerEvent[] = [];
  let tickets = 0;
  let nowMs = 0;
  let links = 0;
  const controller = new Controller(
    {
      origin: { cell: 'default', epoch: 7 },
      slotMs: 1000,
      kind: 'felt',
      energyWeight: 0,
      targetMsPerToken,
      ticketValidMs: 5000,
      keyOf: (key) => (key === 'wrong' ? null : key),
      staleAfterMs: 3000,
      mostEdges: 4,
      mostDevices: 100,
    },
    {
      // What is sent can be read by the other side.
      send: (link, message) => {
        sent.push({ link, message: decodeController(encodeControl(message)) as ControllerMessage });
      },
      close: (link) => void closed.push(link),
      drawTicket: () => `ticket:${++tickets}`,
      log: (event) => void events.push(event),
    },
  );
  const say = (link: number, message: MemberMessage): void =>
    controller.received(link, decodeMember(encodeControl(message)), nowMs);
  return {
    controller,
    sent,
    closed,
    events,
    say,
    join(role, id, changes = {}) {
      links += 1;
      say(links, { kind: 'join', version: controlVersion, role, id, credentials: '', ...changes });
      return links;
    },
    at(ms) {
      nowMs = ms;
    },
    slot() {
      const open = controller.open(nowMs);
      if (open.state !== null) checkState(open.state);
      controller.apply(open, controller.decide(open, policy, greedy), nowMs);
    },
    sentTo: (link) => sent.filter((one) => one.link === link).map(({ message }) => message),
    assigns: (link) =>
      sent.flatMap(({ link: to, message }) => (to === link && message.kind === 'assign' ? [message] : [])),
  };
}
