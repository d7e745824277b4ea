// One turn of a device, without draft model and network: performs the effects of the state machine, reconnects with growing pauses, gives
// up, replaces a connection that brings no text, and sets the chain cut. A live turn and a simulated device both use this code.

import type { Clock } from '../basics/clock.ts';
import type { ErrorCode, OutriderError } from '../basics/errors.ts';
import { unreachable } from '../basics/invariant.ts';
import type { RunnerUp } from '../decoding/runner-up.ts';
import type { ConnectionObserver } from './connections.ts';
import { mayHedge } from './device-alternatives.ts';
import { type DeviceConnectionSettings, DeviceConnections, type DeviceSink } from './device-connections.ts';
import type { stepDevice } from './device-session.ts';
import type {
  AlternativeDraft,
  AlternativeOrder,
  DeviceEffect,
  DeviceEvent,
  DeviceState,
  DeviceStep,
  Outcome,
} from './device-state.ts';
import { edgeOwesText } from './device-window.ts';
import { DraftWatch } from './draft-watch.ts';
import type { DraftingAdvice, DraftingSwitch, TurnMeasures } from './drafting-advice.ts';
import type { EdgeFailure, EdgeRoutes } from './edge-routes.ts';
import type { guardMessage } from './message-guard.ts';
import type { DeviceMessage, EdgeMessage, EdgeTiming, RefusedMessage } from './messages.ts';
import { protocolVersion } from './messages.ts';
import { reconnectPauseMs } from './reconnect-pause.ts';
import { TextDeadline, type TextDeadlines } from './text-deadline.ts';
import { TurnMeter } from './turn-meter.ts';
import type { FrameConnection, FrameHandler } from './wire.ts';

export interface DriverSettings extends DeviceConnectionSettings, TextDeadlines {
  readonly machines: { readonly stepDevice: typeof stepDevice; readonly guardMessage: typeof guardMessage };
  /** Of the device's tokenizer; ids of an honest edge are smaller. */
  readonly vocabularySize: number;
  /** The turn fails when connections have failed for this long without new text, ms. */
  readonly giveUpAfterMs: number;
  /** Random numbers in [0, 1), for the pauses between attempts to connect. */
  readonly uniform: () => number;
  /** Whether a failed first connection is tried again; otherwise the turn fails at once. */
  readonly retriesFirstConnection: boolean;
  /** Whether the device stops drafting when its chain is unlikely to be accepted. */
  readonly cutsChains: boolean;
  /** What an alternative adds to a pass of the drafter, as a share of it, as earlier turns have measured it; default: unknown. */
  readonly knownWidthShare?: number | undefined;
  /** Whether the device extends only alternatives that are worth their time; otherwise the turn's `minHedgeChance` stays. */
  readonly judgesHedges: boolean;
  /** Round trip, ms; undefined: it is measured. */
  readonly knownRoundTripMs?: number | undefined;
  /** The edges that the turn may use. Default: the one to which it was connected first. */
  readonly routes?: EdgeRoutes | undefined;
  /** The key for an edge. Default: that of the turn, for all. */
  readonly credentialsOf?: (edge: string) => string;
  /** Whether only an edge with the fingerprint that wrote the text so far may go on. Default: any may, and the text is marked. */
  readonly keepsTarget?: boolean;
}

/** An edge that refuses a turn with one of these refuses it again. */
const lastingRefusals: ReadonlySet<ErrorCode> = new Set([
  'bad-argument',
  'context-full',
  'target-changed',
  'tokenizer-mismatch',
  'unauthorized',
  'version-mismatch',
]);

/** A draft of the drafter. */
export interface DraftMade {
  readonly token: number;
  /** The drafter's probability of the token, (0, 1]. */
  readonly confidence: number;
  /** Found by lookup in the text. */
  readonly isLookedUp?: true;
  /** The drafter's second choice at the position, under the same noise. */
  readonly runnerUp?: RunnerUp;
  /** The next token of each alternative that the same pass has extended. */
  readonly alternatives?: readonly AlternativeDraft[];
}

export interface DraftOrder {
  readonly generation: number;
  readonly position: number;
  /** For drafters with a lookup: see `lookUpMargin` in decoding/draft-timing.ts. */
  readonly lookUpMargin: number;
  /** To be extended in the same pass; a drafter may leave out any of them. */
  readonly alternatives: readonly AlternativeOrder[];
}

