// Answers that outlive the connection of whoever asked: they are written into streams that are kept for a while, and read from there.

import {
  defaultKeptLimits,
  type KeptLimits,
  type KeptStream,
  KeptStreams,
  type StreamOwner,
  type StreamPlace,
} from '../../core/protocol/wire/kept-streams.ts';
import type { AnswerEvent } from './answer-format.ts';
import { ApiError } from './api-error.ts';
import { tooMany } from './request-intake.ts';

/** The events of a failure, in the words of the route. */
export type FailureEvents = (error: ApiError) => readonly AnswerEvent[];

export interface KeptAnswerSettings {
  readonly owner: StreamOwner;
  /** What the application calls it. */
  readonly id: string;
  readonly failures: FailureEvents;
  /** How many choices it has. */
  readonly choices: number;
  /** The answer as it begins, where it can be asked for as a whole. Default: it can't. */
  readonly begun?: object | undefined;
}

/** The clock of the limits, and the wall clock. */
interface Clocks {
  readonly nowMs: () => number;
  readonly dateMs: () => number;
}

/** Readers of one answer at the same time: a lost connection is noticed late. */
const mostReaders = 8;
/** Checks for abandoned answers in the time that they are kept. */
const checks = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The kept answers of one endpoint. */
export class AnswerKeeper {
  readonly #streams: KeptStreams;
  readonly #answers = new WeakMap<KeptStream, KeptAnswer>();
  readonly #clocks: Clocks;
  readonly #checkMs: number;
  #timer: NodeJS.Timeout | null = null;

  /** @param dateMs wall clock */
  constructor(nowMs: () => number, limits: KeptLimits = defaultKeptLimits, dateMs: () => number = Date.now) {
    this.#clocks = { nowMs, dateMs };
    this.#streams = new KeptStreams(limits);
    this.#checkMs = limits.keptMs / checks;
  }

  get count(): number {
    return this.#streams.count;
  }

  get bytes(): number {
    return this.#streams.bytes;
  }

  /** It takes the place of one with the same id, which ends. @throws ApiError 429 */
  begin({ owner, id, failures, choices, begun }: KeptAnswerSettings): KeptAnswer {
    const before = this.find(owner, id);
    if (before !== undefined) this.remove(before, 'a newer request has the same X-Conversation-Id; read that one');
    const head = begun === undefined ? new Uint8Array() : encoder.encode(JSON.stringify(begun));
    const stream = this.#streams.begin(owner, id, this.#clocks.nowMs(), head);
    if (stream === null) throw tooMany('too many answers run that are kept for readers who come back', 5);
    const answer = new KeptAnswer(stream, this.#streams, { failures, choices }, this.#clocks);
    this.#answers.set(stream, answer);
    this.#checkLater();
    return answer;
  }

  /** Undefined: unknown, or another's. */
  find(owner: StreamOwner, id: string): KeptAnswer | undefined {
    this.#expire();
    const stream = this.#streams.find(owner, id);
    return stream === undefined ? undefined : this.#answers.get(stream);
  }

  /** Those of the owner. */
  of(owner: StreamOwner): readonly KeptAnswer[] {
    this.#expire();
    return this.#streams.of(owner).flatMap((stream) => this.#answers.get(stream) ?? []);
  }

  /** @param cause why it ends, where it runs: for those who read it */
  remove(answer: KeptAnswer, cause: string): void {
    answer.stop(stopped(cause));
    this.#streams.remove(answer.stream);
  }

  #expire(): void {
    for (const stream of this.#streams.expire(this.#clocks.nowMs()))
      this.#answers.get(stream)?.stop(stopped('nobody came back to read this answer; ask again'));
  }

  #checkLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#expire();
      if (this.count > 0) this.#checkLater();
    }, this.#checkMs).unref();
  }
}

/** @param cause with its remedy, one line */
export function stopped(cause: string): ApiError {
  return new ApiError(409, 'stream_stopped', cause);
}

export function overrun({ totalBytes }: KeptStream): ApiError {
  const cause = `this answer has come to ${totalBytes} bytes, and its beginning is kept no more`;
  return new ApiError(400, 'stream_overrun', `${cause}; ask again`);
}

interface Reader {
  /** Why it gets no more; null: it does. */
  ending: ApiError | null;
  readonly wake: () => void;
}

function tooLarge(bytes: number): ApiError {
  const cause = `an event of ${bytes} bytes is too large to be kept; ask without logprobs, or without keeping the answer`;
  return new ApiError(400, 'stream_overrun', cause);
}

/** One answer, which its writer and its readers share. */
export class KeptAnswer {
  readonly stream: KeptStream;
  /** By the wall clock of that time: the clock of the limits may stand still while the machine sleeps. */
  readonly startedAtMs: number;
  endedAtMs: number | null = null;
  readonly #streams: KeptStreams;
  readonly #failures: FailureEvents;
  readonly #choices: number;
  readonly #clocks: Clocks;
  /** Null after the end: its listeners may hold the whole request. */
  #stop: AbortController | null = new AbortController();
  #stopped: ApiError | null = null;
  /** The oldest first. */
  readonly #readers = new Set<Reader>();
  /** Where the data of the last event begins in its bytes. */
  #dataAt = 0;

