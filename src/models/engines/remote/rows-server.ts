// Serves a model of the port by the rows protocol, so that it can stand in another process than its edge: llama.cpp, or the toy in tests.
// One evaluate frame is one evaluation of the model, which must not follow a law of its own.

import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { isOutriderError, OutriderError } from '../../../core/basics/errors.ts';
import { describeAddress, type WorkerAddress } from '../../port/engine-spec.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from '../../port/model.ts';
import { FrameReader } from './frame-reader.ts';
import {
  brokenFrame,
  decodeFrame,
  encodeFrame,
  type FailureCode,
  type Frame,
  mostFrameBytes,
  oneLine,
  rowsVersion,
} from './frames.ts';
import type { Hello } from './hello.ts';
import { portAsk } from './row-asks.ts';

export interface RowsServerOptions {
  readonly address: WorkerAddress;
  readonly hello: Hello;
  /** While a step runs, a frame says so as often, ms; default half a second. */
  readonly workingMs?: number;
}

export interface RowsServer extends AsyncDisposable {
  /** With the port that was given. */
  readonly address: WorkerAddress;
  /** The model stays open. */
  close(): Promise<void>;
}

/** What a model can't say of itself. */
export interface ServedEngine extends Pick<Hello, 'engine' | 'device'> {
  readonly tokenizerFormat: string;
}

/** The hello of a model whose fingerprint holds everything that its bits depend on. */
export function helloOf(
  { identity, tokenizer, limits }: LanguageModel,
  { engine, device, tokenizerFormat }: ServedEngine,
): Hello {
  const { contextLength, maxSequences, maxItemTokens, cachedTokenBytes, law } = limits;
  return {
    name: identity.name,
    engine,
    device,
    parts: { fingerprint: identity.fingerprint },
    vocabularySize: tokenizer.vocabularySize,
    tokenizer: { format: tokenizerFormat, sha256: tokenizer.hash },
    encodes: true,
    limits: { contextLength: contextLength - spareTokens, maxSequences, largestCall: maxItemTokens, cachedTokenBytes },
    law: { ...law, most: Math.min(law.most, maxItemTokens) },
    settles: false,
  };
}

/** Padding of a law stands behind the text. */
export const spareTokens = 16;
const usualWorkingMs = 500;
/** Sockets are made for their owner alone. */
const socketMask = 0o177;

