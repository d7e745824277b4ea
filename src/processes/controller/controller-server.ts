// A running controller: connections, the clock of slots, and the policy, around the pure controller of src/allocation/controller/. The
// policy decides in another process, so that a slow one blocks no member: its slot is then decided here, by the fallback.

import { defaultCell } from '../../allocation/controller/cell-epoch.ts';
import { Controller, type Decision, type OpenSlot } from '../../allocation/controller/controller.ts';
import type { ControllerEvent } from '../../allocation/controller/controller-events.ts';
import type { OrderSettings } from '../../allocation/controller/edge-orders.ts';
import { decodeMember, encodeControl, mostFrameBytes } from '../../allocation/controller/message-codec.ts';
import type { ControllerMessage, JoinMessage, Origin } from '../../allocation/controller/messages.ts';
import { FleetWatch, linksOf } from '../../allocation/controller/watch/fleet-watch.ts';
import type { RemotePolicy } from '../../allocation/slot/remote-policy.ts';
import type { NamedPolicy } from '../../allocation/slot/require-assignment.ts';
import type { ObjectiveSettings } from '../../allocation/slot/slot-state.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Accept, Connection } from '../../network/transport/transport.ts';
import {
  type ListenSettings,
  listenWebSocket,
  type WebSocketListener,
} from '../../network/transport-node/websocket-server.ts';
import { drawTicket } from './ticket-book.ts';
import { type DeskSettings, WatchDesk } from './watch-desk.ts';

/** What a connection asks to be. */
export type ControllerRole = JoinMessage['role'] | 'watcher';

export interface ControllerOptions extends Pick<OrderSettings, 'targetMsPerToken'>, Pick<DeskSettings, 'streets'> {
  /** A RemotePolicy is closed by its creator, after the controller. A NamedPolicy runs in this process and blocks it. */
  readonly policy: RemotePolicy | NamedPolicy;
  /** Decides here where the policy fails, is late, or can't be asked. Quick, and of our own. */
  readonly fallback: NamedPolicy;
  /** Default 1,000. */
  readonly slotMs?: number;
  /** Default `felt`. */
  readonly objective?: NonNullable<ObjectiveSettings['kind']>;
  /** The id of the key that these credentials are; null: no one's. Default: all are let in, by one key. */
  readonly keyOf?: (credentials: string, role: ControllerRole) => string | null;
  /** Default: the one of all controllers that share nothing. */
  readonly cell?: string;
  /** Asked before each message to a member; false: it is not sent. */
  readonly mayOrder?: () => boolean;
  /** Larger than that of every earlier run of its cell; members take it as a counter. Default: the time of day in ms. */
  readonly epoch?: number;
  readonly clock?: Clock;
  /** Unpredictable. Default: 192 random bits after `ticketPrefix`. */
  readonly drawTicket?: () => string;
  readonly onEvent?: (event: ControllerEvent) => void;
  /** Called for each slot with running answers. @param ms from opening the slot until its decision was here */
  readonly onDecision?: (ms: number) => void;
}

export interface ControllerStatus {
  readonly epoch: number;
  readonly slots: number;
  readonly edges: number;
  readonly devices: number;
  /** Who decided the last slot. */
  readonly policy: string;
  /** The time that the last decision took, with the way to the policy and back. */
  readonly decisionMs: number;
  readonly traffic: ControllerTraffic;
  /**
   * The last decisions, the newest last: as `decisionMs`, and the part of it and of the orders in which this process did nothing else, ms.
   */
  readonly recent: readonly RecentDecision[];
}

export interface RecentDecision {
  readonly policy: string;
  readonly decisionMs: number;
  readonly ownMs: number;
}

/** Since the start; WebSocket headers do not count. */
export interface ControllerTraffic {
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly refused: number;
}

export interface RunningController extends AsyncDisposable {
  readonly accept: Accept;
  readonly status: ControllerStatus;
  /** Another policy, from the next slot on. */
  setPolicy(policy: RemotePolicy | NamedPolicy, objective: NonNullable<ObjectiveSettings['kind']>): void;
  /** Closes the connections of members and watchers whose key is valid no more. @param isValid by its id, as `keyOf` gave it */
  renewKeys(isValid: (key: string) => boolean): void;
  close(): Promise<void>;
}

