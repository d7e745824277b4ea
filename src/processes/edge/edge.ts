// An edge server, to be started from code: one target model, many devices. It combines connections, sessions and the engine loop, and
// owns their lifetimes.

import { between, checkOptions, having } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { OutriderError } from '../../core/basics/errors.ts';
import { createEnding } from '../../core/decoding/ending.ts';
import { defaultConnectionLimits } from '../../core/protocol/edge/connection-limits.ts';
import { defaultRate, keyRateOf } from '../../core/protocol/edge/edge-connections.ts';
import { EdgeCore, type EdgeSettings } from '../../core/protocol/edge/edge-core.ts';
import { anyone, type EdgeKey, mostSessionsOf } from '../../core/protocol/edge/edge-key.ts';
import { defaultPlaceRules } from '../../core/protocol/edge/edge-places.ts';
import { createEdgeSession, stepEdge } from '../../core/protocol/edge/edge-session.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import { defaultLiveness } from '../../core/protocol/wire/liveness.ts';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { byteWire, type FrameHandler } from '../../core/protocol/wire/wire.ts';
import { unpaddedTokens } from '../../core/scheduling/step-prompt.ts';
import type { StepTimeModel } from '../../core/scheduling/step-time.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Accept, Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import type { UpgradeRefusal } from '../../network/transport-node/upgrade-guard.ts';
import { listenWebSocket, type WebSocketListener } from '../../network/transport-node/websocket-server.ts';
import { checkedShare } from './checked-share.ts';
import { EdgeDrafters } from './edge-drafters.ts';
import { EdgeFaults } from './edge-faults.ts';
import { type EdgeCounts, EdgeJournal } from './edge-journal.ts';
import { noMeter } from './edge-meter.ts';
import { defaultLookUpTokens, defaultMaxRows, type EdgeOptions, edgeChecks, listenChecks } from './edge-options.ts';
import { type EdgeQuotas, quotasOf } from './edge-quotas.ts';
import { drainingEdge, stalledEngine } from './edge-refusals.ts';
import { type Asked, answerRequests, type ListenEdgeSettings } from './edge-requests.ts';
import { EdgeSessions, type LiveEdgeCore, type SessionEntry } from './edge-sessions.ts';
import { applyDownlink, Downlink, type SessionShares, type SharesSet, setSessionShares } from './edge-shares.ts';
import { EngineLoop, type LoopAccount, type LoopPlan } from './engine-loop.ts';
import { defaultStallAfterMs } from './engine-watch.ts';
import { measureStepTime } from './step-time-fit.ts';

/** Counts since the start, and the present numbers of sessions and connections. */
export interface EdgeStatus extends LoopAccount {
  /**
   * `stalled`: the engine does not return from a step, so every session is refused until it does. `draining`: none may be opened any more.
   */
  readonly state: 'serving' | 'stalled' | 'draining' | 'closed';
  readonly sessions: number;
  /** Sessions that wait for a place. */
  readonly waiting: number;
  /** Sessions whose device is here and does not have the whole answer yet. */
  readonly answering: number;
  readonly connections: number;
  /** Tokens whose keys and values the engine keeps, of running and of ended sessions. */
  readonly keptTokens: number;
  readonly counts: EdgeCounts;
}

/** The part of an {@link Edge} that a port needs. */
export type ListeningEdge = Pick<Edge, 'accept' | 'upgradeRefused'> & Asked;

/** A running edge; see {@link startEdge}. {@link listenEdge} opens a port for it. */
export interface Edge extends AsyncDisposable {
  /** Serves one connection of any transport. */
  readonly accept: Accept;
  readonly status: EdgeStatus;
  /** The present model of its steps' times. */
  readonly stepTime: StepTimeModel;
  /** One draft of its own draft model, ms; null: it has none. */
  readonly draftMs: number | null;
  /** Takes bytes that came by no connection from the rate of their sender. @returns ms until so many may be taken; 0: they are taken */
  spend(sender: Sender, bytes: number): number;
  /** Sessions of a key that may have a place or wait for one at the same time. */
  mostSessions(key: EdgeKey): number;
  /** Notes a connection that its transport has refused; {@link listenEdge} calls it. */
  upgradeRefused(refusal: UpgradeRefusal): void;
  /**
   * Opens no further session, and lets the running answers end for up to `forMs`; then ends the others, whose devices continue when an
   * edge is back, and closes. Refused devices get `edge-draining`.
   */
  drain(forMs: number): Promise<void>;
  /**
   * Opens no further session until it is taken back, and asks every device to move to another edge if it has one. Running answers continue.
   * Without effect on an edge that is stopping.
   */
  setDraining(isDraining: boolean): void;
  /**
   * To be called when keys have changed: sessions of keys that are valid no more end at once, those of others follow their new data.
   * @param find a key's present data, by its id and as `keyOf` gave it at the last attach; null: it is valid no more
   */
  renewKeys(find: (id: string, shown: EdgeKey) => EdgeKey | null): void;
  /** What joins the quotas of keys on several edges. */
  readonly quotas: EdgeQuotas;
  /**
   * Changes the shares of running sessions, from the next step and the next frame on. Sessions that the edge does not have are returned.
   * @throws OutriderError `bad-argument` for a share that is no finite number above 0; nothing is set then
   */
  setShares(shares: readonly SessionShares[]): SharesSet;
  /** Ends all sessions and waits for the running step. */
  close(): Promise<void>;
}

