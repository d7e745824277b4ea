// A running controller: connections, the clock of slots, and the policy around the pure one of src/controller/.

import type { NamedPolicy } from '../allocation/require-assignment.ts';
import type { ObjectiveSettings } from '../allocation/slot-state.ts';
import type { Clock } from '../basics/clock.ts';
import { Controller, type ControllerEvent } from '../controller/controller.ts';
import { decodeMember, encodeControl, mostFrameBytes } from '../controller/message-codec.ts';
import type { ControllerMessage, JoinMessage } from '../controller/messages.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { Accept, Connection } from '../transport/transport.ts';
import { type ListenSettings, listenWebSocket, type WebSocketListener } from '../transport-node/websocket-server.ts';
import { ticketPrefix } from './ticket-book.ts';

export interface ControllerOptions {
  readonly policy: NamedPolicy;
  /** Decides where the policy fails. */
  readonly fallback: NamedPolicy;
  /** Default 1,000. */
  readonly slotMs?: number;
  /** Default `felt`. */
  readonly objective?: NonNullable<ObjectiveSettings['kind']>;
  /** Whether these are credentials of a member; default: everybody's. */
  readonly isMember?: (credentials: string, role: JoinMessage['role']) => boolean;
  /** Larger than that of every earlier run. Default: the time of day in ms. */
  readonly epoch?: number;
  readonly clock?: Clock;
  /** Unpredictable. Default: 192 random bits after `ticketPrefix`. */
  readonly drawTicket?: () => string;
  readonly onEvent?: (event: ControllerEvent) => void;
}

export interface ControllerStatus {
  readonly epoch: number;
  readonly slots: number;
  readonly edges: number;
  readonly devices: number;
  readonly policy: string;
  /** Of the last slot. */
  readonly decisionMs: number;
}

export interface RunningController extends AsyncDisposable {
  readonly accept: Accept;
  readonly status: ControllerStatus;
  /** Another policy, from the next slot on. */
  setPolicy(policy: NamedPolicy, objective: NonNullable<ObjectiveSettings['kind']>): void;
  close(): Promise<void>;
}

/** Reports come every half a second; three slots without one, and a member does not count. */
const staleSlots = 3;
/** Changes that must not wait for the next slot are decided together, after this time, ms. */
const urgentAfterMs = 20;
const leastBetweenDecisionsMs = 100;
const aliveEveryMs = 5000;
const ticketValidMs = 60_000;
const [mostEdges, mostDevices] = [10_000, 200_000];
/** A policy that takes longer than a slot this many times in a row is replaced by the fallback. */
const mostSlow = 3;
/** A connection without a member is closed after this time, ms. */
const joinWithinMs = 5000;

export function startController(options: ControllerOptions): RunningController {
  return new Running(options);
}

class Running implements RunningController {
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #core: Controller;
  readonly #connections = new Map<number, Connection>();
  readonly #toldAtMs = new Map<number, number>();
  readonly #slotMs: number;
  readonly #epoch: number;
  #policy: NamedPolicy;
  #lastLink = 0;
  #slots = 0;
  #slow = 0;
  #decisionMs = 0;
  #decidedAtMs = Number.NEGATIVE_INFINITY;
  #cancelSlot = (): void => {};
  #cancelUrgent: (() => void) | null = null;
  #isClosed = false;