/** Reports come every half a second; three slots without one, and a member does not count. */
const staleSlots = 3;
/** Changes that must not wait for the next slot are decided together, after this time, ms. */
const urgentAfterMs = 20;
const leastBetweenDecisionsMs = 100;
const aliveEveryMs = 5000;
const ticketValidMs = 60_000;
const mostEdges = 10_000;
const mostDevices = 200_000;
/** A decision that takes longer than a slot, or than this, ms, does not count. */
const mostDecisionMs = 10_000;
/** Period of the checks for silence, ms. */
const checkEveryMs = 1000;
/** A connection without a member is closed after this time, ms. */
export const joinWithinMs = 5000;
/** A member that has sent nothing at so many checks in a row is gone, as when its machine fails: its id is free again. */
const mostSilentChecks = 60;
/** Decisions that {@link ControllerStatus} keeps. */
const mostRecent = 256;
/** Least pause after an urgent decision, as a multiple of its duration. */
const restTimes = 3;

/** Start of a slot, and start of this process's own work on it; ms. */
interface Began {
  readonly startMs: number;
  readonly ownFromMs: number;
}

export function startController(options: ControllerOptions): RunningController {
  return new ControllerServer(options);
}

class ControllerServer implements RunningController {
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #core: Controller;
  readonly #watch: FleetWatch;
  readonly #desk: WatchDesk;
  readonly #connections = new Map<number, Connection>();
  readonly #lastSentMs = new Map<number, number>();
  /** Checks since the last message of a connection; a clock would count the time in which this process itself was busy. */
  readonly #silentChecks = new Map<number, number>();
  readonly #slotMs: number;
  readonly #origin: Origin;
  #policy: RemotePolicy | NamedPolicy;
  /** Who decided last. */
  #decider: string;
  #lastLink = 0;
  #slots = 0;
  readonly #traffic = { receivedMessages: 0, receivedBytes: 0, sentMessages: 0, sentBytes: 0, refused: 0 };
  readonly #recent: RecentDecision[] = [];
  /** The bytes of messages that go to many. */
  readonly #written = new WeakMap<ControllerMessage, Uint8Array>();
  #decisionMs = 0;
  /** Its part in this process. */
  #ownMs = 0;
  #decidedAtMs = Number.NEGATIVE_INFINITY;
  #cancelSlot = (): void => {};
  #cancelUrgent: (() => void) | null = null;
  #cancelCheck = (): void => {};
  /** A slot is with the policy. */
  #isDeciding = false;
  #isClosed = false;

