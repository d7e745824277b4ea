// One turn of a device, without draft model and network: performs the effects of the state machine, reconnects with growing pauses, gives
// up, replaces a connection that brings no text, and sets the chain cut. A live turn and a simulated device both use this code.

import type { Clock } from '../../basics/clock.ts';
import type { ErrorCode, OutriderError } from '../../basics/errors.ts';
import { unreachable } from '../../basics/invariant.ts';
import type { Logprobs } from '../../decoding/logprobs.ts';
import type { PassPrices, PassWork } from '../../decoding/pass-times.ts';
import type { ConnectionObserver } from '../wire/connections.ts';
import { type DraftMade, type DraftOrder, withoutWork, workOf } from '../wire/draft-order.ts';
import type { DeviceMessage, EdgeMessage } from '../wire/messages.ts';
import type { FrameConnection, FrameHandler } from '../wire/wire.ts';
import { mayHedge } from './device-alternatives.ts';
import { type DeviceConnectionSettings, DeviceConnections, type DeviceSink, type Shown } from './device-connections.ts';
import { findLink } from './device-links.ts';
import type { stepDevice } from './device-session.ts';
import type { DeviceEffect, DeviceEvent, DeviceState, DeviceStep, DraftBudget, Outcome } from './device-state.ts';
import { edgeOwesText } from './device-window.ts';
import { DraftWatch } from './draft-watch.ts';
import type { DraftingAdvice, DraftingSwitch, TurnMeasures } from './drafting-advice.ts';
import { EdgeChoice, type EdgeChoiceSettings } from './edge-choice.ts';
import type { EdgeFailure } from './edge-routes.ts';
import type { guardMessage } from './message-guard.ts';
import { reconnectPauseMs } from './reconnect-pause.ts';
import { silentEdge, TextDeadline, type TextDeadlines } from './text-deadline.ts';

export interface DriverSettings extends DeviceConnectionSettings, TextDeadlines, EdgeChoiceSettings {
  readonly machines: { readonly stepDevice: typeof stepDevice; readonly guardMessage: typeof guardMessage };
  /** Vocabulary size of the device's tokenizer; ids of an honest edge are smaller. */
  readonly vocabularySize: number;
  /** The turn fails when connections have failed for this long without new text, ms. */
  readonly giveUpAfterMs: number;
  /** Random numbers in [0, 1), for the pauses between attempts to connect. */
  readonly uniform: () => number;
  /** Whether a failed first connection is tried again; otherwise the turn fails at once. */
  readonly retriesFirstConnection: boolean;
  /** Whether the device stops drafting when its chain is unlikely to be accepted. */
  readonly cutsChains: boolean;
  /** Prices of a pass of the drafter, as earlier turns have measured them; default: unknown. */
  readonly knownPrices?: PassPrices | undefined;
  /** Whether the device extends only alternatives that are worth their time; otherwise the turn's `minHedgeChance` stays. */
  readonly judgesHedges: boolean;
  /** Round trip, ms; undefined: it is measured. */
  readonly knownRoundTripMs?: number | undefined;
}

/** What the surrounding process provides. */
export interface DeviceHost<Carrier> extends ConnectionObserver<DeviceMessage, Carrier> {
  /** Connects, then calls {@link DeviceDriver.connected} or {@link DeviceDriver.unreachable}. */
  connect(edge: string): void;
  /** Starts a draft after the current text and tail, then calls {@link DeviceDriver.drafted}. */
  beginDraft(order: DraftOrder): void;
  /** New final tokens; `drafted[i]`: token i was a draft of this device. */
  emit(tokens: readonly number[], drafted: readonly boolean[], logprobs?: readonly Logprobs[]): void;
  /** Logprobs of the prompt's tokens, in order, from the second token on; only where the turn asks for them. */
  scored?(logprobs: readonly Logprobs[]): void;
  /** The session waits for a place of the edge. @param ahead about how many sessions get one before it */
  queued?(ahead: number): void;
  /** The edge loads its model, and is asked again later. Called again where it says something else. */
  loading?(cause: string): void;
  /** Drafts go to this edge from now on, and its text is shown. */
  servedBy?(edge: string): void;
  /** The turn was to move to this edge, which can't take it. It stays where it is. */
  notMoved?(edge: string, error: Pick<OutriderError, 'code' | 'message' | 'remedy'>): void;
  /** The turn is over; the host stops drafts and connection attempts in progress. */
  finished?(outcome: Outcome): void;
  /** The machine has applied an event; its effects are not performed yet. */
  stepped?(event: DeviceEvent, step: DeviceStep): void;
}