  constructor(options: ControllerOptions) {
    const { slotMs = 1000, clock = machineClock, epoch = Date.now(), objective = 'felt' } = options;
    this.#options = options;
    this.#clock = clock;
    this.#slotMs = slotMs;
    this.#epoch = epoch;
    this.#policy = options.policy;
    const settings = {
      ...{ epoch, slotMs, kind: objective, energyWeight: 0, ticketValidMs, mostEdges, mostDevices },
      isMember: options.isMember ?? (() => true),
      staleAfterMs: Math.max(2000, staleSlots * slotMs),
    };
    this.#core = new Controller(settings, {
      send: (link, message) => this.#send(link, message),
      close: (link) => this.#connections.get(link)?.close('done', 'the controller has said why'),
      drawTicket: options.drawTicket ?? drawTicket,
      log: (event) => options.onEvent?.(event),
    });
    this.#nextSlot();
  }

  readonly accept: Accept = (connection) => {
    const link = ++this.#lastLink;
    this.#connections.set(link, connection);
    const cancel = this.#clock.after(joinWithinMs, () => {
      if (this.#core.members.memberOf(link) === undefined) connection.close('silent', 'it has not joined');
    });
    return {
      frame: (bytes) => this.#hear(link, bytes),
      writable: () => {},
      closed: () => {
        cancel();
        this.#connections.delete(link);
        this.#toldAtMs.delete(link);
        this.#core.closed(link);
        this.#hurry();
      },
    };
  };

  get status(): ControllerStatus {
    const { edges, devices } = this.#core.members;
    const counts = { edges: edges.size, devices: devices.size, slots: this.#slots };
    return { epoch: this.#epoch, ...counts, policy: this.#policy.name, decisionMs: this.#decisionMs };
  }

  setPolicy(policy: NamedPolicy, objective: NonNullable<ObjectiveSettings['kind']>): void {
    this.#policy = policy;
    this.#slow = 0;
    this.#core.kind = objective;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSlot();
    this.#cancelUrgent?.();
    for (const connection of this.#connections.values()) connection.close('interrupted', 'the controller goes down');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #hear(link: number, bytes: Uint8Array): void {
    try {
      this.#core.received(link, decodeMember(bytes), this.#clock.nowMs());
    } catch (error) {
      this.#core.refuse(link, error);
    }
    this.#hurry();
  }

  #send(link: number, message: ControllerMessage): void {
    this.#toldAtMs.set(link, this.#clock.nowMs());
    this.#connections.get(link)?.send(encodeControl(message));
  }

  #nextSlot(): void {
    this.#cancelSlot = this.#clock.after(this.#slotMs, () => {
      if (this.#isClosed) return;
      this.#decide();
      this.#tellAlive();
      this.#nextSlot();
    });
  }

  #hurry(): void {
    if (!this.#core.isUrgent || this.#cancelUrgent !== null || this.#isClosed) return;
    // A policy that takes long must leave time for all else.
    const restMs = Math.max(leastBetweenDecisionsMs, 2 * this.#decisionMs);
    const afterMs = Math.max(urgentAfterMs, this.#decidedAtMs + restMs - this.#clock.nowMs());
    this.#cancelUrgent = this.#clock.after(afterMs, () => {
      this.#cancelUrgent = null;
      if (!this.#isClosed) this.#decide();
    });
  }

  #decide(): void {
    const startMs = this.#clock.nowMs();
    this.#slots += 1;
    const open = this.#core.open(startMs);
    const policy = this.#policy;
    const decision = this.#core.decide(open, policy, this.#options.fallback);
    this.#decidedAtMs = this.#clock.nowMs();
    this.#decisionMs = this.#decidedAtMs - startMs;
    this.#judge(policy);
    this.#core.apply(open, decision, startMs);
  }

  #judge(policy: NamedPolicy): void {
    this.#slow = this.#decisionMs > this.#slotMs ? this.#slow + 1 : 0;
    if (this.#slow < mostSlow || policy === this.#options.fallback) return;
    this.#slow = 0;
    const cause = `it takes ${Math.round(this.#decisionMs)} ms for slots of ${this.#slotMs} ms`;
    this.#core.policyFailed(policy.name, new Error(cause));
    this.#policy = this.#options.fallback;
  }

  #tellAlive(): void {
    const nowMs = this.#clock.nowMs();
    for (const link of this.#connections.keys()) {
      if (this.#core.members.memberOf(link) === undefined) continue;
      if (nowMs - (this.#toldAtMs.get(link) ?? 0) >= aliveEveryMs)
        this.#send(link, { kind: 'alive', epoch: this.#epoch });
    }
  }
}

function drawTicket(): string {
  return `${ticketPrefix}${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('base64url')}`;
}

/** Serves a controller on a WebSocket port. @throws OutriderError `port-in-use`, `bad-argument` */
export function listenController(
  controller: Pick<RunningController, 'accept'>,
  settings: Omit<ListenSettings, 'maxFrameBytes'>,
): Promise<WebSocketListener> {
  return listenWebSocket({ ...settings, maxFrameBytes: mostFrameBytes }, controller.accept);
}
