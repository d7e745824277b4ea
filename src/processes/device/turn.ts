// One answer on a live device: connects core/protocol/device/device-driver.ts with a draft model and a network, and gives the reader the text as it
// becomes final.

import { checkOptions } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { defined } from '../../core/basics/defined.ts';
import { asOutriderError, badArgument, OutriderError } from '../../core/basics/errors.ts';
import { TextAssembler } from '../../core/decoding/ending-text.ts';
import type { Logprobs, TokenLogprobs } from '../../core/decoding/logprobs.ts';
import type { PassPrices } from '../../core/decoding/pass-times.ts';
import { DraftedText } from '../../core/decoding/token-list.ts';
import { DeviceDriver, type DeviceHost } from '../../core/protocol/device/device-driver.ts';
import { stepDevice } from '../../core/protocol/device/device-session.ts';
import { createDeviceState, type Outcome } from '../../core/protocol/device/device-state.ts';
import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import { guardMessage } from '../../core/protocol/device/message-guard.ts';
import { defaultTextDeadlines } from '../../core/protocol/device/text-deadline.ts';
import type { DraftOrder } from '../../core/protocol/wire/draft-order.ts';
import { defaultLiveness } from '../../core/protocol/wire/liveness.ts';
import { type ModeName, modeOf } from '../../core/protocol/wire/mode.ts';
import { deviceByteWire, type FrameHandler } from '../../core/protocol/wire/wire.ts';
import { draftRequest } from '../../models/port/drafter.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import { adviseTurn, type ModeChange, type TurnAdvice } from './auto-mode.ts';
import { createEdgeList, type EdgeList, isEdgeList, whyOf } from './edge-list.ts';
import { EmissionQueue } from './emission-queue.ts';
import { requestOf, type TurnOptions, turnChecks } from './turn-options.ts';
import { type Emission, reportTurn, type TurnReport, type TurnTimes } from './turn-report.ts';
import { statusOf, type TurnStatus } from './turn-status.ts';

/**
 * A running answer. Iterate it once; the iteration throws a failure, and the report has it as outcome. Leaving the loop early stops
 * the answer.
 */
export interface Turn extends AsyncIterable<Emission> {
  /** Resolves when the turn is over, also after a failure. */
  readonly report: Promise<TurnReport>;
  /** What is known of it now. */
  readonly status: TurnStatus;
  /** Has the effect of an aborted signal. */
  stop(): void;
  /**
   * Hands the answer over to another of its edges, which evaluates the text while the present one still writes. The text does not change.
   * @throws OutriderError `bad-argument` for an edge that the turn does not have
   */
  moveTo(edge: string): void;
  /**
   * Takes a controller's plan. Its mode counts with `auto`, while the edge writes for which it is meant; the device does not draft with an
   * almost empty battery, nor where it has felt that drafts cost time. Its numbers count in modes without windows, below the turn's own.
   */
  obey(plan: DraftPlan): void;
}

/** What an alternative adds to a pass of each drafter, as its last turn has measured it. */
const knownPrices = new WeakMap<object, PassPrices>();
/** With several edges, one that does not answer is left sooner, ms. */
const severalEdges = { liveness: { pingAfterMs: 1000, lostAfterMs: 4000 }, connectWithinMs: 3000 } as const;

/** @throws OutriderError `bad-argument` before anything is sent */
export function startTurn(options: TurnOptions): Turn {
  checkOptions('startTurn', options, turnChecks);
  const runner = new TurnRunner(options);
  runner.start();
  return runner;
}

/** [0, 1). */
function randomUniform(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32;
}

class TurnRunner implements Turn {
  readonly report: Promise<TurnReport>;
  readonly #options: TurnOptions;
  readonly #clock: Clock;
  readonly #driver: DeviceDriver<Connection>;
  readonly #queue: EmissionQueue<Emission> = new EmissionQueue(() => this.stop());
  readonly #assembler: TextAssembler;
  /** Connections that are being opened. */
  readonly #attempts = new Set<AbortController>();
  #isOver = false;
  /** Removed by hand: with the option `signal`, Node forgets to remove it once garbage has been collected. */
  readonly #stopNow = (): void => this.stop();
  readonly #times: TurnTimes;
  readonly #resolveReport: (report: TurnReport) => void;
  readonly #edges: EdgeList;
  readonly #advice: TurnAdvice | undefined;
  readonly #promptLogprobs: TokenLogprobs[] = [];
  #text: string;
  #plan: DraftPlan | undefined;