export class DeviceDriver<Carrier extends FrameConnection<DeviceMessage>> {
  readonly connections: DeviceConnections<Carrier>;
  readonly #settings: DriverSettings;
  readonly #clock: Clock;
  readonly #host: DeviceHost<Carrier>;
  readonly #advice: DraftingAdvice | null;
  readonly #watch: DraftWatch;
  readonly #deadline: TextDeadline;
  #state: DeviceState;
  /** Time of the last new text. A `hello` does not count: an edge that only greets must not keep a turn alive. */
  #answeredAtMs: number;
  #openedAtMs = Number.POSITIVE_INFINITY;
  /** Since when there is no connection that brought text; null: there is one. */
  #outageSinceMs: number | null = null;
  #hasConnected = false;
  readonly #edges: EdgeChoice;
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
    this.#watch = new DraftWatch(settings.knownPrices);
    this.#edges = new EdgeChoice(settings);
    this.#answeredAtMs = clock.nowMs();
    this.#deadline = new TextDeadline(clock, settings, (hasExpiredBefore, afterMs) => {
      if (hasExpiredBefore) this.failed(silentEdge(afterMs));
      else this.#replaceConnections(afterMs);
    });
    const sink: DeviceSink = {
      guard: (connection, message) =>
        settings.machines.guardMessage(connection, message, this.#state, settings.vocabularySize),
      linkOpened: (link, edge) => {
        this.#hasConnected = true;
        // An attempt that waits is one for a turn without a connection.
        this.#cancelConnect();
        if (this.#movingTo === edge) this.#movingTo = null;
        this.#openedAtMs = clock.nowMs();
        if (this.#state.edges.length === 0) this.#switch(advice?.begins());
        this.step({ kind: 'link-opened', link, edge });
      },
      received: (link, message) => {
        if (this.#isLeft(link, message)) return;
        if (message.kind === 'queued') {
          this.#deadline.queued();
          host.queued?.(message.ahead);
        }
        if (message.kind === 'leaving') this.#leave(link);
        if (message.kind === 'hello')
          this.#switch(this.#advice?.greeted(this.connections.edgeOf(link) ?? '', message.timing));
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

  /** For `knownPrices` of the next turn with the same drafter. */
  get prices(): PassPrices {
    return this.#watch.prices;
  }

  stop(): void {
    this.step({ kind: 'stop-requested' });
  }

  /** How much to draft from now on, within the request. */
  setBudget({ maxAhead, hedges }: DraftBudget): void {
    const { budget, outcome } = this.#state;
    if (outcome !== null || (budget.maxAhead === maxAhead && budget.hedges === hedges)) return;
    this.step({ kind: 'draft-budget-set', maxAhead, hedges });
  }

  #switch(change: DraftingSwitch | null | undefined): void {
    if (change != null) this.step({ kind: 'drafting-switched', ...change });
  }

  /**
   * For the first connection of a turn, a second one beside it (handover), or another one to the same edge.
   * @param shown belongs to this connection: whatever becomes of the name of its edge, its key is sent to no other address
   */
  connected(edge: string, carrier: Carrier, shown?: Shown): FrameHandler {
    return this.connections.open(edge, carrier, shown);
  }

  unreachable(edge: string, error: OutriderError): void {
    if (this.#state.outcome !== null) return;
    if (this.#movingTo === edge) this.#movingTo = null;
    if (this.#state.links.length > 0) {
      this.#settings.routes?.failed(edge, this.#clock.nowMs());
      this.#host.notMoved?.(edge, error);
      return;
    }
    const isUntried = this.#edges.unreached(edge);
    if (this.#hasConnected || this.#settings.retriesFirstConnection || isUntried)
      this.#connectLater(edge, 'unreachable');
    else this.failed(error);
  }

  /**
   * Hands the turn over: the other edge evaluates the text while the present one still writes, and takes over with its first commit. If
   * it can't, the turn stays where it is.
   */
  moveTo(edge: string): void {
    const { outcome, links } = this.#state;
    if (outcome !== null || this.#movingTo === edge || links.at(-1)?.edge === edge) return;
    this.#movingTo = edge;
    // Without a connection, the attempt to connect is made to that edge instead.
    if (links.length === 0) this.#cancelConnect();
    this.#host.connect(edge);
  }

  failed({ code, message: cause, remedy }: Pick<OutriderError, 'code' | 'message' | 'remedy'>): void {
    this.step({ kind: 'gave-up', code, cause, remedy });
  }

  /** @param draft null: there is no proposal @param durationMs of the draft @param work of its pass; default: as the draft says */
  drafted(order: DraftOrder, draft: DraftMade | null, durationMs: number, work?: PassWork): void {
    const { generation, position, alternatives } = order;
    if (draft !== null && draft.isLookedUp !== true)
      this.#watch.drafted(durationMs, work ?? workOf(draft, alternatives));
    this.#setChainCut();
    this.#setHedgeCut();
    if (draft === null) this.step({ kind: 'draft-declined', generation, position });
    else this.step({ ...withoutWork(draft), kind: 'draft-produced', generation, position });
  }

  step(event: DeviceEvent): void {
    const step = this.#settings.machines.stepDevice(this.#state, event);
    this.#state = step.state;
    this.#host.stepped?.(event, step);
    // Before its text is handed on.
    this.#noteServer();
    this.#depth += 1;
    try {
      for (const effect of step.effects) this.#perform(effect);
    } finally {
      this.#depth -= 1;
    }
    this.#deadline.owes(edgeOwesText(this.#state));
    const change = this.#switchTo;
    if (this.#depth > 0) return;
    this.#switchTo = null;
    this.#switch(change);
  }

  #perform(effect: DeviceEffect): void {
    switch (effect.kind) {
      case 'send':
        if (effect.message.kind === 'verify') this.#watch.verificationRequested(this.#clock.nowMs());
        if (effect.message.kind === 'open') this.#deadline.opened();
        this.connections.send(effect.link, this.connections.withCredentials(effect.link, effect.message));
        break;
      case 'close-link':
        this.connections.close(effect.link, effect.code, effect.detail);
        break;
      case 'connect':
        this.#watch.lost();
        this.#connectLater(effect.edge, this.#failure);
        break;
      case 'draft-next': {
        const { generation, position, alternatives } = effect;
        const lookUpMargin = this.#watch.lookUpMargin(this.#state);
        this.#host.beginDraft({ generation, position, lookUpMargin, alternatives });
        break;
      }
      case 'emit-tokens':
        this.#emit(effect);
        break;
      case 'emit-prompt-logprobs':
        this.#answeredAtMs = this.#clock.nowMs();
        this.#deadline.scored();
        this.#host.scored?.(effect.logprobs);
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
      this.failed(this.#edges.reasonToGiveUp());
      return;
    }
    this.#outageSinceMs ??= nowMs;
    const next = this.#edges.next(edge, how, nowMs) ?? { edge, isFresh: false };
    const pauseMs = next.isFresh ? 0 : reconnectPauseMs(nowMs - this.#outageSinceMs, this.#settings.uniform());
    this.#cancelConnect = this.#clock.after(pauseMs, () => {
      if (this.#state.outcome === null && this.#state.links.length === 0) this.#host.connect(next.edge);
    });
  }

  /** Whether the device leaves an edge that refuses the turn, or can't continue it, for another one. The machine is not notified. */
  #isLeft(link: number, message: EdgeMessage): boolean {
    const edge = this.connections.edgeOf(link);
    const reason = this.#edges.reasonToLeave(this.#state, link, message);
    if (edge === undefined || reason === null || reason.code === 'superseded') return false;
    const nowMs = this.#clock.nowMs();
    const isSaid = this.#edges.lastRefusal?.cause === reason.cause;
    const isAwaited = this.#edges.refused(edge, reason, nowMs);
    if (this.#state.links.length > 1) {
      this.#settings.routes?.failed(edge, nowMs);
      this.#host.notMoved?.(edge, { ...reason, message: reason.cause });
    } else if (isAwaited) {
      // It answers, so this is no outage.
      this.#answeredAtMs = nowMs;
      if (!isSaid) this.#host.loading?.(reason.cause);
    } else if (!this.#edges.hasOther && !this.#edges.mayBeTaken(this.#state, reason)) {
      const isOver = reason.code === 'target-changed' || reason.code === 'edge-loading';
      if (isOver) this.failed({ ...reason, message: reason.cause });
      return isOver;
    }
    this.#failure = 'refused';
    this.connections.close(link, 'done', reason.cause);
    return true;
  }

  /** The edge of this connection is going down: another one takes over, if there is one. */
  #leave(link: number): void {
    const edge = this.connections.edgeOf(link);
    if (edge === undefined) return;
    const other = this.#edges.leaving(edge, this.#clock.nowMs());
    if (edge === this.#state.links.at(-1)?.edge && other !== undefined) this.moveTo(other);
  }

  #noteServer(): void {
    const edge = findLink(this.#state, this.#state.main)?.edge;
    if (edge === undefined || edge === this.#servedBy) return;
    this.#servedBy = edge;
    this.#host.servedBy?.(edge);
  }

  /** The connection may be stuck, or the edge process: another connection may reach a process that works. */
  #replaceConnections(afterMs: number): void {
    // The connections held until now, so attempts to connect get the whole time.
    this.#answeredAtMs = this.#clock.nowMs();
    for (const { id } of this.#state.links) this.connections.close(id, 'silent', `no text in ${afterMs} ms`);
  }

  #emit({ tokens, drafted, logprobs }: Extract<DeviceEffect, { kind: 'emit-tokens' }>): void {
    const nowMs = this.#clock.nowMs();
    this.#answeredAtMs = nowMs;
    this.#outageSinceMs = null;
    this.#edges.answered(this.#servedBy);
    this.#deadline.answered();
    this.#watch.committed(nowMs, tokens.length);
    this.#host.emit(tokens, drafted, logprobs);
    this.#judge();
  }

  #judge(): void {
    const { text, turn } = this.#state;
    if (this.#advice?.isDue(text.length - turn.prompt.length) !== true) return;
    // For the next judgement.
    this.connections.pingAll();
    this.#switchTo = this.#advice.judge(this.measures);
  }

  get measures(): TurnMeasures {
    return this.#watch.measures(this.#state, this.connections.recentRoundTripMs ?? this.#settings.knownRoundTripMs);
  }

  #setHedgeCut(): void {
    if (!this.#settings.judgesHedges || !mayHedge(this.#state.turn)) return;
    const cuts = this.#watch.newHedgeCuts(this.#state);
    if (cuts !== undefined) this.step({ kind: 'hedge-cut-set', ...cuts });
  }

  /** Must come before the event after which the machine decides whether to draft another token. */
  #setChainCut(): void {
    const { cutsChains, knownRoundTripMs } = this.#settings;
    if (!cutsChains) return;
    const cut = this.#watch.newChainCut(this.#state, knownRoundTripMs ?? this.connections.roundTripMs ?? 0);
    if (cut !== undefined) this.step({ kind: 'chain-cut-set', minChainConfidence: cut });
  }
}