  constructor(options: ControllerOptions) {
    const { slotMs = 1000, clock = machineClock, cell = defaultCell, epoch = Date.now(), objective = 'felt' } = options;
    this.#options = options;
    this.#clock = clock;
    this.#slotMs = slotMs;
    this.#origin = { cell, epoch };
    this.#policy = options.policy;
    this.#decider = options.policy.name;
    const { keyOf = () => '' } = options;
    this.#watch = new FleetWatch(epoch);
    this.#desk = new WatchDesk({
      clock,
      keyOf: (credentials) => keyOf(credentials, 'watcher'),
      fleet: () => this.#watch.fleet(this.#core.members, clock.nowMs()),
      linksOf: (device) => linksOf(this.#core.members.devices.get(device)),
      streets: options.streets,
      onRefused: (code, cause) => this.#log({ kind: 'refused', id: null, code, cause }),
    });
    const settings = {
      origin: this.#origin,
      slotMs,
      kind: objective,
      energyWeight: 0,
      targetMsPerToken: options.targetMsPerToken,
      ticketValidMs,
      mostEdges,
      mostDevices,
      keyOf,
      staleAfterMs: Math.max(2000, staleSlots * slotMs),
    };
    this.#core = new Controller(settings, {
      send: (link, message) => this.#send(link, message),
      close: (link) => this.#connections.get(link)?.close('done', 'the controller has said why'),
      drawTicket: options.drawTicket ?? drawTicket,
      log: (event) => this.#log(event),
    });
    this.#nextSlot();
    this.#scheduleCheck();
  }

  readonly accept: Accept = (connection) => {
    const link = ++this.#lastLink;
    this.#connections.set(link, connection);
    const cancel = this.#clock.after(joinWithinMs, () => {
      const isKnown = this.#core.members.memberOf(link) !== undefined || this.#desk.has(link);
      if (!isKnown) connection.close('silent', 'it has not joined');
    });
    return {
      frame: (bytes) => this.#receive(link, bytes),
      writable: () => {},
      closed: ({ code }) => {
        cancel();
        this.#connections.delete(link);
        this.#lastSentMs.delete(link);
        this.#silentChecks.delete(link);
        if (this.#desk.has(link)) this.#desk.closed(link);
        else this.#core.closed(link, code);
        this.#scheduleUrgent();
      },
    };
  };

  get status(): ControllerStatus {
    const { edges, devices } = this.#core.members;
    const counts = { edges: edges.size, devices: devices.size, slots: this.#slots };
    const work = { decisionMs: this.#decisionMs, traffic: { ...this.#traffic }, recent: [...this.#recent] };
    return { epoch: this.#origin.epoch, ...counts, policy: this.#decider, ...work };
  }

  setPolicy(policy: RemotePolicy | NamedPolicy, objective: NonNullable<ObjectiveSettings['kind']>): void {
    this.#policy = policy;
    this.#core.kind = objective;
  }

  renewKeys(isValid: (key: string) => boolean): void {
    const error = new OutriderError('unauthorized', 'its key is valid no more', 'ask the operator for another key');
    for (const link of this.#core.members.linksOf((key) => !isValid(key))) this.#core.refuse(link, error);
    this.#desk.renewKeys(isValid);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSlot();
    this.#cancelCheck();
    this.#cancelUrgent?.();
    this.#desk.close();
    for (const connection of this.#connections.values()) connection.close('interrupted', 'the controller goes down');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(link: number, bytes: Uint8Array): void {
    this.#traffic.receivedMessages += 1;
    this.#traffic.receivedBytes += bytes.length;
    const connection = this.#connections.get(link);
    const isMember = this.#core.members.memberOf(link) !== undefined;
    if (connection !== undefined && !isMember && this.#desk.takes(link, connection, bytes)) return;
    this.#silentChecks.set(link, 0);
    try {
      this.#core.received(link, decodeMember(bytes), this.#clock.nowMs());
    } catch (error) {
      this.#core.refuse(link, error);
    }
    this.#scheduleUrgent();
  }

  #log(event: ControllerEvent): void {
    if (event.kind === 'refused') this.#traffic.refused += 1;
    this.#watch.event(event, this.#clock.nowMs());
    this.#options.onEvent?.(event);
  }

  #send(link: number, message: ControllerMessage): void {
    if (this.#options.mayOrder?.() === false) return;
    this.#lastSentMs.set(link, this.#clock.nowMs());
    const bytes = this.#written.get(message) ?? encodeControl(message);
    if (message.kind === 'edges') this.#written.set(message, bytes);
    this.#traffic.sentMessages += 1;
    this.#traffic.sentBytes += bytes.length;
    this.#connections.get(link)?.send(bytes);
  }

  #nextSlot(): void {
    this.#cancelSlot();
    this.#cancelSlot = this.#clock.after(this.#slotMs, () => {
      this.#nextSlot();
      this.#decide();
    });
  }

  #scheduleCheck(): void {
    this.#cancelCheck = this.#clock.after(checkEveryMs, () => {
      this.#sendKeepAlives();
      this.#closeSilent();
      this.#scheduleCheck();
    });
  }

  #scheduleUrgent(): void {
    if (!this.#core.isUrgent || this.#cancelUrgent !== null || this.#isDeciding || this.#isClosed) return;
    // What decides here must leave time for all else.
    const restMs = Math.max(leastBetweenDecisionsMs, restTimes * this.#ownMs);
    const afterMs = Math.max(urgentAfterMs, this.#decidedAtMs + restMs - this.#clock.nowMs());
    this.#cancelUrgent = this.#clock.after(afterMs, () => {
      this.#cancelUrgent = null;
      this.#decide();
    });
  }

  /** Opens a slot, unless one is with the policy: its end is awaited, for a slot's time at most. */
  #decide(): void {
    if (this.#isClosed || this.#isDeciding) return;
    const startMs = this.#clock.nowMs();
    const open = this.#open(startMs);
    const policy = this.#policy;
    const limitMs = Math.min(this.#slotMs, mostDecisionMs);
    const answer = open.state === null || 'decide' in policy ? null : policy.ask(open.state, limitMs);
    const askedMs = this.#clock.nowMs() - startMs;
    if (answer === null) {
      this.#decideHere(open, { startMs, ownFromMs: startMs }, 'decide' in policy ? policy : undefined);
      return;
    }
    this.#isDeciding = true;
    const decided = answer.then(
      (assignment): Decision => ({ assignment, policy: policy.name }),
      (error: unknown) => this.#core.policyFailed(policy.name, error),
    );
    void decided.then((decision) => {
      this.#isDeciding = false;
      if (this.#isClosed) return;
      const nowMs = this.#clock.nowMs();
      const ownFromMs = nowMs - askedMs;
      if (decision !== undefined && policy === this.#policy) this.#apply(open, decision, { startMs, ownFromMs });
      else {
        // A slot that was opened long ago is not what members do now.
        const isOld = nowMs - startMs > leastBetweenDecisionsMs;
        this.#decideHere(isOld ? this.#open(nowMs) : open, { startMs, ownFromMs });
        this.#nextSlot();
      }
      this.#scheduleUrgent();
    });
  }

  #open(nowMs: number): OpenSlot {
    this.#slots += 1;
    return this.#core.open(nowMs);
  }

  #decideHere(open: OpenSlot, began: Began, policy: NamedPolicy = this.#options.fallback): void {
    const nothing = { assignment: null, policy: this.#policy.name };
    const decision = open.state === null ? nothing : this.#core.decide(open, policy, this.#options.fallback);
    this.#apply(open, decision, began);
  }

  #apply(open: OpenSlot, decision: Decision, { startMs, ownFromMs }: Began): void {
    const nowMs = this.#clock.nowMs();
    this.#decisionMs = nowMs - startMs;
    this.#decider = decision.policy;
    if (open.state !== null) this.#options.onDecision?.(this.#decisionMs);
    this.#core.apply(open, decision, nowMs);
    this.#decidedAtMs = this.#clock.nowMs();
    this.#ownMs = this.#decidedAtMs - ownFromMs;
    this.#recent.push({ policy: decision.policy, decisionMs: this.#decisionMs, ownMs: this.#ownMs });
    if (this.#recent.length > mostRecent) this.#recent.shift();
  }

  #closeSilent(): void {
    for (const [link, checks] of [...this.#silentChecks]) {
      if (checks < mostSilentChecks) this.#silentChecks.set(link, checks + 1);
      else {
        this.#silentChecks.delete(link);
        this.#connections.get(link)?.close('silent', 'it says nothing');
      }
    }
  }

  #sendKeepAlives(): void {
    const nowMs = this.#clock.nowMs();
    for (const link of this.#connections.keys()) {
      const isDue = nowMs - (this.#lastSentMs.get(link) ?? 0) >= aliveEveryMs;
      if (isDue && this.#core.members.memberOf(link) !== undefined)
        this.#send(link, { kind: 'alive', ...this.#origin });
    }
  }
}

/** Serves a controller on a WebSocket port. @throws OutriderError `port-in-use`, `bad-argument` */
export function listenController(
  controller: Pick<RunningController, 'accept'>,
  settings: Omit<ListenSettings, 'maxFrameBytes'>,
): Promise<WebSocketListener> {
  return listenWebSocket({ ...settings, maxFrameBytes: mostFrameBytes }, controller.accept);
}
