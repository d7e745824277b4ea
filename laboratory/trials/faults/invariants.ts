// Observes devices and edges, and throws at the first event that violates an invariant. A reconnect hides most violations from the final
// text, so the invariants apply to every step.

import type { DeviceWorld, VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { EdgeObserver, VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import type { VirtualSession } from '../../../simulator/virtual-time/sessions.ts';
import type { ReferenceText } from '../../../simulator/virtual-time/toy-target.ts';
import type { DeviceEffect, DeviceEvent, DeviceStep } from '../../../src/core/protocol/device/device-state.ts';
import type { PlaceChange } from '../../../src/core/protocol/edge/edge-place-queue.ts';
import type { EdgeEffect, EdgeEvent } from '../../../src/core/protocol/edge/edge-state.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from '../../../src/core/protocol/wire/messages.ts';
import { modeOf } from '../../../src/core/protocol/wire/mode.ts';
import type { EconomyWatch } from './economy-watch.ts';
import { isTicket, type KeyRing } from './keys.ts';
import { type LieWatch, nameAt } from './lies.ts';
import { nameOf, type PlaceSettings, PlaceWatch } from './place-watch.ts';
import { textDeadlines } from './scene.ts';
import { ScoreWatch } from './score-watch.ts';
import { demand, describe, type Log } from './violation.ts';

interface Reader {
  readonly reference: ReferenceText;
  /** The time of the scene, without the planted bug. */
  readonly giveUpAfterMs: number;
  /** Tokens that the device has shown, with the prompt. */
  shown: number;
  /** Time of the last text, or of the start. */
  textAtMs: number;
  hasConnected: boolean;
  /** As last counted by the device. */
  alternativesTaken: number;
  /** Address of the edge that has written last; empty: none has. */
  server: string;
}

/** What the watch asks about devices of a controller. */
export interface ControlledDevices {
  /** Owners of sessions that are attached with tickets. */
  readonly ticketOwners: readonly string[];
  /** Whether an address is of a device's own list. */
  isOwnAddress(device: VirtualDevice, address: string): boolean;
  /** Whether an address is of a device's own list, or of one that its controller has sent. */
  mayReach(device: VirtualDevice, address: string): boolean;
  /** Whether an edge may refuse the key of a device. @param isPatient whether it has waited for text as long as it waits */
  mayBeStranger(device: VirtualDevice, isPatient: boolean): boolean;
}

export interface WatchedRun {
  readonly lies: LieWatch;
  readonly keys: KeyRing;
  readonly settingsOf: (edge: VirtualEdge) => PlaceSettings;
  /** Whether all edges announce the same fingerprint. */
  readonly areEdgesAlike: boolean;
  readonly control: ControlledDevices;
  readonly economy: EconomyWatch;
  /** Receives a line for each event. */
  readonly log: Log;
}

/** What the watch has counted in a run. */
export interface WatchCounts {
  /** Estimated from the ids that an edge's sessions hold. */
  edgeBytesPeak: number;
  /** Steps of honest sessions, and the tokens that they committed, with those that a crash lost. */
  steps: number;
  committedTokens: number;
  /** Mismatches after which a text continued as an alternative. */
  alternativesTaken: number;
  /** Times that another edge has taken a text over. */
  handovers: number;
}

/** Approximate bytes of an id in an array; exact enough to detect growth. */
const bytesPerId = 8;

export class InvariantWatch implements EdgeObserver {
  readonly #readers = new Map<VirtualDevice, Reader>();
  /** By {@link nameOf}, as the next two. */
  readonly #references = new Map<string, ReferenceText>();
  readonly #owners = new Map<VirtualLink, VirtualDevice>();
  readonly #checked = new WeakMap<VirtualSession, { generation: number; length: number }>();
  /** The position at which the next commit on a connection must start. */
  readonly #commitEnds = new Map<VirtualLink, number>();
  /** From the `open` of the session. */
  readonly #asked = new Map<string, Pick<OpenMessage, 'maxAhead' | 'flowControlWindow'>>();
  /** For each session and edge the largest attempt that was sent, and its link. */
  readonly #newest = new Map<string, { attempt: number; link: VirtualLink }>();
  /** The last attach on a connection. */
  readonly #attaches = new Map<VirtualLink, 'open' | 'resume'>();
  readonly #lies: LieWatch;
  readonly #keys: KeyRing;
  readonly #places: PlaceWatch;
  readonly scores: ScoreWatch = new ScoreWatch();
  readonly #areEdgesAlike: boolean;
  /** Sessions that an engine has failed with. */
  readonly #failed = new Set<string>();
  readonly counts: WatchCounts = { edgeBytesPeak: 0, steps: 0, committedTokens: 0, alternativesTaken: 0, handovers: 0 };
  readonly #control: ControlledDevices;
  readonly #log: Log;
  readonly economy: EconomyWatch;

  constructor({ lies, keys, settingsOf, areEdgesAlike, control, economy, log }: WatchedRun) {
    this.#lies = lies;
    this.#areEdgesAlike = areEdgesAlike;
    this.#keys = keys;
    this.#control = control;
    this.economy = economy;
    this.#log = log;
    this.#places = new PlaceWatch(keys, settingsOf);
  }

  /** An edge has a new connection. */
  accepted(edge: VirtualEdge, link: VirtualLink): void {
    this.#places.accepted(edge, link);
  }

  /** Whether the device's last attach on this connection was an `open`. */
  hasSentOpen(link: VirtualLink): boolean {
    return this.#attaches.get(link) === 'open';
  }

  /** Checks this device from now on; to be called again after a restart. */
  follow(device: VirtualDevice, reference: ReferenceText, giveUpAfterMs: number): void {
    const shown = device.state.text.length;
    this.economy.restarted(device);
    this.#readers.set(device, {
      reference,
      giveUpAfterMs,
      shown,
      textAtMs: device.process.nowMs(),
      hasConnected: false,
      alternativesTaken: 0,
      server: '',
    });
    for (const name of this.#namesOf(device.state.turn)) this.#references.set(name, reference);
  }

  /** With another key the same id is another session: that of the device itself, of anybody, or of a ticket. */
  #namesOf({ session, credentials }: Pick<OpenMessage, 'session' | 'credentials'>): string[] {
    const owners = new Set([this.#keys.ownerOf(credentials) ?? '', ...this.#control.ticketOwners]);
    return [...owners].map((owner) => nameOf(session, owner));
  }

  owns(device: VirtualDevice, link: VirtualLink): void {
    this.#owners.set(link, device);
  }

  deviceStepped: NonNullable<DeviceWorld['deviceStepped']> = (device, event: DeviceEvent, step: DeviceStep) => {
    const { name, keepsTarget } = device.settings;
    if (step.effects.length > 0) this.#log?.(`${name} ${describe(event)}`);
    const reader = this.#readers.get(device);
    if (reader === undefined) return;
    const link = 'link' in event ? device.link(event.link) : undefined;
    const believed = this.#lies.believed(link, event, step);
    demand(believed === null, 'lies-refused', () => `${name} believes ${believed}`);
    const isLiedTo = link !== undefined && this.#lies.isLiar(link);
    const mayFail = isLiedTo && this.#lies.mayFail(event);
    for (const effect of step.effects) {
      if (effect.kind === 'finish' && mayFail) continue;
      this.#checkEffect(device, reader, effect, isLiedTo);
    }
    const { alternativesTaken } = step.state.account;
    this.counts.alternativesTaken += Math.max(0, alternativesTaken - reader.alternativesTaken);
    reader.alternativesTaken = alternativesTaken;
    this.#noteServer(device, reader);
    const { fingerprints } = step.state;
    const isOneTarget = keepsTarget !== true || fingerprints.length <= 1;
    demand(isOneTarget, 'one-target', () => `${name}: ${fingerprints.join()}`);
    const { length } = step.state.text;
    demand(length === reader.shown, 'device-text', () => `${name} holds ${length}, showed ${reader.shown}`);
  };

  #noteServer({ state, links }: VirtualDevice, reader: Reader): void {
    const main = state.links.find(({ id }) => id === state.main)?.edge ?? '';
    const server = links.find(({ edge }) => edge === main)?.address ?? main;
    if (server === '' || server === reader.server) return;
    if (reader.server !== '') this.counts.handovers += 1;
    reader.server = server;
  }

  deviceSends: NonNullable<DeviceWorld['deviceSends']> = (device, link, message: DeviceMessage, isWritable) => {
    this.#log?.(`${device.settings.name} sends ${describe(message)}`);
    const isWaiting = ['draft', 'ack', 'verify', 'pong'].includes(message.kind);
    demand(isWritable || !isWaiting, 'nothing-when-blocked', () => `${device.settings.name} sends a ${message.kind}`);
    this.economy.deviceSends(device, link, message);
    if (message.kind !== 'open' && message.kind !== 'resume') return;
    this.#attaches.set(link, message.kind);
    this.#checkPatience(device);
    const at = device.links.find((candidate) => candidate.link === link);
    const isListed = this.#control.mayReach(device, at?.address ?? '');
    demand(isListed, 'listed', () => `${device.settings.name} opens a session at ${at?.address}, which is on no list`);
    const { credentials } = message;
    const isOwn = credentials !== '' && !isTicket(credentials);
    const isAllowed = !isOwn || this.#control.isOwnAddress(device, at?.address ?? '');
    demand(isAllowed, 'own-key', () => `${device.settings.name} shows "${credentials}" to ${at?.address}`);
    // The edge itself: two names may be one edge.
    const key = `${message.session} ${nameAt(at?.address ?? '')}`;
    // Of two with one number, the later one.
    if (message.attempt >= (this.#newest.get(key)?.attempt ?? 0)) {
      this.#newest.set(key, { attempt: message.attempt, link });
    }
  };

  edgeReceives(edge: VirtualEdge, link: VirtualLink, message: DeviceMessage): void {
    this.#places.edgeReceives(edge, link, message);
    this.#measureBytes(edge);
    if (message.kind === 'open') {
      this.#commitEnds.set(link, message.prompt.length + message.answer.length);
      this.#asked.set(nameOf(message.session, this.#keys.ownerOf(message.credentials, edge) ?? ''), message);
    }
    if (message.kind === 'resume') this.#commitEnds.set(link, message.length);
  }

  edgeSends(edge: VirtualEdge, link: VirtualLink, message: EdgeMessage, isWritable: boolean): void {
    this.#log?.(`${edge.settings.name} sends ${describe(message)}`);
    const isWaiting = ['commit', 'pong', 'prompt-scored'].includes(message.kind);
    const isLie = this.#lies.isLiar(link);
    demand(isWritable || !isWaiting || isLie, 'nothing-when-blocked', () => `${edge.settings.name}: ${message.kind}`);
    if (isLie) return;
    this.#places.edgeSends(edge, link, message);
    if (message.kind !== 'commit') return;
    const end = this.#commitEnds.get(link) ?? -1;
    demand(message.first === end, 'commits-in-order', () => `a commit at ${message.first}, the last ended at ${end}`);
    this.#commitEnds.set(link, end + message.accepted + message.tokens.length);
  }

  edgeCloses(edge: VirtualEdge, link: VirtualLink, code: string, detail: string): void {
    this.#log?.(`${edge.settings.name} closes: ${code}, ${detail}`);
    const device = this.#owners.get(link);
    if (device === undefined) return;
    const { name } = device.settings;
    const isFault = ['protocol-error', 'rate-limited', 'internal', 'bad-argument'].includes(code);
    demand(!isFault, 'no-honest-error', () => `${edge.settings.name} tells ${name}: ${code}, ${detail}`);
    const newest = this.#newest.get(`${device.state.turn.session} ${edge.settings.name}`);
    demand(code !== 'superseded' || newest?.link !== link, 'current-link', () => `${name}: ${detail}`);
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

  placeChanged(edge: VirtualEdge, session: VirtualSession, change: PlaceChange, waitedMs: number): void {
    this.#log?.(`${edge.settings.name}: place of session ${session.number}, ${session.key.id}: ${change}`);
    this.#places.placeChanged(edge, session, change, waitedMs);
    if (change === 'given') this.economy.placeGiven(session);
  }

  edgeBegins(...begun: Parameters<EconomyWatch['edgeBegins']>): void {
    this.economy.edgeBegins(...begun);
  }

  edgeEnds(_edge: VirtualEdge, ...ended: Parameters<EconomyWatch['edgeEnds']>): void {
    this.economy.edgeEnds(...ended);
  }

  edgeStepped(
    edge: VirtualEdge,
    session: VirtualSession,
    event: EdgeEvent | null,
    effects: readonly EdgeEffect[],
  ): void {
    this.#places.edgeStepped(edge, session, event, effects);
    if (event?.kind === 'step-failed') this.#failed.add(this.#places.nameOf(session));
    this.#checkText(edge, session, event);
    this.scores.checkKept(edge, session);
    const { text, branch, acknowledged, open } = session.state;
    const buffered = branch === null ? 0 : Math.max(0, branch.start + branch.tokens.length - text.length);
    const { maxAhead, flowControlWindow } = this.#asked.get(this.#places.nameOf(session)) ?? open;
    demand(buffered <= maxAhead, 'bounded', () => `${buffered} drafts kept, ${maxAhead} allowed`);
    this.#checkAlternatives(session, maxAhead);
    const ahead = text.length - acknowledged;
    const edgeDrafts = modeOf(open.mode).edgeDrafts ? edge.settings.engine.limits.usefulRows : 0;
    const stepTokens = Math.max(maxAhead, edgeDrafts);
    demand(ahead <= flowControlWindow + stepTokens, 'bounded', () => `${ahead} tokens are not acknowledged`);
  }

  #checkAlternatives({ state: { alternatives, branch, text } }: VirtualSession, maxAhead: number): void {
    const { length } = alternatives;
    const most = limits.alternatives;
    demand(length <= most, 'bounded', () => `${length} alternatives kept, ${most} allowed`);
    demand(length === 0 || branch?.dead === false, 'bounded', () => `${length} alternatives beside no branch`);
    for (const { position, tokens } of alternatives) {
      const isShort = tokens.length <= limits.alternativeTokens && position + tokens.length <= text.length + maxAhead;
      demand(isShort, 'bounded', () => `an alternative of ${tokens.length} tokens at ${position} of ${text.length}`);
      demand(position >= text.length, 'bounded', () => `an alternative kept at ${position} of ${text.length}`);
    }
  }

  #checkText(edge: VirtualEdge, session: VirtualSession, event: EdgeEvent | null): void {
    const { text, generation } = session.state;
    const before = this.#checked.get(session);
    const from = before?.generation === generation ? before.length : session.state.open.prompt.length;
    const reference = this.#references.get(this.#places.nameOf(session))?.ids;
    if (event?.kind === 'step-done' && reference !== undefined) {
      this.counts.steps += 1;
      this.counts.committedTokens += before?.generation === generation ? text.length - from : 0;
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
      for (const { tokens } of state.alternatives) ids += tokens.length;
    }
    this.counts.edgeBytesPeak = Math.max(this.counts.edgeBytesPeak, ids * bytesPerId);
  }

  #checkEffect(device: VirtualDevice, reader: Reader, effect: DeviceEffect, isLiedTo: boolean): void {
    const { name } = device.settings;
    this.scores.check(device, effect);
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

  /** Whether the turn of an honest device may fail by this code now. */
  #mayFail(device: VirtualDevice, { textAtMs, giveUpAfterMs }: Reader, code: string): boolean {
    const { state, settings, process } = device;
    const { turn, text } = state;
    if (code === 'unauthorized')
      return this.#control.mayBeStranger(device, process.nowMs() - textAtMs >= giveUpAfterMs);
    // A device with two edges may have left one for a false hello, and have lost the other.
    if (code === 'tokenizer-mismatch' || code === 'version-mismatch') return this.#lies.hasGreetedFalsely;
    if (code === 'target-changed')
      return settings.keepsTarget === true && (this.#lies.hasGreetedFalsely || !this.#areEdgesAlike);
    if (code === 'internal') return this.#namesOf(turn).some((name) => this.#failed.has(name));
    if (code !== 'edge-full' && code !== 'edge-draining') return false;
    return text.length === turn.prompt.length || process.nowMs() - textAtMs >= giveUpAfterMs;
  }

  #checkOutcome(device: VirtualDevice, reader: Reader, outcome: NonNullable<VirtualDevice['state']['outcome']>): void {
    const { name } = device.settings;
    const waitedMs = device.process.nowMs() - reader.textAtMs;
    if (outcome.kind === 'ended') {
      const { ids, reason } = reader.reference;
      demand(reader.shown === ids.length, 'finished', () => `${name} ends after ${reader.shown} of ${ids.length}`);
      demand(outcome.reason === reason, 'finished', () => `${name} ends by ${outcome.reason}, not ${reason}`);
    }
    if (outcome.kind !== 'failed') return;
    const { code, cause } = outcome;
    if (code === 'edge-unreachable') {
      const isPatient = !reader.hasConnected || waitedMs >= reader.giveUpAfterMs;
      demand(isPatient, 'patient', () => `${name} gives up after ${waitedMs} ms`);
    } else if (code === 'edge-silent') {
      const isPatient = waitedMs >= 2 * textDeadlines.nextTokenWithinMs;
      demand(isPatient, 'patient', () => `${name} takes the edge for silent after ${waitedMs} ms`);
    } else {
      const isAllowed = device.links.length < 2 && this.#mayFail(device, reader, code);
      demand(isAllowed, 'no-honest-error', () => `${name} fails by ${code}: ${cause}`);
    }
  }
}
