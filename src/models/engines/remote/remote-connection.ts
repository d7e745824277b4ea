// One connection to a worker: its frames, and whether it still lives. Silence is counted in ticks and only while an answer is due. It
// knows no texts; remote-model.ts does.

import type { Socket } from 'node:net';
import type { OutriderError } from '../../../core/basics/errors.ts';
import { invariant } from '../../../core/basics/invariant.ts';
import { FrameReader } from './frame-reader.ts';
import {
  brokenFrame,
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameItem,
  type FrameRow,
  mostRowsBytes,
} from './frames.ts';
import { type Hello, readHello } from './hello.ts';

/** The connection is gone, and with it what the worker held. */
export class WorkerLost extends Error {
  /** What the worker did against the protocol, if that ended it. */
  readonly fault: OutriderError | undefined;

  constructor(why: string, fault?: OutriderError) {
    super(why);
    this.fault = fault;
  }
}

/** The worker has failed at one step, and lives. */
export class StepFailed extends Error {
  readonly code: string;

  constructor(code: string, cause: string) {
    super(cause);
    this.code = code;
  }
}

/** The caller itself has given the step up. */
export class StepGivenUp extends Error {}

export interface ConnectionOptions {
  /** A worker that owes an answer and is silent for ten of these is lost, ms. */
  readonly tickMs: number;
  /** Whether silence before the hello counts; a worker that serves another edge says none. */
  readonly awaitsHello: boolean;
}

export const mostSilentTicks = 10;
/** Most bytes of a frame that is no answer to a request with more. */
const smallFrameBytes = 2 ** 16;
const helloBytes = 2 ** 20;

interface Due {
  readonly kind: 'hello' | 'rows' | 'ids';
  /** That of the step, or of the request. */
  readonly number: number;
  readonly mostBytes: number;
  resolve(frame: Frame): void;
  reject(error: Error): void;
}

export class RemoteConnection {
  readonly hello: Promise<Hello>;
  /** Time that the worker says its engine took, ms. */
  engineMs = 0;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #tickMs: number;
  readonly #onLost: Promise<WorkerLost>;
  #noteLost!: (lost: WorkerLost) => void;
  #lost: WorkerLost | null = null;
  #due: Due | null = null;
  /** Steps that were given up and are not answered yet, with the most bytes of the answer. */
  readonly #givenUp = new Map<number, number>();
  #silentTicks = 0;
  #ticker: NodeJS.Timeout | undefined;
  #lastNumber = 0;

