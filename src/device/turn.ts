// One answer on the device: drives the pure device machine with a drafter and a connection, reconnects, and hands the reader
// tokens as they become final.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../basics/clock.ts';
import { asOutriderError, OutriderError } from '../basics/errors.ts';
import { unreachable } from '../basics/invariant.ts';
import { median } from '../basics/statistics.ts';
import { TextAssembler } from '../decoding/ending-text.ts';
import { neutralSampling, type Sampling, validateSampling } from '../decoding/sampling.ts';
import type { Drafter } from '../models/drafter.ts';
import type { Tokenizer } from '../models/model.ts';
import type { ModeChoice } from '../protocol/auto-mode.ts';
import { stepDevice } from '../protocol/device-session.ts';
import {
  createDeviceState,
  type DeviceEffect,
  type DeviceEvent,
  type DeviceState,
  type DeviceStep,
  type Outcome,
  type TurnRequest,
} from '../protocol/device-state.ts';
import { DraftWatch } from '../protocol/draft-watch.ts';
import { defaultLiveness, type LivenessSettings } from '../protocol/liveness.ts';
import type { CommitMessage, EdgeTiming } from '../protocol/messages.ts';
import { type ModeName, modeOf } from '../protocol/mode.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { Connect } from '../transport/transport.ts';
import { type AutoMode, adviseTurn, type TurnAdvice, type TurnMeasures } from './auto-mode.ts';
import { EmissionQueue } from './emission-queue.ts';
import { TurnLinks } from './turn-links.ts';
import { type Emission, reportTurn, type TurnReport, type TurnTimes } from './turn-report.ts';

/** Everything that one answer depends on. Times in ms, lengths in tokens. */
export interface TurnOptions {
  /** How to reach the edge. */
  readonly connect: Connect;
  /** The edge's tokenizer must be the same. */
  readonly tokenizer: Tokenizer;
  /** Null: nothing is drafted (the edge alone, whatever the mode). */
  readonly drafter: Drafter | null;
  /** Ids of the whole prompt, chat format included. */
  readonly prompt: readonly number[];
  /** Default `stream`; `ar` without a drafter. */
  readonly mode?: ModeName;
  /** Chooses the mode from what earlier turns have measured (`mode` is then ignored), and switches drafting within the turn. */
  readonly auto?: AutoMode;
  readonly sampling?: Sampling;
  readonly stopStrings?: readonly string[];
  /** Default 256. */
  readonly maxAnswerTokens?: number;
  /** Drafts beyond the committed text at most; default 24. */
  readonly maxAhead?: number;
  /** Tokens that the edge may be ahead of what this device has acknowledged; default 256. */
  readonly flowControlWindow?: number;
  /**
   * Stop drafting while the chance that the whole chain holds is below this; 0: never. Default `auto`: where a draft is not worth
   * its time any more, as measured; in `stream`, also while no number of drafts saves anything on this edge.
   */
  readonly minChainConfidence?: number | 'auto';
  /** 32 hex digits; turns that share it may reuse the edge's memory of the prompt. Default: random. */
  readonly conversation?: string;
  /** gamma: drafts of a window in the modes that have windows (sd, psd); default 4. */
  readonly draftLength?: number;
  /** API key, if the edge asks for one. */
  readonly credentials?: string;
  readonly liveness?: LivenessSettings;
  /** How long connections may fail without any new text before the turn fails; default 30,000. */
  readonly giveUpAfterMs?: number;
  readonly clock?: Clock;
  /** Stops drafting, tells the edge, ends the iteration; what was received stays. */
  readonly signal?: AbortSignal;
  /** Told of every event of the turn's machine, before its effects are performed: for logs (`createDeviceLog`). */
  readonly onStep?: (step: DeviceStep & { readonly event: DeviceEvent; readonly atMs: number }) => void;
}

/** A running answer. Iterate it once; a failure throws from the iteration, and the report tells it as well. */
export interface Turn extends AsyncIterable<Emission> {
  /** Resolves when the turn is over, however it ended. */
  readonly report: Promise<TurnReport>;
  /** Like aborting the signal. */
  stop(): void;
}

export const defaultMaxAhead = 24;
export const defaultFlowControlWindow = 256;
/** Of which the median is what a draft takes at the moment. */
const recentDrafts = 15;
const firstPauseMs = 50;
const longestPauseMs = 4000;

/** @throws OutriderError `bad-argument` before anything is sent */
export function startTurn(options: TurnOptions): Turn {
  const runner = new TurnRunner(options);
  runner.start();
  return runner;
}