/** What the surrounding process provides. */
export interface DeviceHost<Carrier> extends ConnectionObserver<DeviceMessage, Carrier> {
  /** Connects, then calls {@link DeviceDriver.connected} or {@link DeviceDriver.unreachable}. */
  connect(edge: string): void;
  /** Starts a draft after the current text and tail, then calls {@link DeviceDriver.drafted}. */
  beginDraft(order: DraftOrder): void;
  /** New final tokens; `drafted[i]`: token i was a draft of this device. */
  emit(tokens: readonly number[], drafted: readonly boolean[]): void;
  /** The session waits for a place of the edge. @param ahead about how many sessions get one before it */
  queued?(ahead: number): void;
  /** Drafts go to this edge from now on, and its text is shown. */
  servedBy?(edge: string): void;
  /** The turn was to move to this edge, which can't take it. It goes on where it is. */
  notMoved?(edge: string, error: Pick<OutriderError, 'code' | 'message' | 'remedy'>): void;
  /** The turn is over; the host stops drafts and connection attempts in progress. */
  finished?(outcome: Outcome): void;
  /** The machine has applied an event; its effects are not performed yet. */
  stepped?(event: DeviceEvent, step: DeviceStep): void;
  /** The effects are performed. */
  settled?(): void;
}

export class DeviceDriver<Carrier extends FrameConnection<DeviceMessage>> {
  readonly connections: DeviceConnections<Carrier>;
  readonly #settings: DriverSettings;
  readonly #clock: Clock;
  readonly #host: DeviceHost<Carrier>;
  readonly #advice: DraftingAdvice | null;
  readonly #watch: DraftWatch;
  readonly #meter = new TurnMeter();
  readonly #deadline: TextDeadline;
  #state: DeviceState;
  /** Time of the last new text. A `hello` does not count: an edge that only greets must not keep a turn alive. */
  #answeredAtMs: number;
  #openedAtMs = Number.POSITIVE_INFINITY;
  /** Since when there is no connection that brought text; null: there is one. */
  #outageSinceMs: number | null = null;
  /** Why an edge could not take the session, since the last new text. */
  #refusal: Pick<RefusedMessage, 'code' | 'cause' | 'remedy'> | null = null;
  #hasConnected = false;
  /** Edges to which no first connection was possible. */
  readonly #unreached = new Set<string>();
  /** Edges that have refused this turn; true: whatever happens, they will again. */
  readonly #refusals = new Map<string, boolean>();
  /** How the connection that is lost next has failed. */
  #failure: EdgeFailure = 'lost';
  #servedBy: string | null = null;
  /** The edge that a move is connecting to. */
  #movingTo: string | null = null;
  #cancelConnect = (): void => {};
  /** Nested steps: sending may fill a queue, which is an event. */
  #depth = 0;
  /** A switch of drafting that is applied after all effects are performed. */
  #switchTo: DraftingSwitch | null = null;

