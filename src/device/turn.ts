// One answer on a live device: connects protocol/device-driver.ts with a draft model and a network, and gives the reader the text as it
// becomes final.

import { checkOptions } from '../basics/check-options.ts';
import type { Clock } from '../basics/clock.ts';
import { asOutriderError, OutriderError } from '../basics/errors.ts';
import { median } from '../basics/statistics.ts';
import { TextAssembler } from '../decoding/ending-text.ts';
import { DraftedText } from '../decoding/token-list.ts';
import { draftRequest } from '../models/drafter.ts';
import type { ModeChoice } from '../protocol/auto-mode.ts';
import { DeviceDriver, type DeviceHost, type DraftOrder } from '../protocol/device-driver.ts';
import { stepDevice } from '../protocol/device-session.ts';
import { createDeviceState, type Outcome } from '../protocol/device-state.ts';
import { defaultLiveness } from '../protocol/liveness.ts';
import { guardMessage } from '../protocol/message-guard.ts';
import type { EdgeTiming } from '../protocol/messages.ts';
import { type ModeName, modeOf } from '../protocol/mode.ts';
import { defaultTextDeadlines } from '../protocol/text-deadline.ts';
import { byteWire, type FrameHandler } from '../protocol/wire.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { Connection, ConnectionHandler } from '../transport/transport.ts';
import { adviseTurn, type TurnAdvice, type TurnMeasures } from './auto-mode.ts';
import { EmissionQueue } from './emission-queue.ts';
import { requestOf, type TurnOptions, turnChecks } from './turn-options.ts';
import { type Emission, reportTurn, type TurnReport, type TurnTimes } from './turn-report.ts';

/**
 * A running answer. Iterate it once; the iteration throws a failure, and the report has it as outcome. Leaving the loop early stops
 * the answer.
 */
export interface Turn extends AsyncIterable<Emission> {
  /** Resolves when the turn is over, also after a failure. */
  readonly report: Promise<TurnReport>;
  /** Has the effect of an aborted signal. */
  stop(): void;
}

