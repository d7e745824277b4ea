// The result of each request, for logs and metrics: figures, names and codes; never its text, and never a key.

import { isOutriderError } from '../../core/basics/errors.ts';
import { apiErrorOf } from './api-error.ts';
import {
  type Completer,
  type Completion,
  type CompletionEnd,
  type CompletionRequest,
  localFingerprint,
  type Round,
  startingWith,
} from './completion-port.ts';

/** One request that is over. */
export interface RequestRecord {
  /** As in `x-request-id`. */
  readonly request: string;
  /** Path in the table of routes; `other`: it is not there. */
  readonly route: string;
  /** The peer: an IPv4 address, or the first half of an IPv6 address; null: unknown. */
  readonly address: string | null;
  /** Name of its key, also of one that was refused; null: none is asked for, or it is unknown. */
  readonly key: string | null;
  /** 499: the client has gone before there was one. */
  readonly status: number;
  /**
   * `refused`: for what it asks, or because there is too much to do; `failed`: it could not be written, or not to its end; `left`: the
   * client has gone.
   */
  readonly outcome: 'answered' | 'refused' | 'failed' | 'left';
  /** Why it was refused or has failed. */
  readonly code: string | null;
  /** From its headers to the end of the last answer. */
  readonly ms: number;
  /** Null: the route writes no text, or the request did not come so far. */
  readonly answer: AnswerRecord | null;
}

/** The answers to one request together. */
export interface AnswerRecord {
  readonly model: string;
  readonly stream: boolean;
  readonly choices: number;
  /** Decoding mode of the last answer that has ended; null: none has. */
  readonly mode: string | null;
  /** Each prompt once. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly acceptedDrafts: number;
  readonly rejectedDrafts: number;
  /** False: no target has verified some of it. */
  readonly verified: boolean;
  /** Until the first text of any answer, ms; null: there was none. */
  readonly firstTokenMs: number | null;
  readonly finishReasons: readonly CompletionEnd['reason'][];
}

/** Receives what the app does. No function may throw. Times in ms. */
export interface HttpObserver {
  /** A request that can not come to text is reported as well. */
  ended(record: RequestRecord): void;
  /** Called for each answer of each request. */
  readonly answers?: AnswerMeter;
}

export interface AnswerMeter {
  begun(): void;
  /** @param sinceMs since the request for the answer, or since the text before it */
  committed(text: { readonly tokens: number; readonly sinceMs: number; readonly isFirst: boolean }): void;
  ended(end: MeteredAnswer): void;
}

/** One answer that is over. */
export interface MeteredAnswer {
  /** `refused`: its client can do something about it. */
  readonly reason: CompletionEnd['reason'] | 'left' | 'refused' | 'failed';
  readonly ms: number;
  /** 0: it did not come so far. */
  readonly promptTokens: number;
  /** Tokens that no {@link AnswerMeter.committed} has reported. */
  readonly moreTokens: number;
  readonly acceptedDrafts: number;
  readonly rejectedDrafts: number;
  /** Edges that wrote it, after the first. */
  readonly handovers: number;
  readonly verified: boolean;
}

/** Follows one request from its headers to its end. */
export class RequestWatch {
  readonly #observer: HttpObserver | undefined;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  readonly #about: Pick<RequestRecord, 'request' | 'route' | 'address'>;
  key: string | null = null;
  code: string | null = null;
  #status: number | null = null;
  #answer: { -readonly [Name in keyof AnswerRecord]: AnswerRecord[Name] } | null = null;
  readonly #prompts = new Set<object>();
  #running = 0;
  #ending: 'left' | 'refused' | 'failed' | null = null;