/**
 * Whatever a function of `options` throws is reported to `onFault`, and ends at most the session concerned.
 * @throws OutriderError `edge-full` if the model has no free KV sequence for the measurement of step times
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  checkOptions('startEdge', options, edgeChecks);
  const { model, maxRows = defaultMaxRows, stallAfterMs = defaultStallAfterMs } = options;
  const faults = new EdgeFaults(options.onFault ?? (() => {}));
  const clock = faults.guardClock(options.clock ?? machineClock);
  const stepTime = options.stepTime ?? (await measureStepTime(model, clock, maxRows));
  const drafters = options.draft === undefined ? null : await openDrafters(options.draft, model, clock);
  const plan = { stepTime, learns: options.learnsStepTime ?? true, stallAfterMs };
  const edge = new RunningEdge(options, faults, clock, drafters, plan);
  return {
    accept: (connection) => edge.accept(connection),
    get status() {
      return edge.status;
    },
    get stepTime() {
      return edge.stepTime;
    },
    get draftMs() {
      return drafters?.draftMs ?? null;
    },
    spend: (sender, bytes) => edge.connections.spend(sender, bytes),
    mostSessions: (key) =>
      mostSessionsOf(key, model.limits.maxSequences, { ...defaultPlaceRules, ...options.places }.maxWaiting),
    upgradeRefused: (refusal) => edge.upgradeRefused(refusal),
    renewKeys: (find) => edge.renewKeys(find),
    setShares: (shares) => edge.setShares(shares),
    quotas: edge.quotas,
    drain: (forMs) => edge.drain(forMs),
    setDraining: (isDraining) => edge.setDraining(isDraining),
    close: () => edge.close(),
    [Symbol.asyncDispose]: () => edge.close(),
  };
}

class RunningEdge {
  readonly quotas: EdgeQuotas;
  readonly #faults: EdgeFaults;
  readonly #clock: Clock;
  readonly #journal: EdgeJournal;
  readonly #loop: EngineLoop;
  readonly #sessions: EdgeSessions;
  readonly #core: LiveEdgeCore;
  readonly #running: Promise<void>;
  readonly #downlink: Downlink;
  readonly #stalled = Promise.withResolvers<void>();
  #isDraining = false;
  /** It drains, and closes then. */
  #isEnding = false;
  #closing: Promise<void> | null = null;

  constructor(options: EdgeOptions, faults: EdgeFaults, clock: Clock, drafters: EdgeDrafters | null, plan: LoopPlan) {
    const { model, lookUpTokens = defaultLookUpTokens, onEvent, grammars } = options;
    this.#faults = faults;
    this.#clock = clock;
    this.#downlink = new Downlink(options.downlinkBitsPerSecond, clock);
    const meter = faults.guardMeter(options.meter ?? noMeter);
    const journal = new EdgeJournal((event) => faults.call(() => onEvent?.(event), undefined), clock, meter);
    this.#journal = journal;
    faults.reported = (error) => journal.fault(error);
    this.#loop = new EngineLoop(model, clock, plan, {
      failed: (error) => faults.report(error),
      stalled: (isStalled) => {
        journal.write({ kind: isStalled ? 'engine-stalled' : 'engine-returned' });
        if (isStalled) this.#stalled.resolve();
      },
      stepped: (addedMs, step) => {
        meter.stepped(step);
        return drafters?.stepEnds(addedMs) ?? true;
      },
    });
    const { stallAfterMs } = plan;
    const attached = (entry: SessionEntry): void => applyDownlink(this.#core, entry);
    const observers = { journal, meter, attached };
    const sources = { lookUpTokens, drafters, faults, stallAfterMs, grammars, ...observers };
    this.#sessions = new EdgeSessions(model, clock, sources);
    const settings = settingsOf(options, this.#loop, drafters, () => this.#closedFor());
    this.#core = new EdgeCore(settings, clock, this.#sessions, {
      fault: (error) => faults.report(error),
      sending: (carrier, message) => journal.sending(carrier, message),
      closing: (carrier, code, detail) => journal.closing(carrier, code, detail),
      admitted: (carrier, key) => journal.admitted(carrier, key),
    });
    this.quotas = quotasOf(this.#core.quotas, clock);
    journal.carrierOf = (link) => this.#core.connections.carrier(link);
    this.#sessions.serve(this.#core, () => this.#loop.wake());
    this.#running = this.#loop.run(this.#core, this.#sessions);
  }

  get connections(): LiveEdgeCore['connections'] {
    return this.#core.connections;
  }

  accept(connection: Connection): ConnectionHandler {
    if (this.#closing !== null) {
      connection.close('interrupted', goingDown);
      return { frame: () => {}, writable: () => {}, closed: () => {} };
    }
    return this.#downlink.join(connection, (own) => this.#accept(own));
  }

  #accept(connection: Connection): ConnectionHandler {
    this.#journal.opened(connection);
    const closeFor = (error: unknown): void => {
      this.#faults.report(error);
      this.#faults.call(() => connection.close('internal', 'the edge has a fault'), undefined);
    };
    try {
      return this.#handlerOf(this.#core.accept(connection), connection, closeFor);
    } catch (error) {
      closeFor(error);
      return { frame: () => {}, writable: () => {}, closed: (reason) => this.#journal.closed(connection, reason) };
    }
  }

  get status(): EdgeStatus {
    const { connections, sessions } = this.#core;
    const counts = this.#journal.counts(this.#faults.count);
    return {
      state: this.#state,
      sessions: sessions.count,
      waiting: sessions.waitingCount,
      answering: this.#answering(),
      connections: connections.count,
      keptTokens: this.#sessions.keptTokens,
      counts,
      ...this.#loop.account,
    };
  }

  get stepTime(): StepTimeModel {
    return this.#loop.stepTime;
  }

  upgradeRefused({ address, reason, detail }: UpgradeRefusal): void {
    this.#journal.upgradeRefused(address, reason, detail);
  }

  renewKeys(find: (id: string, shown: EdgeKey) => EdgeKey | null): void {
    this.#journal.keysRevoked(this.#faults.call(() => this.#core.sessions.renewKeys(find), []));
  }

  setShares(shares: readonly SessionShares[]): SharesSet {
    return setSessionShares(this.#core, shares);
  }

  async drain(forMs: number): Promise<void> {
    between(0)('drain: forMs', forMs);
    if (this.#closing === null && !this.#isEnding) {
      [this.#isDraining, this.#isEnding] = [true, true];
      this.#journal.write({ kind: 'draining', sessions: this.#answering(), forMs });
      this.#faults.call(() => this.#core.connections.leave(true), undefined);
    }
    const endMs = this.#clock.nowMs() + forMs;
    while (this.#closing === null && this.#answering() > 0 && this.#clock.nowMs() < endMs) {
      await new Promise<void>((resolve) => this.#clock.after(drainCheckMs, resolve));
    }
    await this.close();
  }

  setDraining(isDraining: boolean): void {
    if (this.#closing !== null || this.#isEnding || isDraining === this.#isDraining) return;
    this.#isDraining = isDraining;
    this.#journal.write(
      isDraining ? { kind: 'draining', sessions: this.#answering(), forMs: null } : { kind: 'serving' },
    );
    this.#faults.call(() => this.#core.connections.leave(isDraining), undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#faults.call(() => this.#core.connections.closeAll(goingDown, 'interrupted'), undefined);
    this.#loop.close();
    // An engine that does not return would keep the edge open for ever.
    await Promise.race([this.#running, this.#stalled.promise]);
    this.#core.sessions.clear();
    if (!this.#loop.isStalled) await this.#sessions.close();
    this.#journal.close();
  }

  get #state(): EdgeStatus['state'] {
    if (this.#closing !== null) return 'closed';
    if (this.#loop.isStalled) return 'stalled';
    return this.#isDraining ? 'draining' : 'serving';
  }

  /** Sessions whose device is here and does not have the whole answer yet. */
  #answering(): number {
    let count = 0;
    for (const { state } of this.#core.sessions.entries) {
      if (state.link !== null && (state.end === null || !state.link.endSent)) count += 1;
    }
    return count;
  }

  #closedFor(): OutriderError | undefined {
    if (this.#loop.isStalled) return stalledEngine;
    return this.#isDraining || this.#closing !== null ? drainingEdge : undefined;
  }

  /** What the handler throws closes its connection; thrown in a socket's event, it would end the process. */
  #handlerOf(handler: FrameHandler, connection: Connection, failed: (error: unknown) => void): ConnectionHandler {
    const guard = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        failed(error);
      }
    };
    return {
      frame: (bytes) => guard(() => handler.frame(bytes)),
      writable: () => guard(() => handler.writable(true)),
      closed: (reason) => {
        guard(() => handler.closed());
        this.#journal.closed(connection, reason);
      },
      arriving: (bytes) => guard(() => handler.arriving?.(bytes)),
      control: (bytes) => guard(() => handler.control?.(bytes)),
    };
  }
}

const goingDown = 'the edge is going down';
/** How often a draining edge checks whether its answers have ended, ms. */
const drainCheckMs = 20;

function settingsOf(
  options: EdgeOptions,
  loop: EngineLoop,
  drafters: EdgeDrafters | null,
  closedFor: NonNullable<EdgeSettings['closedFor']>,
): EdgeSettings {
  const { model, maxRows = defaultMaxRows } = options;
  const { identity, tokenizer, limits: engine } = model;
  const { endIds, vocabularySize } = tokenizer;
  const prefillChunk = unpaddedTokens(engine.law, engine.maxItemTokens);
  return {
    machines: { stepEdge, createEdgeSession },
    target: { model: identity.name, fingerprint: identity.fingerprint, tokenizerHash: tokenizer.hash },
    rules: {
      vocabularySize,
      contextLength: engine.contextLength,
      endingOf: ({ stopStrings, maxAnswerTokens }) =>
        createEnding({ endIds, stopStrings, maxAnswerTokens }, tokenizer.bytes),
    },
    closedFor,
    keyOf: options.keyOf ?? (() => anyone),
    shareOf: checkedShare(options.shareOf ?? (() => 1)),
    targetMsPerToken: options.targetMsPerToken,
    keepLostMs: options.keepLostMs ?? 60_000,
    places: { ...defaultPlaceRules, ...options.places },
    placeCount: engine.maxSequences,
    limits: { maxRows, usefulRows: maxRows, prefillChunk, sharesRows: true },
    endIds,
    stepTime: () => loop.stepTime,
    edgeDraft: drafters,
    quotas: options.quotas,
    rate: options.rate ?? defaultRate,
    keyRate: options.keyRate ?? keyRateOf(options.rate ?? defaultRate, engine.maxSequences),
    connectionLimits: { ...defaultConnectionLimits(engine.maxSequences), ...options.connectionLimits },
    liveness: options.liveness ?? defaultLiveness,
    wire: byteWire,
  };
}

async function openDrafters(
  draft: NonNullable<EdgeOptions['draft']>,
  target: EdgeOptions['model'],
  clock: Clock,
): Promise<EdgeDrafters> {
  const room = Math.floor(draft.model.limits.maxSequences / target.limits.maxSequences) - 1;
  const hedges = Math.max(0, Math.min(draft.hedges ?? 0, room));
  return new EdgeDrafters({ ...draft, hedges, draftTime: await measureStepTime(draft.model, clock, 2) }, clock);
}

/** Serves an edge on a WebSocket port, or on a given HTTP server. @throws OutriderError `port-in-use`, `bad-argument` */
export async function listenEdge(edge: ListeningEdge, settings: ListenEdgeSettings): Promise<WebSocketListener> {
  having('what startEdge has returned', 'accept')('listenEdge: the edge', edge);
  checkOptions('listenEdge', settings, listenChecks);
  const { mayOrder, onApi, ...listen } = settings;
  const onRefused = (refusal: UpgradeRefusal): void => {
    edge.upgradeRefused(refusal);
    listen.onRefused?.(refusal);
  };
  const onRequest = listen.onRequest ?? answerRequests(edge, { mayOrder, onApi }, onRefused);
  return listenWebSocket({ ...listen, onRequest, onRefused, maxFrameBytes: limits.openBytes }, edge.accept);
}