/** The median of this many drafts is the present draft time. */
const recentDrafts = 15;
/** What an alternative adds to a pass of each drafter, as its last turn has measured it. */
const knownWidths = new WeakMap<object, number>();
/** A turn knows one edge. */
const onlyEdge = 'edge';

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
  readonly #abort = new AbortController();
  /** Removed by hand: with the option `signal`, Node forgets to remove it once garbage has been collected. */
  readonly #stopNow = (): void => this.stop();
  readonly #times: TurnTimes;
  readonly #resolveReport: (report: TurnReport) => void;
  readonly #choice: ModeChoice | null;
  readonly #advice: TurnAdvice | null;
  #text = '';

  constructor(options: TurnOptions) {
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    const { auto, drafter, tokenizer } = options;
    this.#choice = auto?.choose(drafter !== null) ?? null;
    const mode = this.#choice?.mode ?? options.mode ?? (drafter === null ? 'ar' : 'stream');
    this.#advice = this.#choice === null ? ownAdvice(options, mode) : (auto?.follow(this.#choice) ?? null);
    const turn = requestOf(options, mode);
    const { endIds, stopStrings, maxAnswerTokens } = turn;
    this.#assembler = new TextAssembler({ endIds, stopStrings, maxAnswerTokens }, tokenizer.bytes);
    this.#times = { startMs: this.#clock.nowMs(), commits: [], draftMs: [] };
    const { promise, resolve } = Promise.withResolvers<TurnReport>();
    this.report = promise;
    this.#resolveReport = resolve;
    const deadlines = defaultTextDeadlines(options.prompt.length);
    const settings = {
      machines: { stepDevice, guardMessage },
      wire: byteWire,
      liveness: options.liveness ?? defaultLiveness,
      vocabularySize: tokenizer.vocabularySize,
      giveUpAfterMs: options.giveUpAfterMs ?? 30_000,
      firstTokenWithinMs: options.firstTokenWithinMs ?? deadlines.firstTokenWithinMs,
      nextTokenWithinMs: options.nextTokenWithinMs ?? deadlines.nextTokenWithinMs,
      uniform: randomUniform,
      retriesFirstConnection: false,
      measuresRoundTrip: true,
      cutsChains: typeof options.minChainConfidence !== 'number',
      judgesHedges: true,
      knownWidthShare: drafter === null ? undefined : knownWidths.get(drafter),
    };
    this.#driver = new DeviceDriver(settings, this.#clock, this.#host(), createDeviceState(turn), {
      greeted: (timing) => this.#greeted(timing),
      committed: () => this.#judge(),
    });
  }

  start(): void {
    const { signal } = this.#options;
    if (signal?.aborted) {
      this.stop();
      return;
    }
    if (this.#choice?.drafts === false) this.#driver.switchDrafting(false);
    signal?.addEventListener('abort', this.#stopNow);
    void this.#connect(onlyEdge);
  }

  stop(): void {
    this.#driver.stop();
  }

  [Symbol.asyncIterator](): AsyncIterator<Emission> {
    return this.#queue[Symbol.asyncIterator]();
  }

  #host(): DeviceHost<Connection> {
    return {
      connect: (edge) => void this.#connect(edge),
      beginDraft: (order) => void this.#draft(order),
      emit: (tokens, drafted) => this.#emit(tokens, drafted),
      queued: (ahead) => this.#options.onQueued?.(ahead),
      finished: (outcome) => this.#finish(outcome),
      stepped: (event, step) => this.#options.onStep?.({ ...step, event, atMs: this.#clock.nowMs() }),
    };
  }

  async #connect(edge: string): Promise<void> {
    // Events that arrive before the handler exists wait for it.
    let handler: FrameHandler | null = null;
    const early: ((handler: FrameHandler) => void)[] = [];
    const tell = (event: (handler: FrameHandler) => void): void => {
      if (handler === null) early.push(event);
      else event(handler);
    };
    const accept = (): ConnectionHandler => ({
      frame: (bytes) => tell((ready) => ready.frame(bytes)),
      writable: () => tell((ready) => ready.writable(true)),
      closed: () => tell((ready) => ready.closed()),
    });
    let connection: Connection;
    try {
      connection = await this.#options.connect(accept, { signal: this.#abort.signal });
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#driver.unreachable(edge, asOutriderError(error));
      return;
    }
    if (this.#abort.signal.aborted) {
      connection.close('done', 'the turn is over');
      return;
    }
    try {
      const ready = this.#driver.connected(edge, connection);
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

  #greeted(timing: EdgeTiming): false | null {
    this.#options.auto?.greeted(timing);
    return this.#advice?.greeted(timing) ?? null;
  }

  #emit(tokens: readonly number[], drafted: readonly boolean[]): void {
    const atMs = this.#clock.nowMs();
    this.#times.commits.push({ atMs, tokenCount: tokens.length, acceptedCount: drafted.filter(Boolean).length });
    const pieces = tokens.map((id, index) => ({ text: this.#assembler.push([id]), drafted: drafted[index] ?? false }));
    const text = pieces.map((piece) => piece.text).join('');
    this.#text += text;
    this.#queue.push({ tokens, text, pieces, atMs });
  }

  #judge(): boolean | null {
    const measures = this.#measures();
    if (this.#advice?.isDue(measures.committedTokens) !== true) return null;
    // For the next judgement.
    this.#driver.connections.pingAll();
    return this.#advice.judge(measures);
  }

  #measures(): TurnMeasures {
    const { account, text, turn } = this.#driver.state;
    const { draftMs } = this.#times;
    return {
      drafts: account,
      committedTokens: text.length - turn.prompt.length,
      draftMs: draftMs.length === 0 ? null : median(draftMs.slice(-recentDrafts)),
      roundTripMs: this.#driver.connections.recentRoundTripMs ?? null,
    };
  }

  #finish(outcome: Outcome): void {
    const rest = this.#assembler.flush();
    this.#text += rest;
    if (rest !== '') {
      this.#queue.push({ tokens: [], text: rest, pieces: [{ text: rest, drafted: false }], atMs: this.#clock.nowMs() });
    }
    this.#abort.abort();
    this.#options.signal?.removeEventListener('abort', this.#stopNow);
    const { connections, state, widthShare } = this.#driver;
    if (this.#options.drafter !== null && widthShare !== undefined) knownWidths.set(this.#options.drafter, widthShare);
    connections.closeAll('the turn is over');
    this.#advice?.ended(this.#measures());
    const { traffic, roundTripMs } = connections;
    const reported = reportTurn(state, outcome, this.#text, this.#times, traffic, roundTripMs);
    const { reason } = this.#choice ?? { reason: undefined };
    this.#resolveReport({ ...reported, modeReason: reason, draftingPauses: this.#advice?.pauses ?? 0 });
    if (outcome.kind === 'failed') {
      this.#queue.fail(new OutriderError(outcome.code, outcome.cause, outcome.remedy));
    } else this.#queue.end();
  }
}

/** Only in modes in which drafting is optional. */
function ownAdvice({ drafter, minChainConfidence = 'auto' }: TurnOptions, mode: ModeName): TurnAdvice | null {
  return modeOf(mode).draftingIsOptional && drafter !== null && minChainConfidence === 'auto' ? adviseTurn() : null;
}