function requestOf(options: TurnOptions, mode: ModeName): TurnRequest {
  const sampling = options.sampling ?? neutralSampling;
  validateSampling(sampling, options.tokenizer.vocabularySize);
  return {
    session: randomBytes(16).toString('hex'),
    conversation: options.conversation ?? randomBytes(16).toString('hex'),
    credentials: options.credentials ?? '',
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
  readonly #links: TurnLinks;
  readonly #queue = new EmissionQueue<Emission>();
  readonly #assembler: TextAssembler;
  readonly #abort = new AbortController();
  readonly #times: TurnTimes;
  readonly #watch = new DraftWatch();
  readonly #resolveReport: (report: TurnReport) => void;
  readonly #choice: ModeChoice | null;
  readonly #advice: TurnAdvice | null;
  #state: DeviceState;
  #text = '';
  /** Only text counts: an edge that greets or lies and breaks every connection must not keep a turn alive. */
  #answeredAtMs: number;
  #openedAtMs = Number.POSITIVE_INFINITY;
  readonly #giveUpAfterMs: number;
  #pauseMs = firstPauseMs;
  #hasConnected = false;

  constructor(options: TurnOptions) {
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    const { auto, drafter } = options;
    this.#choice = auto?.choose(drafter !== null) ?? null;
    const mode = this.#choice?.mode ?? options.mode ?? (drafter === null ? 'ar' : 'stream');
    this.#advice = this.#choice === null ? ownAdvice(options, mode) : (auto?.follow(this.#choice) ?? null);
    const turn = requestOf(options, mode);
    const { endIds, stopStrings, maxAnswerTokens } = turn;
    this.#assembler = new TextAssembler({ endIds, stopStrings, maxAnswerTokens }, options.tokenizer.bytes);
    this.#state = createDeviceState(turn);
    this.#giveUpAfterMs = options.giveUpAfterMs ?? 30_000;
    this.#answeredAtMs = this.#clock.nowMs();
    this.#times = { startMs: this.#answeredAtMs, commits: [], draftMs: [] };
    const { promise, resolve } = Promise.withResolvers<TurnReport>();
    this.report = promise;
    this.#resolveReport = resolve;
    this.#links = new TurnLinks(this.#clock, options.liveness ?? defaultLiveness, {
      opened: (link) => {
        this.#openedAtMs = this.#clock.nowMs();
        this.#step({ kind: 'link-opened', link, edge: 'edge' });
      },
      message: (link, message) => {
        if (message.kind === 'hello') this.#greeted(message.timing);
        const impossible = message.kind === 'commit' ? this.#impossible(message) : null;
        if (impossible === null) this.#step({ kind: 'message-received', link, message });
        else this.#links.close(link, 'protocol-error', impossible);
      },
      writable: (link, writable) => this.#step({ kind: 'link-writable', link, writable }),
      closed: (link) => {
        // An edge that was long about a prompt has answered all the while.
        if (this.#clock.nowMs() - this.#openedAtMs >= this.#giveUpAfterMs) this.#answeredAtMs = this.#clock.nowMs();
        this.#step({ kind: 'link-closed', link });
      },
    });
  }

  #greeted(timing: EdgeTiming): void {
    this.#options.auto?.greeted(timing);
    if (this.#advice?.greeted(timing) === false) this.#step({ kind: 'drafting-switched', on: false });
  }

  start(): void {
    const { signal } = this.#options;
    if (signal?.aborted) {
      this.stop();
      return;
    }
    if (this.#choice?.drafts === false) this.#step({ kind: 'drafting-switched', on: false });
    signal?.addEventListener('abort', () => this.stop(), { once: true, signal: this.#abort.signal });
    void this.#connect();
  }

  stop(): void {
    this.#step({ kind: 'stop-asked' });
  }

  [Symbol.asyncIterator](): AsyncIterator<Emission> {
    return this.#queue[Symbol.asyncIterator]();
  }

  #step(event: DeviceEvent): void {
    const { state, effects } = stepDevice(this.#state, event);
    this.#state = state;
    this.#options.onStep?.({ state, effects, event, atMs: this.#clock.nowMs() });
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: DeviceEffect): void {
    switch (effect.kind) {
      case 'send':
        if (effect.message.kind === 'verify') this.#watch.asked(this.#clock.nowMs());
        this.#links.send(effect.link, effect.message);
        break;
      case 'close-link':
        this.#links.close(effect.link, effect.code, effect.detail);
        break;
      case 'connect':
        this.#watch.lost();
        this.#connectLater();
        break;
      case 'draft-next':
        void this.#draft(effect.generation, effect.position);
        break;
      case 'emit-tokens':
        this.#emit(effect.tokens, effect.drafted);
        break;
      case 'finish':
        this.#finish(effect.outcome);
        break;
      default:
        unreachable(effect);
    }
  }

  #connectLater(): void {
    if (this.#clock.nowMs() - this.#answeredAtMs > this.#giveUpAfterMs) {
      const cause = 'the connection to the edge is lost and it does not answer any more';
      const remedy = 'check the network and the edge; the text so far is kept';
      this.#step({ kind: 'gave-up', code: 'edge-unreachable', cause, remedy });
      return;
    }
    const cancel = this.#clock.after(this.#pauseMs, () => void this.#connect());
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    this.#abort.signal.addEventListener('abort', cancel, { once: true });
  }

  async #connect(): Promise<void> {
    try {
      await this.#links.connect(this.#options.connect, this.#abort.signal);
      this.#hasConnected = true;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (this.#hasConnected) {
        this.#connectLater();
        return;
      }
      const { code, message: cause, remedy } = asOutriderError(error);
      this.#step({ kind: 'gave-up', code, cause, remedy });
    }
  }

  async #draft(generation: number, position: number): Promise<void> {
    const { drafter } = this.#options;
    const startMs = this.#clock.nowMs();
    const { text, tail, turn } = this.#state;
    const request = {
      text: [...text.slice(0), ...tail],
      promptLength: turn.prompt.length,
      committedLength: text.length,
      lookUpMargin: this.#watch.lookUpMargin(this.#state),
      sampling: turn.sampling,
    };
    try {
      const draft = (await drafter?.draft(request)) ?? null;
      const draftMs = this.#clock.nowMs() - startMs;
      if (draft?.isLookedUp !== true) this.#watch.drafted(draftMs);
      if (draft?.isLookedUp !== true) this.#times.draftMs.push(draftMs);
      this.#moveCut();
      if (draft === null) this.#step({ kind: 'draft-declined', generation, position });
      else this.#step({ kind: 'draft-produced', generation, position, ...draft });
    } catch (error) {
      const { code, message: cause, remedy } = asOutriderError(error);
      this.#step({ kind: 'gave-up', code, cause: `the draft model failed: ${cause}`, remedy });
    }
  }

  /** Before the machine decides whether to draft on. */
  #moveCut(): void {
    const { minChainConfidence = 'auto' } = this.#options;
    if (minChainConfidence !== 'auto') return;
    const moved = this.#watch.movedCut(this.#state, this.#links.roundTripMs ?? 0);
    if (moved !== undefined) this.#step({ kind: 'cut-moved', minChainConfidence: moved });
  }

  /** What no honest edge commits, and the reader's text could not hold. */
  #impossible({ first, accepted, tokens }: CommitMessage): string | null {
    const { prompt, maxAnswerTokens } = this.#state.turn;
    const { vocabularySize } = this.#options.tokenizer;
    if (tokens.some((id) => id >= vocabularySize)) return 'a commit has an id beyond the vocabulary';
    return first + accepted + tokens.length > prompt.length + maxAnswerTokens ? 'a commit beyond the end' : null;
  }

  #emit(tokens: readonly number[], drafted: readonly boolean[]): void {
    const atMs = this.#clock.nowMs();
    this.#answeredAtMs = atMs;
    this.#pauseMs = firstPauseMs;
    const acceptedCount = drafted.filter(Boolean).length;
    this.#times.commits.push({ atMs, tokenCount: tokens.length, acceptedCount });
    this.#watch.committed(atMs, tokens.length);
    this.#judge();
    const pieces = tokens.map((id, index) => ({ text: this.#assembler.push([id]), drafted: drafted[index] ?? false }));
    const text = pieces.map((piece) => piece.text).join('');
    this.#text += text;
    this.#queue.push({ tokens, text, pieces, atMs });
  }

  /** Between two commits, so that the machine is not asked while it answers. */
  #judge(): void {
    const measures = this.#measures();
    if (this.#advice?.isDue(measures.committedTokens) !== true) return;
    // For the next judgement.
    this.#links.ping();
    const on = this.#advice.judge(measures);
    if (on === null) return;
    queueMicrotask(() => this.#step({ kind: 'drafting-switched', on }));
  }

  #measures(): TurnMeasures {
    const { account, text, turn } = this.#state;
    const { draftMs } = this.#times;
    return {
      drafts: account,
      committedTokens: text.length - turn.prompt.length,
      draftMs: draftMs.length === 0 ? null : median(draftMs.slice(-recentDrafts)),
      roundTripMs: this.#links.recentRoundTripMs ?? null,
    };
  }

  #finish(outcome: Outcome): void {
    const rest = this.#assembler.flush();
    this.#text += rest;
    if (rest !== '') {
      this.#queue.push({ tokens: [], text: rest, pieces: [{ text: rest, drafted: false }], atMs: this.#clock.nowMs() });
    }
    this.#abort.abort();
    this.#links.closeAll();
    this.#advice?.ended(this.#measures());
    const { traffic, roundTripMs } = this.#links;
    const reported = reportTurn(this.#state, outcome, this.#text, this.#times, traffic, roundTripMs);
    const { reason } = this.#choice ?? { reason: undefined };
    this.#resolveReport({ ...reported, modeReason: reason, draftingPauses: this.#advice?.pauses ?? 0 });
    if (outcome.kind === 'failed') {
      this.#queue.fail(new OutriderError(outcome.code, outcome.cause, outcome.remedy));
    } else this.#queue.end();
  }
}

/** In `stream` drafting can be switched off, and then is the edge alone; elsewhere it belongs to the mode. */
function ownAdvice({ drafter, minChainConfidence = 'auto' }: TurnOptions, mode: ModeName): TurnAdvice | null {
  return modeOf(mode).draftingIsOptional && drafter !== null && minChainConfidence === 'auto' ? adviseTurn() : null;
}