  constructor(
    stream: KeptStream,
    streams: KeptStreams,
    { failures, choices }: Pick<KeptAnswerSettings, 'failures' | 'choices'>,
    clocks: Clocks,
  ) {
    [this.stream, this.#streams, this.#clocks, this.startedAtMs] = [stream, streams, clocks, clocks.dateMs()];
    [this.#failures, this.#choices] = [failures, choices];
  }

  /** Choices that are written now. */
  get running(): number {
    return this.stream.endedMs === null ? this.#choices : 0;
  }

  /** Aborted when it has to end. */
  get signal(): AbortSignal {
    return this.#stop?.signal ?? AbortSignal.abort();
  }

  /** Why it was ended before its end; null: it was not. */
  get stopped(): ApiError | null {
    return this.#stopped;
  }

  /** The answer as a whole, as far as there is one. */
  get begun(): Readonly<Record<string, unknown>> | null {
    const { head } = this.stream;
    return head.length === 0 ? null : (JSON.parse(decoder.decode(head)) as Readonly<Record<string, unknown>>);
  }

  /** The data of its last event, where it has ended, of an answer that is there as a whole; null: it runs. */
  get last(): Readonly<Record<string, unknown>> | null {
    const { endedMs, last } = this.stream;
    if (endedMs === null || last === undefined) return null;
    const json = decoder.decode(last.subarray(this.#dataAt, -ending.length));
    return JSON.parse(json) as Readonly<Record<string, unknown>>;
  }

  /** Someone asks for it: it is not abandoned. */
  touch(): void {
    this.stream.leftMs = this.#clocks.nowMs();
  }

  /** Takes all events, whether anybody reads them or not. */
  async write(events: AsyncIterable<AnswerEvent>): Promise<void> {
    try {
      for await (const event of events) {
        if (this.stream.endedMs !== null) return;
        const bytes = encoder.encode(eventText(event));
        if (bytes.length > this.#streams.mostEventBytes) {
          const stop = this.#stop;
          this.fail(tooLarge(bytes.length));
          stop?.abort();
          return;
        }
        this.#append(event, bytes);
      }
    } finally {
      this.#end();
    }
  }

  /** It ends with this failure. */
  fail(error: ApiError): void {
    if (this.stream.endedMs !== null) return;
    for (const event of this.#failure(error, this.stream.nextSequence)) this.#append(event);
    this.#end();
  }

  /** Ends it, where it runs, and whoever writes it. */
  stop(error: ApiError): void {
    if (this.stream.endedMs !== null) return;
    this.#stopped = error;
    const stop = this.#stop;
    this.fail(error);
    stop?.abort();
  }

  /** Its events from this place on, as they come. @param signal aborted when the reader has gone */
  read(place: StreamPlace, signal: AbortSignal): ReadableStream<Uint8Array> {
    let { sequence, skip } = place;
    let wake = (): void => {};
    let isIn = false;
    let isOver = false;
    const reader: Reader = { ending: null, wake: () => wake() };
    const next = async (): Promise<Uint8Array | null> => {
      while (!isOver && !signal.aborted) {
        const event = this.stream.event(sequence);
        if (event === 'lost') reader.ending ??= this.#stopped ?? overrun(this.stream);
        if (reader.ending !== null) {
          isOver = true;
          return encoder.encode(this.#failure(reader.ending, sequence).map(eventText).join(''));
        }
        if (event !== undefined && event !== 'lost') return event.subarray(skip);
        if (this.stream.endedMs !== null) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return null;
    };
    const leave = (): void => {
      [isIn, isOver] = [true, true];
      this.#leave(reader);
    };
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          if (!isIn) this.#enter(reader, signal);
          isIn = true;
          const bytes = await next();
          [sequence, skip] = [sequence + 1, 0];
          if (bytes !== null) return controller.enqueue(bytes);
          leave();
          controller.close();
        },
        cancel: leave,
      },
      { highWaterMark: 0 },
    );
  }

  #enter(reader: Reader, signal: AbortSignal): void {
    const [oldest] = this.#readers.size >= mostReaders ? this.#readers : [];
    if (oldest !== undefined) {
      oldest.ending = stopped(`${mostReaders} newer connections read this answer; close some`);
      this.#leave(oldest);
    }
    this.#readers.add(reader);
    this.stream.readers = this.#readers.size;
    signal.addEventListener('abort', () => this.#leave(reader), { once: true });
  }

  #leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    this.stream.readers = this.#readers.size;
    this.touch();
    reader.wake();
  }

  /** @param sequence the number of its event, where the route counts events as the stream does */
  #failure(error: ApiError, sequence: number): readonly AnswerEvent[] {
    return this.#failures(error).map(({ data, ...event }) => {
      const isCounted = typeof data === 'object' && 'sequence_number' in data;
      return { ...event, data: isCounted ? { ...data, sequence_number: sequence } : data };
    });
  }

  #append(event: AnswerEvent, bytes = encoder.encode(eventText(event))): void {
    this.#dataAt = headOf(event).length;
    this.#streams.append(this.stream, bytes);
    this.#wakeAll();
  }

  #end(): void {
    this.stream.endedMs ??= this.#clocks.nowMs();
    this.endedAtMs ??= this.#clocks.dateMs();
    this.#stop = null;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const { wake } of this.#readers) wake();
  }
}

/** A server-sent event as it is sent. */
export function eventText(event: AnswerEvent): string {
  const { data } = event;
  return `${headOf(event)}${typeof data === 'string' ? data : JSON.stringify(data)}${ending}`;
}

/** What stands before the data of an event, in ASCII. */
function headOf({ name }: AnswerEvent): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: `;
}

const ending = '\n\n';