  constructor(socket: Socket, { tickMs, awaitsHello }: ConnectionOptions) {
    this.#socket = socket;
    this.#tickMs = tickMs;
    this.#onLost = new Promise((resolve) => {
      this.#noteLost = resolve;
    });
    socket.on('data', (chunk: Uint8Array) => this.#received(chunk));
    socket.on('error', (error) => this.#lose(new WorkerLost(error.message)));
    socket.on('close', () => this.#lose(new WorkerLost('it closed the connection')));
    this.hello = this.#awaitAnswer('hello', helloBytes, awaitsHello).then((frame) =>
      readHello(frame as Frame & { readonly kind: 'hello' }),
    );
    // Whoever opens the connection asks for it.
    this.hello.catch(() => this.close());
  }

  /** Resolves when the connection is gone. */
  get lost(): Promise<WorkerLost> {
    return this.#onLost;
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** The rows of all items, in order. @throws WorkerLost, StepFailed, StepGivenUp */
  async evaluate(items: readonly FrameItem[]): Promise<readonly FrameRow[]> {
    const answer = this.#awaitAnswer('rows', mostRowsBytes(items));
    this.#send({ kind: 'evaluate', step: this.#lastNumber, items });
    const frame = await answer;
    invariant(frame.kind === 'rows', 'an answer of another kind');
    this.engineMs += frame.engineMicroseconds / 1000;
    const wanted = items.reduce((sum, { rows }) => sum + rows, 0);
    if (frame.rows.length !== wanted) throw this.#fault(`${frame.rows.length} rows of the ${wanted} asked for`);
    return frame.rows;
  }

  /** @throws WorkerLost */
  async encode(text: string): Promise<readonly number[]> {
    const answer = this.#awaitAnswer('ids', smallFrameBytes + 16 * text.length);
    this.#send({ kind: 'encode', number: this.#lastNumber, text });
    const frame = await answer;
    invariant(frame.kind === 'ids', 'an answer of another kind');
    return frame.ids;
  }

  release(sequence: number): void {
    this.#send({ kind: 'release', sequence });
  }

  /** Ends the step in flight, if there is one: it rejects with StepGivenUp, and its answer is ignored. */
  giveUp(): void {
    const due = this.#due;
    if (due?.kind !== 'rows') return;
    this.#givenUp.set(due.number, due.mostBytes);
    this.#settle()?.reject(new StepGivenUp('the step was given up'));
    this.#send({ kind: 'abort', step: due.number });
  }

  /** The worker gave what its protocol does not allow. @returns what to throw */
  fault(cause: string): WorkerLost {
    return this.#fault(cause);
  }

  close(): void {
    this.#lose(new WorkerLost('it was closed'));
  }

  #send(frame: Frame): void {
    if (this.#lost === null) this.#socket.write(encodeFrame(frame));
  }

  #awaitAnswer(kind: Due['kind'], mostBytes: number, ticks = true): Promise<Frame> {
    invariant(this.#due === null, 'two requests at a time');
    if (this.#lost !== null) return Promise.reject(this.#lost);
    if (kind !== 'hello') this.#lastNumber = (this.#lastNumber % 0xffff_fffe) + 1;
    this.#silentTicks = 0;
    if (ticks) this.#ticker = setInterval(() => this.#tick(), this.#tickMs);
    return new Promise((resolve, reject) => {
      this.#due = { kind, number: this.#lastNumber, mostBytes, resolve, reject };
    });
  }

  #settle(): Due | null {
    clearInterval(this.#ticker);
    const due = this.#due;
    this.#due = null;
    return due;
  }

  #tick(): void {
    this.#silentTicks += 1;
    if (this.#silentTicks < mostSilentTicks) return;
    this.#lose(new WorkerLost(`it says nothing for ${mostSilentTicks} ticks of ${this.#tickMs} ms`));
  }

  #received(chunk: Uint8Array): void {
    try {
      for (const body of this.#reader.read(chunk, () => this.#mostBytes())) {
        if (this.#lost !== null) return;
        this.#silentTicks = 0;
        this.#take(decodeFrame(body));
      }
    } catch (error) {
      this.#lose(new WorkerLost((error as Error).message, error as OutriderError));
    }
  }

  #mostBytes(): number {
    return Math.max(smallFrameBytes, this.#due?.mostBytes ?? 0, ...this.#givenUp.values());
  }

  #take(frame: Frame): void {
    if (frame.kind === 'working' || (frame.kind === 'rows' && this.#givenUp.delete(frame.step))) return;
    const due = this.#due;
    if (frame.kind === 'failed') this.#failed(frame);
    else if (due !== null && due.kind === frame.kind && due.number === numberOf(frame)) this.#settle()?.resolve(frame);
    else throw brokenFrame(`"${frame.kind}" was not asked for`);
  }

  #failed({ step, code, cause }: Frame & { readonly kind: 'failed' }): void {
    if (this.#givenUp.delete(step)) return;
    const isDue = this.#due !== null && this.#due.kind !== 'hello' && this.#due.number === step;
    if (!isDue) throw brokenFrame(`it failed at no step (${code}: ${cause})`);
    this.#settle()?.reject(new StepFailed(code, cause));
  }

  #fault(cause: string): WorkerLost {
    const fault = brokenFrame(cause);
    const lost = new WorkerLost(fault.message, fault);
    this.#lose(lost);
    return lost;
  }

  #lose(lost: WorkerLost): void {
    if (this.#lost !== null) return;
    this.#lost = lost;
    this.#socket.destroy();
    this.#noteLost(lost);
    this.#settle()?.reject(lost);
  }
}

/** Which request it answers; the hello answers none. */
function numberOf(frame: Frame): number {
  if (frame.kind === 'rows') return frame.step;
  return frame.kind === 'ids' ? frame.number : 0;
}
