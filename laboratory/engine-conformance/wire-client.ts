// A connection to a worker, frame by frame, for checks of the protocol itself: it may send what no edge sends. An edge's own connection is
// remote-connection.ts.

import type { Socket } from 'node:net';
import { openSocket } from '../../src/models/engines/remote/external-worker.ts';
import { FrameReader } from '../../src/models/engines/remote/frame-reader.ts';
import { decodeFrame, encodeFrame, type Frame, mostFrameBytes } from '../../src/models/engines/remote/frames.ts';
import { type Hello, readHello } from '../../src/models/engines/remote/hello.ts';
import { mostSilentTicks } from '../../src/models/engines/remote/remote-connection.ts';
import type { WorkerAddress } from '../../src/models/port/engine-spec.ts';
import { ContractFailure } from './contract-bench.ts';

/** A worker is silent after so many of these, as an edge counts it: time in which this process itself stands still is one. */
const tickMs = 1000;

type FrameOf<Kind extends Frame['kind']> = Frame & { readonly kind: Kind };

/** A connection whose hello has been read. */
export interface Met {
  readonly wire: WireClient;
  readonly hello: Hello;
}

/** Connects, runs the body, and ends the connection in any case. @throws ContractFailure */
export async function meet<Value>(address: WorkerAddress, body: (met: Met) => Promise<Value> | Value): Promise<Value> {
  const wire = await WireClient.connect(address);
  try {
    return await body({ wire, hello: await helloFrom(wire) });
  } finally {
    await wire.end();
  }
}

/** @throws ContractFailure */
export async function helloFrom(wire: WireClient): Promise<Hello> {
  const frame = await wire.next('hello', 'the connection was made');
  try {
    return readHello(frame);
  } catch (error) {
    throw new ContractFailure(`hello: expected a valid one, found another (${(error as Error).message})`);
  }
}

export class WireClient {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  readonly #closed: Promise<void>;
  #isClosed = false;
  #fault: Error | null = null;
  #notify: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        resolve();
        this.#notify();
      });
    });
    // "close" follows.
    socket.on('error', () => {});
    socket.on('data', (chunk: Uint8Array) => this.#received(chunk));
  }

  /** @throws ContractFailure where nothing listens any more */
  static async connect(address: WorkerAddress): Promise<WireClient> {
    try {
      return new WireClient(await openSocket(address));
    } catch (error) {
      throw new ContractFailure(`a connection: expected one, found ${(error as Error).message}`);
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether a frame has come that was not read. */
  get hasFrame(): boolean {
    return this.#frames.length > 0;
  }

  send(frame: Frame): void {
    this.sendBytes(encodeFrame(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next frame, which must be of this kind; `working` is passed over. @throws ContractFailure */
  async next<Kind extends Frame['kind']>(kind: Kind, after: string): Promise<FrameOf<Kind>> {
    const frame = await this.take(`"${kind}"`, after);
    if (frame.kind === kind) return frame as FrameOf<Kind>;
    const cause = frame.kind === 'failed' ? ` (${frame.code}: ${frame.cause})` : '';
    throw new ContractFailure(`after ${after}: expected "${kind}", found "${frame.kind}"${cause}`);
  }

  /** The next frame of any kind. @param expected in words @throws ContractFailure where none comes */
  async take(expected: string, after: string): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined && frame.kind !== 'working') return frame;
      if (frame !== undefined) continue;
      const lack = await this.#wait();
      if (lack !== null) throw new ContractFailure(`after ${after}: expected ${expected}, found ${lack}`);
    }
  }

  /** Resolves when the worker has seen the end, as far as that can be known. */
  async end(): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  /** @returns why no frame will come; null: there is one */
  async #wait(): Promise<string | null> {
    let ticker: NodeJS.Timeout | undefined;
    let ticks = 0;
    const isSilent = await new Promise<boolean>((resolve) => {
      ticker = setInterval(() => {
        ticks += 1;
        if (ticks === mostSilentTicks) resolve(true);
      }, tickMs);
      this.#notify = () => resolve(false);
      if (this.#isClosed || this.hasFrame || this.#fault !== null) resolve(false);
    });
    clearInterval(ticker);
    if (this.hasFrame) return null;
    if (this.#fault !== null) return this.#fault.message;
    return isSilent ? `nothing for ${mostSilentTicks} s` : 'the end of the connection';
  }

  #received(chunk: Uint8Array): void {
    try {
      for (const body of this.#reader.read(chunk, () => mostFrameBytes)) this.#frames.push(decodeFrame(body));
    } catch (error) {
      this.#fault = error as Error;
      this.#socket.destroy();
    }
    this.#notify();
  }
}