  constructor(
    observer: HttpObserver | undefined,
    nowMs: () => number,
    about: Pick<RequestRecord, 'request' | 'route' | 'address'>,
  ) {
    [this.#observer, this.#nowMs, this.#startMs, this.#about] = [observer, nowMs, nowMs(), about];
  }

  /** As in `x-request-id`. */
  get id(): string {
    return this.#about.request;
  }

  /** The status is known; answers may continue. */
  answered(status: number): void {
    this.#status = status;
    this.#report();
  }

  /** The same completer, whose answers are part of this request. */
  watching(completer: Completer, stream: boolean): Completer {
    const { model } = completer;
    const count = { choices: 0, promptTokens: 0, completionTokens: 0, acceptedDrafts: 0, rejectedDrafts: 0 };
    this.#answer = { model, stream, mode: null, ...count, verified: true, firstTokenMs: null, finishReasons: [] };
    return startingWith(completer, (request) => this.#start(completer, request));
  }

  async #start(completer: Completer, request: CompletionRequest): Promise<Completion> {
    const startMs = this.#nowMs();
    const meter = this.#observer?.answers;
    this.#running += 1;
    if (this.#answer !== null) this.#answer.choices += 1;
    meter?.begun();
    const over = (end: MeteredAnswer): void => {
      meter?.ended(end);
      this.#running -= 1;
      this.#report();
    };
    let completion: Completion;
    try {
      completion = await completer.start(request);
    } catch (error) {
      const reason = this.#failed(error);
      over({ ...nothing, reason, ms: this.#nowMs() - startMs });
      throw error;
    }
    const { promptTokens } = completion;
    if (!this.#prompts.has(request.prompt) && this.#answer !== null) this.#answer.promptTokens += promptTokens;
    this.#prompts.add(request.prompt);
    const progress = { tokens: 0, isOver: false, startMs };
    completion.end.then(
      (end) => {
        progress.isOver = true;
        const { reason, completionTokens, acceptedDrafts, rejectedDrafts, edges = 1 } = end;
        // A text that changes its writer may have been sent in more tokens than the last one counts in it.
        const moreTokens = Math.max(0, completionTokens - progress.tokens);
        const verified = !end.fingerprints.includes(localFingerprint);
        this.#finished(end, moreTokens, verified);
        const counts = { promptTokens, moreTokens, acceptedDrafts, rejectedDrafts };
        over({ ...counts, reason, ms: this.#nowMs() - startMs, handovers: Math.max(0, edges - 1), verified });
      },
      (error: unknown) => {
        progress.isOver = true;
        over({ ...nothing, reason: this.#failed(error), ms: this.#nowMs() - startMs, promptTokens });
      },
    );
    return { ...completion, rounds: this.#watched(completion.rounds, progress) };
  }

  async *#watched(
    rounds: AsyncIterable<Round>,
    progress: { tokens: number; readonly isOver: boolean; readonly startMs: number },
  ): AsyncGenerator<Round> {
    let last: { readonly readMs: number; readonly atMs: number | undefined } | null = null;
    for await (const round of rounds) {
      // A prompt that is repeated is no text of the model.
      if (round.tokens === 0 && last === null) {
        yield round;
        continue;
      }
      const readMs = this.#nowMs();
      const isFirst = last === null;
      // A reader may be slower than the text: what counts is when it was there.
      const isDated = last?.atMs !== undefined && round.atMs !== undefined;
      const sinceMs = isDated ? round.atMs - (last?.atMs ?? 0) : readMs - (last?.readMs ?? progress.startMs);
      last = { readMs, atMs: round.atMs };
      if (this.#answer !== null) this.#answer.firstTokenMs ??= readMs - this.#startMs;
      // What is read after the end has been counted with the end.
      const tokens = progress.isOver ? 0 : round.tokens;
      progress.tokens += tokens;
      if (this.#answer !== null) this.#answer.completionTokens += tokens;
      this.#observer?.answers?.committed({ tokens, sinceMs, isFirst });
      yield round;
    }
  }

  #finished(end: CompletionEnd, moreTokens: number, verified: boolean): void {
    const answer = this.#answer;
    if (answer === null) return;
    answer.completionTokens += moreTokens;
    answer.acceptedDrafts += end.acceptedDrafts;
    answer.rejectedDrafts += end.rejectedDrafts;
    answer.verified &&= verified;
    answer.mode = end.mode ?? answer.mode;
    answer.finishReasons = [...answer.finishReasons, end.reason];
  }

  #failed(error: unknown): 'left' | 'refused' | 'failed' {
    const reason = reasonOf(error);
    // The other choices of a request that fails are given up: that is no reason.
    if (reason === 'left') this.#ending ??= reason;
    else if (this.#ending !== 'failed') this.#ending = reason;
    if (reason !== 'left' && isOutriderError(error)) this.code ??= error.code.replaceAll('-', '_');
    return reason;
  }

  #report(): void {
    if (this.#status === null || this.#running > 0) return;
    const hasLeft = this.#ending === 'left';
    // No one has got the status of what was thrown because the client has gone.
    const status = hasLeft && this.#status >= 500 ? 499 : this.#status;
    const code = hasLeft ? null : this.code;
    // Reported once.
    this.#status = null;
    const { key } = this;
    // A status without an error, such as that of /health, is an answer.
    const isError = status >= 400 && code !== null;
    const outcome = isError ? (isRefusal(status) ? 'refused' : 'failed') : (this.#ending ?? 'answered');
    const ms = this.#nowMs() - this.#startMs;
    this.#observer?.ended({ ...this.#about, key, status, outcome, code, ms, answer: this.#answer });
  }
}

const nothing: Omit<MeteredAnswer, 'reason' | 'ms'> = {
  promptTokens: 0,
  moreTokens: 0,
  acceptedDrafts: 0,
  rejectedDrafts: 0,
  handovers: 0,
  verified: true,
};

/** By the status that the client gets, or would have got. */
function reasonOf(error: unknown): 'left' | 'refused' | 'failed' {
  if (!isOutriderError(error)) return 'failed';
  if (error.code === 'interrupted') return 'left';
  return apiErrorOf(error).status < 500 ? 'refused' : 'failed';
}

function isRefusal(status: number): boolean {
  return status < 500 || status === 503;
}