  constructor(options: TurnOptions) {
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    const { auto, connect, drafter, tokenizer } = options;
    this.#edges = isEdgeList(connect) ? connect : createEdgeList(connect);
    const { routes } = this.#edges;
    if (routes.names.length === 0) {
      const remedy = 'give an edge, or ask again when the controller names one';
      throw new OutriderError('edge-unreachable', 'no edge is known', remedy);
    }
    const mode = auto === undefined ? (options.mode ?? (drafter === null ? 'ar' : 'stream')) : 'mix';
    const { batteryLevel } = options;
    this.#advice = auto?.follow({ canDraft: drafter !== null, batteryLevel }) ?? ownAdvice(options, mode);
    const known = drafter === null ? undefined : knownPrices.get(drafter);
    const turn = requestOf(options, mode, known);
    const { endIds, stopStrings, maxAnswerTokens } = turn;
    this.#assembler = new TextAssembler({ endIds, stopStrings, maxAnswerTokens }, tokenizer.bytes);
    this.#text = this.#assembler.push(options.begun?.tokens ?? []);
    this.#times = { startMs: this.#clock.nowMs(), commits: [], draftMs: [], servedBy: [] };
    const { promise, resolve } = Promise.withResolvers<TurnReport>();
    this.report = promise;
    this.#resolveReport = resolve;
    const deadlines = defaultTextDeadlines(options.prompt.length);
    const settings = {
      machines: { stepDevice, guardMessage },
      wire: deviceByteWire,
      liveness: options.liveness ?? (routes.hasSeveral ? severalEdges.liveness : defaultLiveness),
      vocabularySize: tokenizer.vocabularySize,
      giveUpAfterMs: options.giveUpAfterMs ?? 30_000,
      firstTokenWithinMs: options.firstTokenWithinMs ?? deadlines.firstTokenWithinMs,
      nextTokenWithinMs: options.nextTokenWithinMs ?? deadlines.nextTokenWithinMs,
      uniform: randomUniform,
      retriesFirstConnection: options.waitsForEdge === true,
      measuresRoundTrip: true,
      cutsChains: typeof options.minChainConfidence !== 'number',
      judgesHedges: true,
      knownPrices: known,
      routes,
      renewsCredentials: this.#edges.renewsCredentials ?? false,
      loadedWithinMs: options.loadedWithinMs,
      keepsTarget: options.allowsOtherTarget !== true,
    };
    this.#driver = new DeviceDriver(
      settings,
      this.#clock,
      this.#host(),
      createDeviceState(turn, options.begun),
      this.#advice,
    );
  }

  start(): void {
    const { signal } = this.#options;
    if (signal?.aborted) {
      this.stop();
      return;
    }
    signal?.addEventListener('abort', this.#stopNow);
    void this.#connect(this.#edges.routes.first(this.#clock.nowMs()));
  }

  stop(): void {
    this.#driver.stop();
  }

  get status(): TurnStatus {
    return { ...statusOf(this.#driver), mode: this.#modeNow, ...defined({ promptLogprobs: this.#scores }) };
  }

  obey(plan: DraftPlan): void {
    this.#plan = plan;
    const { edge, mode, reason } = plan;
    const order = mode === 'auto' ? null : { edge, on: modeOf(mode).deviceDrafts, reason };
    if (this.#options.auto !== undefined) this.#advice?.order(order);
    this.#driver.setBudget(plan);
  }

  moveTo(edge: string): void {
    const { edges, routes } = this.#edges;
    if (!edges.has(edge))
      throw badArgument(`this turn has no edge ${edge}`, `Its edges are ${routes.names.join(', ')}.`);
    this.#driver.moveTo(edge);
  }

  [Symbol.asyncIterator](): AsyncIterator<Emission> {
    return this.#queue[Symbol.asyncIterator]();
  }

  #host(): DeviceHost<Connection> {
    return {
      connect: (edge) => void this.#connect(edge),
      beginDraft: (order) => void this.#draft(order),
      emit: (tokens, drafted, logprobs) => this.#emit(tokens, drafted, logprobs),
      queued: (ahead) => this.#options.onQueued?.(ahead),
      loading: (cause) => this.#options.onLoading?.(cause),
      servedBy: (edge) => this.#servedBy(edge),
      scored: (logprobs) => this.#scored(logprobs),
      finished: (outcome) => this.#finish(outcome),
      stepped: (event, step) => this.#options.onStep?.({ ...step, event }),
    };
  }

  async #connect(edge: string): Promise<void> {
    // Events that arrive before the handler exists wait for it.
    let handler: FrameHandler | null = null;
    const early: ((handler: FrameHandler) => void)[] = [];
    const deliver = (event: (handler: FrameHandler) => void): void => {
      if (handler === null) early.push(event);
      else event(handler);
    };
    const accept = (): ConnectionHandler => ({
      frame: (bytes) => deliver((ready) => ready.frame(bytes)),
      writable: () => deliver((ready) => ready.writable(true)),
      closed: () => deliver((ready) => ready.closed()),
    });
    let connection: Connection;
    const { edges, routes } = this.#edges;
    const known = edges.get(edge);
    if (known === undefined) {
      this.#driver.unreachable(edge, noAnswer(edge));
      return;
    }
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    const within = routes.hasSeveral ? this.#clock.after(severalEdges.connectWithinMs, () => attempt.abort()) : null;
    try {
      connection = await known.connect(accept, { signal: attempt.signal });
    } catch (error) {
      const reason = attempt.signal.aborted ? noAnswer(edge) : asOutriderError(error);
      if (!this.#isOver) this.#driver.unreachable(edge, reason);
      return;
    } finally {
      within?.();
      this.#attempts.delete(attempt);
    }
    if (this.#isOver) {
      connection.close('done', 'the turn is over');
      return;
    }
    try {
      // Of the edge as it was when the connection began: a list may lose it meanwhile, or name another address so.
      const ready = this.#driver.connected(edge, connection, known);
      handler = ready;
      for (const event of early) event(ready);
    } catch (error) {
      this.#driver.failed(asOutriderError(error));
    }
  }

  async #draft(order: DraftOrder): Promise<void> {
    const startMs = this.#clock.nowMs();
    const { text, tail, turn } = this.#driver.state;
    const request = draftRequest(new DraftedText(text, tail), {
      promptLength: turn.prompt.length,
      committedLength: text.length,
      lookUpMargin: order.lookUpMargin,
      alternatives: order.alternatives,
      sampling: turn.sampling,
    });
    try {
      const draft = (await this.#options.drafter?.draft(request)) ?? null;
      const draftMs = this.#clock.nowMs() - startMs;
      if (draft?.isLookedUp !== true) this.#times.draftMs.push(draftMs);
      this.#driver.drafted(order, draft, draftMs);
    } catch (error) {
      const { code, message, remedy } = asOutriderError(error);
      this.#driver.failed({ code, message: `the draft model failed: ${message}`, remedy });
    }
  }

  #servedBy(edge: string): void {
    const atMs = this.#clock.nowMs();
    this.#times.servedBy.push({ edge, atMs, reason: whyOf(this.#edges, edge, atMs) });
    this.#options.onServedBy?.(edge);
  }

  #emit(tokens: readonly number[], drafted: readonly boolean[], logprobs: readonly Logprobs[] | undefined): void {
    const atMs = this.#clock.nowMs();
    this.#times.commits.push({ atMs, tokenCount: tokens.length, acceptedCount: drafted.filter(Boolean).length });
    const pieces = tokens.map((id, index) => ({ text: this.#assembler.push([id]), drafted: drafted[index] ?? false }));
    const text = pieces.map((piece) => piece.text).join('');
    this.#text += text;
    const scored = logprobs?.map((one, index) => ({ id: tokens[index] as number, ...one }));
    this.#queue.push({ tokens, text, pieces, atMs, ...defined({ logprobs: scored }) });
  }

  get #scores(): readonly TokenLogprobs[] | undefined {
    return this.#options.promptLogprobs === undefined ? undefined : this.#promptLogprobs;
  }

  #scored(logprobs: readonly Logprobs[]): void {
    const { prompt } = this.#options;
    for (const one of logprobs)
      this.#promptLogprobs.push({ id: prompt[this.#promptLogprobs.length + 1] as number, ...one });
  }

  /** Changes of the mode by mode `auto`. */
  get #modeChanges(): readonly ModeChange[] {
    return this.#options.auto === undefined ? [] : (this.#advice?.changes ?? []);
  }

  get #modeNow(): ModeName {
    return this.#modeChanges.at(-1)?.mode ?? this.#driver.state.turn.mode;
  }

  #finish(outcome: Outcome): void {
    const rest = this.#assembler.flush();
    this.#text += rest;
    if (rest !== '') {
      this.#queue.push({ tokens: [], text: rest, pieces: [{ text: rest, drafted: false }], atMs: this.#clock.nowMs() });
    }
    this.#isOver = true;
    for (const attempt of this.#attempts) attempt.abort();
    this.#options.signal?.removeEventListener('abort', this.#stopNow);
    const { connections, state, prices } = this.#driver;
    if (this.#options.drafter !== null) knownPrices.set(this.#options.drafter, prices);
    connections.closeAll('the turn is over');
    const { traffic, roundTripMs } = connections;
    const reported = reportTurn(state, outcome, this.#text, this.#times, traffic, roundTripMs);
    const modeChanges = this.#modeChanges;
    const { mode = reported.mode, reason: modeReason } = modeChanges.at(-1) ?? {};
    const plan = this.#plan;
    this.#resolveReport({
      ...reported,
      promptLogprobs: this.#scores,
      mode,
      modeReason,
      modeChanges,
      plan,
      draftingPauses: this.#advice?.pauses ?? 0,
    });
    if (outcome.kind === 'failed') {
      this.#queue.fail(new OutriderError(outcome.code, outcome.cause, outcome.remedy));
    } else this.#queue.end();
  }
}

function noAnswer(edge: string): OutriderError {
  const cause = `${edge} does not answer within ${severalEdges.connectWithinMs / 1000} s`;
  return new OutriderError('edge-unreachable', cause, 'check the address, and that the edge runs');
}

/** Only in modes in which drafting is optional. */
function ownAdvice({ drafter, minChainConfidence = 'auto' }: TurnOptions, mode: ModeName): TurnAdvice | undefined {
  if (!modeOf(mode).draftingIsOptional || drafter === null || minChainConfidence !== 'auto') return undefined;
  return adviseTurn();
}