/** @throws OutriderError as {@link listenPrivately} */
export async function serveRows(model: LanguageModel, options: RowsServerOptions): Promise<RowsServer> {
  const sockets = new Set<Socket>();
  let turn: Promise<void> = Promise.resolve();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    // One at a time: the next one waits for its hello.
    turn = turn.then(() => serveSocket(socket, model, options));
  });
  const address = await listenPrivately(server, options.address);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    await turn;
  };
  return {
    address,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * On this machine, a socket for its owner alone.
 * @returns the address, with the port that was given
 * @throws OutriderError `port-in-use` where another worker listens
 */
export async function listenPrivately(server: Server, address: WorkerAddress): Promise<WorkerAddress> {
  try {
    await listenOnce(server, address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (address.kind === 'tcp' || (await answers(address.path))) {
      throw new OutriderError(
        'port-in-use',
        `${describeAddress(address)} is in use`,
        'give another address, or end the other worker',
      );
    }
    // A worker that was killed leaves its socket.
    await unlink(address.path);
    await listenOnce(server, address);
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? { kind: 'tcp', port: bound.port } : address;
}

function listenOnce(server: Server, address: WorkerAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const done = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (address.kind === 'tcp') {
      server.listen(address.port, '127.0.0.1', done);
      return;
    }
    const before = process.umask(socketMask);
    server.listen(address.path, done);
    process.umask(before);
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Resolves when the connection has ended, and its sequences are empty. */
async function serveSocket(socket: Socket, model: LanguageModel, options: RowsServerOptions): Promise<void> {
  if (socket.destroyed) return;
  const served = new ServedConnection(socket, model, options);
  await new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  await served.end();
}

class ServedConnection {
  readonly #socket: Socket;
  readonly #model: LanguageModel;
  readonly #workingMs: number;
  readonly #reader = new FrameReader();
  readonly #sequences = new Map<number, ModelSequence>();
  /** Steps that have come, have not begun, and were not given up. */
  readonly #pending = new Set<number>();
  #isBroken = false;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: Socket, model: LanguageModel, { hello, workingMs }: RowsServerOptions) {
    this.#socket = socket;
    this.#model = model;
    this.#workingMs = workingMs ?? usualWorkingMs;
    this.#send({ kind: 'hello', version: rowsVersion, hello });
    socket.on('data', (chunk: Uint8Array) => this.#received(chunk));
  }

  async end(): Promise<void> {
    await this.#work;
    for (const sequence of this.#sequences.values()) await sequence.release();
  }

  #send(frame: Frame): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(frame));
  }

  #received(chunk: Uint8Array): void {
    if (this.#isBroken) return;
    try {
      for (const body of this.#reader.read(chunk, () => mostFrameBytes)) this.#take(body);
    } catch (error) {
      // Where the next frame begins is not known.
      this.#isBroken = true;
      this.#fail(0, 'bad-frame', error);
      this.#socket.end();
    }
  }

  #take(body: Uint8Array): void {
    let frame: Frame;
    try {
      frame = decodeFrame(body);
    } catch (error) {
      this.#fail(0, 'bad-frame', error);
      return;
    }
    if (frame.kind === 'evaluate') this.#pending.add(frame.step);
    if (frame.kind === 'abort') this.#pending.delete(frame.step);
    else this.#work = this.#work.then(() => this.#serve(frame)).catch((error) => this.#refuse(frame, error));
  }

  async #serve(frame: Frame): Promise<void> {
    // A connection that has ended is owed nothing.
    if (this.#socket.destroyed) return;
    switch (frame.kind) {
      case 'evaluate':
        return this.#evaluate(frame);
      case 'release':
        await this.#sequences.get(frame.sequence)?.release();
        this.#sequences.delete(frame.sequence);
        return;
      case 'encode':
        this.#send({ kind: 'ids', number: frame.number, ids: this.#model.tokenizer.encode(frame.text) });
        return;
      default:
        this.#fail(0, 'bad-frame', brokenFrame(`"${frame.kind}" is for an edge`));
    }
  }

  async #evaluate({ step, items }: Frame & { readonly kind: 'evaluate' }): Promise<void> {
    if (!this.#pending.delete(step)) return this.#fail(step, 'aborted', new Error('the step was given up'));
    const working = setInterval(() => this.#send({ kind: 'working', step }), this.#workingMs);
    const startMs = performance.now();
    try {
      const found = await this.#model.evaluate(await this.#prepare(items));
      const engineMicroseconds = Math.round(1000 * (performance.now() - startMs));
      const rows = found.flat().map(({ ids, logits, logNormaliser = Number.NaN }) => {
        return { normaliser: logNormaliser, ids, logits };
      });
      this.#send({ kind: 'rows', step, engineMicroseconds, rows });
    } catch (error) {
      this.#fail(step, codeOf(error), error);
    } finally {
      clearInterval(working);
    }
  }

  async #prepare(items: (Frame & { readonly kind: 'evaluate' })['items']): Promise<EvaluateItem[]> {
    const { maxItemTokens, maxSequences } = this.#model.limits;
    const total = items.reduce((sum, { ids }) => sum + ids.length, 0);
    if (items.some(({ ids }) => ids.length === 0)) throw brokenFrame('an item without ids');
    if (total > maxItemTokens) throw brokenFrame(`${total} ids in a step, where ${maxItemTokens} are the most`);
    if (new Set(items.map(({ sequence }) => sequence)).size < items.length)
      throw brokenFrame('a sequence twice in a step');
    const prepared: EvaluateItem[] = [];
    for (const { sequence: number, keep, ids: tokens, rows, asks } of items) {
      if (number >= maxSequences) throw brokenFrame(`sequence ${number} of ${maxSequences}`);
      if (tokens.some((id) => id >= this.#model.tokenizer.vocabularySize))
        throw brokenFrame('an id beyond the vocabulary');
      const sequence = this.#sequences.get(number) ?? this.#model.openSequence();
      this.#sequences.set(number, sequence);
      if (keep > sequence.length) throw brokenFrame(`${keep} tokens of ${sequence.length} are to stay`);
      await sequence.truncate(keep);
      const asked = new Map(asks.map((ask) => [ask.row, portAsk(ask)]));
      prepared.push({ sequence, tokens, rows, asks: Array.from({ length: rows }, (_, row) => asked.get(row)) });
    }
    return prepared;
  }

  /** What is no step has failed: the next frames are served. */
  #refuse(frame: Frame, error: unknown): void {
    this.#fail(frame.kind === 'encode' ? frame.number : 0, codeOf(error), error);
  }

  #fail(step: number, code: FailureCode, error: unknown): void {
    this.#send({ kind: 'failed', step, code, cause: oneLine((error as Error).message) });
  }
}

function codeOf(error: unknown): FailureCode {
  if (!isOutriderError(error)) return 'failed';
  if (error.code === 'engine-failed') return 'no-numbers';
  return error.code === 'engine-refused' || error.code === 'context-full' ? 'bad-frame' : 'failed';
}