  constructor(
    settings: DriverSettings,
    clock: Clock,
    host: DeviceHost<Carrier>,
    state: DeviceState,
    advice: DraftingAdvice | null = null,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#host = host;
    this.#state = state;
    this.#advice = advice;
    this.#watch = new DraftWatch(settings.knownWidthShare);
    this.#answeredAtMs = clock.nowMs();
    this.#deadline = new TextDeadline(clock, settings, (hasExpiredBefore, afterMs) => {
      if (hasExpiredBefore) this.#edgeIsSilent(afterMs);
      else this.#replaceConnections(afterMs);
    });
    const sink: DeviceSink = {
      guard: (connection, message) =>
        settings.machines.guardMessage(connection, message, this.#state, settings.vocabularySize),
      linkOpened: (link, edge) => {
        this.#hasConnected = true;
        this.#movingTo = null;
        this.#openedAtMs = clock.nowMs();
        if (this.#state.edges.length === 0 && advice?.beginsDrafting === false) this.switchDrafting({ on: false });
        this.step({ kind: 'link-opened', link, edge });
      },
      received: (link, message) => {
        if (this.#isLeft(link, message)) return;
        if (message.kind === 'refused' && message.code === 'edge-full') this.#refusal = message;
        if (message.kind === 'queued') {
          this.#deadline.queued();
          host.queued?.(message.ahead);
        }
        if (message.kind === 'leaving') this.#leave(link);
        if (message.kind === 'hello') this.#greeted(link, message.timing);
        this.step({ kind: 'message-received', link, message });
      },
      linkWritable: (link, writable) => this.step({ kind: 'link-writable', link, writable }),
      linkClosed: (link, code) => this.#lost(link, code),
    };
    this.connections = new DeviceConnections(settings, clock, sink, host);
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** For `knownWidthShare` of the next turn with the same drafter. */
  get widthShare(): number | undefined {
    return this.#watch.widthShare;
  }

  stop(): void {
    this.step({ kind: 'stop-requested' });
  }

  switchDrafting({ on, reason }: { readonly on: boolean; readonly reason?: string }): void {
    this.step({ kind: 'drafting-switched', on, ...(reason === undefined ? {} : { reason }) });
  }

  /** For the first connection of a turn, a second one beside it (handover), or another one to the same edge. */
  connected(edge: string, carrier: Carrier): FrameHandler {
    return this.connections.open(edge, carrier);
  }

  unreachable(edge: string, error: OutriderError): void {
    if (this.#state.outcome !== null) return;
    this.#movingTo = null;
    if (this.#state.links.length > 0) {
      this.#settings.routes?.failed(edge, this.#clock.nowMs());
      this.#host.notMoved?.(edge, error);
      return;
    }
    this.#unreached.add(edge);
    const isUntried = this.#settings.routes?.names.some((name) => !this.#unreached.has(name)) ?? false;
    if (this.#hasConnected || this.#settings.retriesFirstConnection || isUntried)
      this.#connectLater(edge, 'unreachable');
    else this.failed(error);
  }

  /** Begins the turn at the edge that the routes prefer. Without routes the caller connects. */
  start(routes: EdgeRoutes): void {
    this.#host.connect(routes.first(this.#clock.nowMs()));
  }

  /**
   * Hands the turn over: the other edge evaluates the text while the present one goes on writing, and takes over with its first commit. If
   * it can't, the turn stays where it is.
   */
  moveTo(edge: string): void {
    const { outcome, links } = this.#state;
    if (outcome !== null || this.#movingTo === edge || links.at(-1)?.edge === edge) return;
    this.#movingTo = edge;
    // Without a connection, the attempt to make one goes there instead.
    if (links.length === 0) this.#cancelConnect();
    this.#host.connect(edge);
  }

  /** Ends the turn with an error. */
  failed({ code, message: cause, remedy }: Pick<OutriderError, 'code' | 'message' | 'remedy'>): void {
    this.step({ kind: 'gave-up', code, cause, remedy });
  }

  /** @param draft null: the drafter has no proposal @param durationMs duration of the draft */
  drafted({ generation, position }: DraftOrder, draft: DraftMade | null, durationMs: number): void {
    if (draft?.isLookedUp !== true) {
      this.#watch.drafted(durationMs, draft?.alternatives?.length);
      this.#meter.drafted(durationMs);
    }
    this.#setChainCut();
    this.#setHedgeCut();
    if (draft === null) this.step({ kind: 'draft-declined', generation, position });
    else this.step({ kind: 'draft-produced', generation, position, ...draft });
  }

  step(event: DeviceEvent): void {
    const step = this.#settings.machines.stepDevice(this.#state, event);
    this.#state = step.state;
    this.#host.stepped?.(event, step);
    this.#depth += 1;
    try {
      for (const effect of step.effects) this.#perform(effect);
    } finally {
      this.#depth -= 1;
    }
    this.#deadline.owes(edgeOwesText(this.#state));
    this.#noteServer();
    this.#host.settled?.();
    const change = this.#switchTo;
    if (change === null || this.#depth > 0) return;
    this.#switchTo = null;
    this.switchDrafting(change);
  }

  #perform(effect: DeviceEffect): void {
    switch (effect.kind) {
      case 'send':
        if (effect.message.kind === 'verify') this.#watch.verificationRequested(this.#clock.nowMs());
        if (effect.message.kind === 'open') this.#deadline.opened();
        this.connections.send(effect.link, this.#withCredentials(effect.link, effect.message));
        break;
      case 'close-link':
        this.connections.close(effect.link, effect.code, effect.detail);
        break;
      case 'connect':
        this.#watch.lost();
        this.#meter.lost();
        this.#connectLater(effect.edge, this.#failure);
        break;
      case 'draft-next': {
        const { generation, position, alternatives } = effect;
        const lookUpMargin = this.#watch.lookUpMargin(this.#state);
        this.#host.beginDraft({ generation, position, lookUpMargin, alternatives });
        break;
      }
      case 'emit-tokens':
        this.#emit(effect.tokens, effect.drafted);
        break;
      case 'finish':
        this.#cancelConnect();
        this.#advice?.ended(this.measures);
        this.#host.finished?.(effect.outcome);
        break;
      default:
        unreachable(effect);
    }
  }

  /** @param code with which this side has closed it */
  #lost(link: number, code?: ErrorCode | 'done'): void {
    const nowMs = this.#clock.nowMs();
    // The connection held for this long, so the edge was busy, for example with a long prompt.
    if (nowMs - this.#openedAtMs >= this.#settings.giveUpAfterMs) this.#answeredAtMs = nowMs;
    if (code === 'silent') this.#failure = 'silent';
    this.step({ kind: 'link-closed', link });
    this.#failure = 'lost';
  }

  #connectLater(edge: string, how: EdgeFailure): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#answeredAtMs > this.#settings.giveUpAfterMs) {
      this.failed(this.#reasonToGiveUp());
      return;
    }
    this.#outageSinceMs ??= nowMs;
    const next = this.#settings.routes?.next(edge, how, nowMs, new Set(this.#refusals.keys()));
    const pauseMs =
      next?.isFresh === true ? 0 : reconnectPauseMs(nowMs - this.#outageSinceMs, this.#settings.uniform());
    this.#cancelConnect = this.#clock.after(pauseMs, () => {
      if (this.#state.outcome === null) this.#host.connect(next?.edge ?? edge);
    });
  }

  /**
   * Whether the device leaves the edge for what it has said, and so does not pass it on: it refuses the turn or can't go on with it, and there
   * is another edge.
   */
  #isLeft(link: number, message: EdgeMessage): boolean {
    const edge = this.connections.edgeOf(link);
    const reason = this.#reasonToLeave(link, message);
    if (edge === undefined || reason === null || reason.code === 'superseded') return false;
    const { routes } = this.#settings;
    this.#refusals.set(edge, lastingRefusals.has(reason.code));
    this.#refusal = reason;
    const isMoving = this.#state.links.length > 1;
    if (isMoving) {
      routes?.failed(edge, this.#clock.nowMs());
      this.#host.notMoved?.(edge, { ...reason, message: reason.cause });
    } else if (routes?.names.some((name) => !this.#refusals.has(name)) !== true) {
      if (reason.code === 'target-changed') this.failed({ ...reason, message: reason.cause });
      return reason.code === 'target-changed';
    }
    this.#failure = 'refused';
    this.connections.close(link, 'done', reason.cause);
    return true;
  }

  /** The edge of this connection is going down: another one takes over, if there is one. */
  #leave(link: number): void {
    const { routes } = this.#settings;
    const edge = this.connections.edgeOf(link);
    if (routes === undefined || edge === undefined) return;
    const nowMs = this.#clock.nowMs();
    routes.failed(edge, nowMs);
    const isServing = edge === this.#state.links.at(-1)?.edge;
    const other = routes.alternativeTo(edge, nowMs, new Set(this.#refusals.keys()));
    if (isServing && other !== undefined) this.moveTo(other);
  }

  #reasonToLeave(link: number, message: EdgeMessage): Pick<RefusedMessage, 'code' | 'cause' | 'remedy'> | null {
    switch (message.kind) {
      case 'refused':
        return message;
      case 'hello':
        return this.#unfit(message);
      case 'commit':
        // Of two edges that were greeted before there was text, the one that writes first sets the target.
        if (this.#settings.keepsTarget !== true) return null;
        return this.#otherTarget(this.#state.links.find(({ id }) => id === link)?.fingerprint ?? null);
      default:
        return null;
    }
  }

  /** Why an edge that greets so can't write this turn's text; null: it can. */
  #unfit(hello: Extract<EdgeMessage, { kind: 'hello' }>): Pick<RefusedMessage, 'code' | 'cause' | 'remedy'> | null {
    const { turn } = this.#state;
    const { routes } = this.#settings;
    // Of the only edge, the machine judges these two.
    if (routes?.hasSeveral === true) {
      const remedy = 'use edges of one version and one target';
      if (hello.version !== protocolVersion)
        return { code: 'version-mismatch', cause: `an edge speaks protocol ${hello.version}`, remedy };
      if (hello.tokenizerHash !== turn.tokenizerHash)
        return { code: 'tokenizer-mismatch', cause: `an edge runs ${hello.model}, with another tokenizer`, remedy };
    }
    return this.#otherTarget(hello.fingerprint);
  }

  #otherTarget(fingerprint: string | null): Pick<RefusedMessage, 'code' | 'cause' | 'remedy'> | null {
    const { fingerprints } = this.#state;
    if (this.#settings.keepsTarget !== true || fingerprints.length === 0) return null;
    if (fingerprint === null || fingerprints.includes(fingerprint)) return null;
    return {
      code: 'target-changed',
      cause:
        'the edge that answers now runs another target, or other hardware, than the one that wrote the text so far',
      remedy: 'ask again; or allow another target to go on, and the text is marked as that of several',
    };
  }

  #withCredentials(link: number, message: DeviceMessage): DeviceMessage {
    const { credentialsOf } = this.#settings;
    if (credentialsOf === undefined || (message.kind !== 'open' && message.kind !== 'resume')) return message;
    const edge = this.connections.edgeOf(link);
    return edge === undefined ? message : { ...message, credentials: credentialsOf(edge) };
  }

  #noteServer(): void {
    const { links, main } = this.#state;
    const edge = links.find(({ id }) => id === main)?.edge;
    if (edge === undefined || edge === this.#servedBy) return;
    this.#servedBy = edge;
    this.#host.servedBy?.(edge);
  }

  #reasonToGiveUp(): Pick<OutriderError, 'code' | 'message' | 'remedy'> {
    if (this.#refusal !== null) return { ...this.#refusal, message: this.#refusal.cause };
    const message = 'the connection to the edge is lost, and the edge no longer answers';
    return { code: 'edge-unreachable', message, remedy: 'check the network and the edge; the text so far is kept' };
  }

  /** The connection may be stuck, or the edge process: another connection may reach a process that works. */
  #replaceConnections(afterMs: number): void {
    // The connections held until now, so attempts to connect get the whole time.
    this.#answeredAtMs = this.#clock.nowMs();
    for (const { id } of this.#state.links) this.connections.close(id, 'silent', `no text in ${afterMs} ms`);
  }

  #edgeIsSilent(afterMs: number): void {
    const message = `the edge keeps the connection but has sent no text for ${Math.round(afterMs / 1000)} s, twice`;
    const remedy = 'ask another edge, or give this one more time; the text so far is kept';
    this.failed({ code: 'edge-silent', message, remedy });
  }

  #emit(tokens: readonly number[], drafted: readonly boolean[]): void {
    const nowMs = this.#clock.nowMs();
    this.#answeredAtMs = nowMs;
    this.#outageSinceMs = null;
    this.#refusal = null;
    if (this.#servedBy !== null) this.#settings.routes?.answered(this.#servedBy);
    for (const [edge, isLasting] of this.#refusals) if (!isLasting) this.#refusals.delete(edge);
    this.#deadline.answered();
    this.#watch.committed(nowMs, tokens.length);
    this.#meter.committed(nowMs, tokens.length);
    this.#host.emit(tokens, drafted);
    this.#judge();
  }

  #greeted(link: number, timing: EdgeTiming): void {
    const change = this.#advice?.greeted(this.connections.edgeOf(link) ?? '', timing) ?? null;
    if (change !== null) this.switchDrafting(change);
  }

  #judge(): void {
    const { text, turn } = this.#state;
    if (this.#advice?.isDue(text.length - turn.prompt.length) !== true) return;
    // For the next judgement.
    this.connections.pingAll();
    this.#switchTo = this.#advice.judge(this.measures);
  }

  /** What the turn has measured so far. */
  get measures(): TurnMeasures {
    return this.#meter.measures(this.#state, this.connections.recentRoundTripMs ?? this.#settings.knownRoundTripMs);
  }

  #setHedgeCut(): void {
    if (!this.#settings.judgesHedges || !mayHedge(this.#state.turn)) return;
    const cut = this.#watch.newHedgeCut(this.#state);
    if (cut !== undefined) this.step({ kind: 'hedge-cut-set', minHedgeChance: cut });
  }

  /** Must come before the event after which the machine decides whether to draft another token. */
  #setChainCut(): void {
    const { cutsChains, knownRoundTripMs } = this.#settings;
    if (!cutsChains) return;
    const cut = this.#watch.newChainCut(this.#state, knownRoundTripMs ?? this.connections.roundTripMs ?? 0);
    if (cut !== undefined) this.step({ kind: 'chain-cut-set', minChainConfidence: cut });
  }
}
