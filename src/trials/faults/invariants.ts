// Observes devices and edges, and throws at the first event that violates an invariant. A reconnect hides most violations from the final
// text, so the invariants apply to every step.

import type { DeviceEffect, DeviceEvent, DeviceStep } from '../../protocol/device-state.ts';
import type { EdgeEvent } from '../../protocol/edge-state.ts';
import type { DeviceMessage, EdgeMessage } from '../../protocol/messages.ts';
import { modeOf } from '../../protocol/mode.ts';
import type { DeviceWorld, VirtualDevice } from '../../virtual-time/device.ts';
import type { EdgeObserver, VirtualEdge } from '../../virtual-time/edge.ts';
import type { VirtualLink } from '../../virtual-time/link.ts';
import type { VirtualSession } from '../../virtual-time/sessions.ts';
import type { ReferenceText } from '../../virtual-time/toy-target.ts';
import type { LieWatch } from './lies.ts';
import { textDeadlines } from './scene.ts';

/** The invariants of every run. */
export const invariants = [
  'edge-text', // an edge's text is a prefix of the text that the target writes alone
  'device-text', // so is the text that the reader sees, and it never becomes shorter
  'no-honest-error', // an honest device neither receives nor reports a protocol error
  'lies-refused', // a device accepts no message that it can recognise as a lie
  'patient', // a device gives up only if the first connection fails, or after a long time without text
  'gives-up', // after that time it does give up
  'current-link', // the newest connection of a session is never superseded
  'bounded', // the number of drafts and the number of unacknowledged tokens have a limit
  'nothing-when-blocked', // a side sends nothing while its queue is full
  'commits-in-order', // each commit starts at the end of the last one on its connection
  'finished', // every honest session ends with the whole text
  'forgotten', // edges keep no finished session and no closed connection
  'no-crash', // no machine violates an internal invariant
] as const;
export type InvariantName = (typeof invariants)[number];

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly invariant: InvariantName;

  constructor(invariant: InvariantName, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

function demand(condition: boolean, invariant: InvariantName, detail: () => string): asserts condition {
  if (!condition) throw new InvariantViolation(invariant, detail());
}

interface Reader {
  readonly reference: ReferenceText;
  /** Of the scene, without the planted bug. */
  readonly giveUpAfterMs: number;
  /** Tokens that the device has shown, with the prompt. */
  shown: number;
  /** Time of the last text, or of the start. */
  textAtMs: number;
  hasConnected: boolean;
}

interface Checked {
  generation: number;
  length: number;
}

/** Approximate bytes of an id in an array; exact enough to detect growth. */
const bytesPerId = 8;

export class InvariantWatch implements EdgeObserver {
  readonly #readers = new Map<VirtualDevice, Reader>();
  readonly #references = new Map<string, ReferenceText>();
  readonly #owners = new Map<VirtualLink, VirtualDevice>();
  readonly #checked = new WeakMap<VirtualSession, Checked>();
  /** The position at which the next commit on a connection must start. */
  readonly #commitEnds = new Map<VirtualLink, number>();
  /** From the `open` of each session. */
  readonly #maxAhead = new Map<string, number>();
  /** For each session and edge the largest attempt that was sent, and its link. */
  readonly #newest = new Map<string, { attempt: number; link: VirtualLink }>();
  /** The last attach on a connection. */
  readonly #attaches = new Map<VirtualLink, 'open' | 'resume'>();
  readonly #lies: LieWatch;
  edgeBytesPeak = 0;
  steps = 0;
  committedTokens = 0;

  constructor(lies: LieWatch) {
    this.#lies = lies;
  }

  /** Whether the device's last attach on this connection was an `open`. */
  hasSentOpen(link: VirtualLink): boolean {
    return this.#attaches.get(link) === 'open';
  }

  /** Checks this device from now on; to be called again after a restart. */
  follow(device: VirtualDevice, reference: ReferenceText, giveUpAfterMs: number): void {
    const shown = device.state.text.length;
    this.#readers.set(device, {
      reference,
      giveUpAfterMs,
      shown,
      textAtMs: device.process.nowMs(),
      hasConnected: false,
    });
    this.#references.set(device.state.turn.session, reference);
  }

  owns(device: VirtualDevice, link: VirtualLink): void {
    this.#owners.set(link, device);
  }

  deviceStepped: NonNullable<DeviceWorld['deviceStepped']> = (device, event: DeviceEvent, step: DeviceStep) => {
    const reader = this.#readers.get(device);
    if (reader === undefined) return;
    const link = 'link' in event ? device.link(event.link) : undefined;
    const believed = this.#lies.believed(link, event, step);
    demand(believed === null, 'lies-refused', () => `${device.settings.name} believes ${believed}`);
    const isLiedTo = link !== undefined && this.#lies.isLiar(link);
    const mayFail = isLiedTo && this.#lies.mayFail(event);
    for (const effect of step.effects) {
      if (effect.kind === 'finish' && mayFail) continue;
      this.#checkEffect(device, reader, effect, isLiedTo);
    }
    const { length } = step.state.text;
    demand(
      length === reader.shown,
      'device-text',
      () => `${device.settings.name} holds ${length}, showed ${reader.shown}`,
    );
  };

  deviceSends: NonNullable<DeviceWorld['deviceSends']> = (device, link, message: DeviceMessage, isWritable) => {
    const isWaiting = ['draft', 'ack', 'verify', 'pong'].includes(message.kind);
    demand(isWritable || !isWaiting, 'nothing-when-blocked', () => `${device.settings.name} sends a ${message.kind}`);
    if (message.kind !== 'open' && message.kind !== 'resume') return;
    this.#attaches.set(link, message.kind);
    this.#checkPatience(device);
    const edge = device.links.find((candidate) => candidate.link === link)?.edge;
    const key = `${message.session} ${edge}`;
    if (message.attempt > (this.#newest.get(key)?.attempt ?? 0)) {
      this.#newest.set(key, { attempt: message.attempt, link });
    }
  };

  edgeReceives(_edge: VirtualEdge, link: VirtualLink, message: DeviceMessage): void {
    if (message.kind === 'open') {
      this.#commitEnds.set(link, message.prompt.length + message.answer.length);
      this.#maxAhead.set(message.session, message.maxAhead);
    }
    if (message.kind === 'resume') this.#commitEnds.set(link, message.length);
  }

  edgeSends(edge: VirtualEdge, link: VirtualLink, message: EdgeMessage, isWritable: boolean): void {
    const isWaiting = message.kind === 'commit' || message.kind === 'pong';
    const isLie = this.#lies.isLiar(link);
    demand(isWritable || !isWaiting || isLie, 'nothing-when-blocked', () => `${edge.settings.name}: ${message.kind}`);
    if (message.kind !== 'commit' || isLie) return;
    const end = this.#commitEnds.get(link) ?? -1;
    demand(message.first === end, 'commits-in-order', () => `a commit at ${message.first}, the last ended at ${end}`);
    this.#commitEnds.set(link, end + message.accepted + message.tokens.length);
  }

  edgeCloses(edge: VirtualEdge, link: VirtualLink, code: string, detail: string): void {
    const device = this.#owners.get(link);
    if (device === undefined) return;
    const isFault =
      code === 'protocol-error' || code === 'rate-limited' || code === 'internal' || code === 'bad-argument';
    demand(
      !isFault,
      'no-honest-error',
      () => `${edge.settings.name} tells ${device.settings.name}: ${code}, ${detail}`,
    );
    const newest = this.#newest.get(`${device.state.turn.session} ${edge.settings.name}`);
    const isCurrent = newest?.link === link;
    demand(code !== 'superseded' || !isCurrent, 'current-link', () => `${device.settings.name}: ${detail}`);
  }

  deviceCloses: NonNullable<DeviceWorld['deviceCloses']> = (device, link, code, detail) => {
    const isHonest = code === 'done' || code === 'silent' || this.#lies.isLiar(link);
    demand(isHonest, 'no-honest-error', () => `${device.settings.name} closes: ${code}, ${detail}`);
  };

  /** At an attach: the time without text must not be much longer than the time after which the device gives up. */
  #checkPatience(device: VirtualDevice): void {
    const reader = this.#readers.get(device);
    if (reader === undefined) return;
    reader.hasConnected = true;
    const waitedMs = device.process.nowMs() - reader.textAtMs;
    const { giveUpAfterMs } = reader;
    // The tolerance is for the time that a connection existed before it was lost.
    demand(waitedMs <= 2 * giveUpAfterMs + 30_000, 'gives-up', () => `${device.settings.name} after ${waitedMs} ms`);
  }

  edgeStepped(edge: VirtualEdge, session: VirtualSession, event: EdgeEvent | null): void {
    this.#checkText(edge, session, event);
    const { text, branch, acknowledged, open } = session.state;
    const buffered = branch === null ? 0 : Math.max(0, branch.start + branch.tokens.length - text.length);
    const maxAhead = this.#maxAhead.get(session.id) ?? 0;
    demand(buffered <= maxAhead, 'bounded', () => `${buffered} drafts kept, ${maxAhead} allowed`);
    const ahead = text.length - acknowledged;
    const edgeDrafts = modeOf(open.mode).edgeDrafts ? edge.settings.engine.limits.usefulRows : 0;
    const stepTokens = Math.max(maxAhead, edgeDrafts);
    demand(ahead <= open.flowControlWindow + stepTokens, 'bounded', () => `${ahead} tokens are not acknowledged`);
    this.#measureBytes(edge);
  }

  #checkText(edge: VirtualEdge, session: VirtualSession, event: EdgeEvent | null): void {
    const { text, generation } = session.state;
    const before = this.#checked.get(session);
    const from = before?.generation === generation ? before.length : session.state.open.prompt.length;
    const reference = this.#references.get(session.id)?.ids;
    if (event?.kind === 'step-done' && reference !== undefined) {
      this.steps += 1;
      this.committedTokens += before?.generation === generation ? text.length - from : 0;
    }
    if (before?.generation === generation && before.length === text.length) return;
    for (let position = from; reference !== undefined && position < text.length; position += 1) {
      const isRight = text.at(position) === reference[position];
      demand(isRight, 'edge-text', () => `${edge.settings.name} has ${text.at(position)} at ${position}`);
    }
    this.#checked.set(session, { generation, length: text.length });
  }

  #measureBytes(edge: VirtualEdge): void {
    let ids = 0;
    for (const { state } of edge.sessions.entries) {
      ids += state.text.length + (state.branch?.tokens.length ?? 0) + (state.ticket?.drafts.length ?? 0);
    }
    this.edgeBytesPeak = Math.max(this.edgeBytesPeak, ids * bytesPerId);
  }

  #checkEffect(device: VirtualDevice, reader: Reader, effect: DeviceEffect, isLiedTo: boolean): void {
    const { name } = device.settings;
    if (effect.kind === 'emit-tokens') {
      const waitedMs = device.process.nowMs() - reader.textAtMs;
      const isInTime = waitedMs <= 2 * reader.giveUpAfterMs + 60_000;
      demand(isInTime, 'gives-up', () => `${name} has waited ${waitedMs} ms for text`);
      reader.textAtMs = device.process.nowMs();
      for (const id of effect.tokens) {
        const expected = reader.reference.ids[reader.shown];
        demand(id === expected, 'device-text', () => `${name} shows ${id}, not ${expected}, at ${reader.shown}`);
        reader.shown += 1;
      }
    } else if (effect.kind === 'close-link') {
      const isHonest = effect.code === 'done' || isLiedTo;
      demand(isHonest, 'no-honest-error', () => `${name} closes: ${effect.code}, ${effect.detail}`);
    } else if (effect.kind === 'finish') this.#checkOutcome(device, reader, effect.outcome);
  }

  #checkOutcome(device: VirtualDevice, reader: Reader, outcome: NonNullable<VirtualDevice['state']['outcome']>): void {
    const { name } = device.settings;
    if (outcome.kind === 'failed' && outcome.code === 'edge-unreachable') {
      const waitedMs = device.process.nowMs() - reader.textAtMs;
      const isPatient = !reader.hasConnected || waitedMs >= reader.giveUpAfterMs;
      demand(isPatient, 'patient', () => `${name} gives up after ${waitedMs} ms`);
    } else if (outcome.kind === 'failed' && outcome.code === 'edge-silent') {
      const waitedMs = device.process.nowMs() - reader.textAtMs;
      const isPatient = waitedMs >= 2 * textDeadlines.nextTokenWithinMs;
      demand(isPatient, 'patient', () => `${name} takes the edge for silent after ${waitedMs} ms`);
    } else if (outcome.kind === 'failed') {
      const isAlone = device.links.length < 2;
      demand(outcome.code === 'edge-full' && isAlone, 'no-honest-error', () => `${name} fails: ${outcome.cause}`);
    } else if (outcome.kind === 'ended') {
      const { ids, reason } = reader.reference;
      demand(reader.shown === ids.length, 'finished', () => `${name} ends after ${reader.shown} of ${ids.length}`);
      demand(outcome.reason === reason, 'finished', () => `${name} ends by ${outcome.reason}, not ${reason}`);
    }
  }
}
