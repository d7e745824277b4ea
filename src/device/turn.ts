// One answer on a live device: connects protocol/device-driver.ts with a draft model and a network, and gives the reader the text as it
// becomes final.

import type { Clock } from '../basics/clock.ts';
import { asOutriderError, OutriderError } from '../basics/errors.ts';
import { median } from '../basics/statistics.ts';
import { TextAssembler } from '../decoding/ending-text.ts';
import { neutralSampling, type Sampling, validateSampling } from '../decoding/sampling.ts';
import type { Drafter } from '../models/drafter.ts';
import type { Tokenizer } from '../models/model.ts';
import type { ModeChoice } from '../protocol/auto-mode.ts';
import { DeviceDriver, type DeviceHost, type DraftOrder } from '../protocol/device-driver.ts';
import { stepDevice } from '../protocol/device-session.ts';
import {
  createDeviceState,
  type DeviceEvent,
  type DeviceStep,
  type Outcome,
  type TurnRequest,
} from '../protocol/device-state.ts';
import { defaultLiveness, type LivenessSettings } from '../protocol/liveness.ts';
import { guardMessage } from '../protocol/message-guard.ts';
import type { EdgeTiming } from '../protocol/messages.ts';
import { type ModeName, modeOf } from '../protocol/mode.ts';
import { defaultTextDeadlines } from '../protocol/text-deadline.ts';
import { byteWire, type FrameHandler } from '../protocol/wire.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { Connect, Connection, ConnectionHandler } from '../transport/transport.ts';
import { type AutoMode, adviseTurn, type TurnAdvice, type TurnMeasures } from './auto-mode.ts';
import { EmissionQueue } from './emission-queue.ts';
import { type Emission, reportTurn, type TurnReport, type TurnTimes } from './turn-report.ts';

/** Options of one answer. Times in ms, lengths in tokens. */
export interface TurnOptions {
  /** Connector to the edge. */
  readonly connect: Connect;
  /** Must be the edge's tokenizer. */
  readonly tokenizer: Tokenizer;
  /** Null: the device does not draft; the edge decodes alone in any mode. */
  readonly drafter: Drafter | null;
  /** Ids of the whole prompt, chat format included. */
  readonly prompt: readonly number[];
  /** Default `stream`; `ar` without a drafter. */
  readonly mode?: ModeName;
  /** Chooses the mode from measurements of earlier turns (`mode` is then ignored), and switches drafting within the turn. */
  readonly auto?: AutoMode;
  readonly sampling?: Sampling;
  readonly stopStrings?: readonly string[];
  /** Default 256. */
  readonly maxAnswerTokens?: number;
  /** Largest number of drafts beyond the committed text; default 24. */
  readonly maxAhead?: number;
  /** Largest number of committed tokens that this device has not acknowledged; default 256. */
  readonly flowControlWindow?: number;
  /**
   * The device pauses drafting while the probability that its whole chain is accepted is below this; 0: never. Default `auto`: from
   * measurements, the value below which a draft is not worth its time; in `stream`, drafting also stops while it saves no time on this edge.
   */
  readonly minChainConfidence?: number | 'auto';
  /** 32 hex digits; turns of one conversation may reuse its KV sequence on the edge. Default: random. */
  readonly conversation?: string;
  /** gamma: drafts in a window, in the modes that have windows (sd, psd); default 4. */
  readonly draftLength?: number;
  /** API key, if the edge asks for one. */
  readonly credentials?: string;
  /** Frames are filled up to multiples of this length, in bytes, so that their lengths tell less; default 0: they are not. */
  readonly padding?: number;
  readonly liveness?: LivenessSettings;
  /** The turn fails when connections have failed for this long without new text; default 30,000. */
  readonly giveUpAfterMs?: number;
  /**
   * Time limit from the opening to the first token, ms; default 120,000, and 20 for each token of the prompt. When the edge keeps its
   * connection but sends no text for so long, the device connects again; when that does not help either, the turn fails with `edge-silent`.
   */
  readonly firstTokenWithinMs?: number;
  /** The same from one commit to the next; time in which the edge waits for this device's drafts does not count. Default 30,000. */
  readonly nextTokenWithinMs?: number;
  readonly clock?: Clock;
  /** When aborted: stops drafting, tells the edge, ends the iteration. The report keeps the received text. */
  readonly signal?: AbortSignal;
  /** Called for every event of the turn's machine, before its effects are performed; for logs (`createDeviceLog`). */
  readonly onStep?: (step: DeviceStep & { readonly event: DeviceEvent; readonly atMs: number }) => void;
}

/** A running answer. Iterate it once; the iteration throws a failure, and the report has it as outcome. */
export interface Turn extends AsyncIterable<Emission> {
  /** Resolves when the turn is over, also after a failure. */
  readonly report: Promise<TurnReport>;
  /** Has the effect of an aborted signal. */
  stop(): void;
}

export const defaultMaxAhead = 24;
export const defaultFlowControlWindow = 256;
/** The median of this many drafts is the present draft time. */
const recentDrafts = 15;
/** A turn knows one edge. */
const onlyEdge = 'edge';

/** @throws OutriderError `bad-argument` before anything is sent */
export function startTurn(options: TurnOptions): Turn {
  const runner = new TurnRunner(options);
  runner.start();
  return runner;
}

/** 32 hex digits. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** [0, 1). */
function randomUniform(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32;
}

function requestOf(options: TurnOptions, mode: ModeName): TurnRequest {
  const sampling = options.sampling ?? neutralSampling;
  validateSampling(sampling, options.tokenizer.vocabularySize);
  return {
    session: randomId(),
    conversation: options.conversation ?? randomId(),
    credentials: options.credentials ?? '',
    padding: options.padding ?? 0,
    tokenizerHash: options.tokenizer.hash,
    mode,
    sampling,
    stopStrings: options.stopStrings ?? [],
    maxAnswerTokens: options.maxAnswerTokens ?? 256,
    flowControlWindow: options.flowControlWindow ?? defaultFlowControlWindow,
    maxAhead: options.maxAhead ?? defaultMaxAhead,
    prompt: options.prompt,
    endIds: options.tokenizer.endIds,
    minChainConfidence: typeof options.minChainConfidence === 'number' ? options.minChainConfidence : 0,
    draftLength: options.draftLength ?? 4,
  };
}

class TurnRunner implements Turn {
  readonly report: Promise<TurnReport>;
  readonly #options: TurnOptions;
  readonly #clock: Clock;
  readonly #driver: DeviceDriver<Connection>;
  readonly #queue = new EmissionQueue<Emission>();
  readonly #assembler: TextAssembler;
  readonly #abort = new AbortController();
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
    signal?.addEventListener('abort', () => this.stop(), { once: true, signal: this.#abort.signal });
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
    const request = {
      text: [...text.slice(0), ...tail],
      promptLength: turn.prompt.length,
      committedLength: text.length,
      lookUpMargin: order.lookUpMargin,
      sampling: turn.sampling,
    };
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
    const { connections, state } = this.#driver;
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
