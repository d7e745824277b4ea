// Connections to a worker that somebody else runs: it is waited for without end.

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutriderError, OutriderError } from '../../../core/basics/errors.ts';
import { describeAddress, type WorkerAddress } from '../../port/engine-spec.ts';
import { demandPrivateSocket } from './private-socket.ts';
import { mostSilentTicks, RemoteConnection } from './remote-connection.ts';
import type { EngineEvent, WorkerSource } from './remote-model.ts';

export interface ExternalOptions {
  /** See RemoteConnection. */
  readonly tickMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly note: (event: EngineEvent) => void;
}

const firstPauseMs = 50;
const longestPauseMs = 1000;

export class ExternalWorker implements WorkerSource {
  readonly #address: WorkerAddress;
  readonly #options: ExternalOptions;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;

  constructor(address: WorkerAddress, options: ExternalOptions) {
    this.#address = address;
    this.#options = options;
    const { signal } = options;
    this.#signal = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
  }

  async connect(): Promise<RemoteConnection> {
    let noted = false;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await this.#connectOnce();
      } catch (error) {
        if (isOutriderError(error)) throw error;
        if (!noted) this.#awaited((error as Error).message);
        noted = true;
      }
      await sleep(pauseMs, undefined, { signal: this.#signal }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  async #connectOnce(): Promise<RemoteConnection> {
    if (this.#signal.aborted)
      throw new OutriderError('interrupted', 'the wait for the engine was ended', 'start it again');
    const { tickMs } = this.#options;
    const connection = new RemoteConnection(await openSocket(this.#address), { tickMs, awaitsHello: false });
    const stop = (): void => connection.close();
    this.#signal.addEventListener('abort', stop);
    const noteSilence = setTimeout(() => {
      this.#awaited('it takes the connection and says nothing: it serves another edge, or is stopped');
    }, mostSilentTicks * tickMs);
    try {
      await connection.hello;
      return connection;
    } finally {
      clearTimeout(noteSilence);
      this.#signal.removeEventListener('abort', stop);
    }
  }

  #awaited(cause: string): void {
    this.#options.note({ kind: 'awaited', cause: `${describeAddress(this.#address)}: ${cause}` });
  }
}

/** @throws OutriderError `engine-refused` for a socket that is not private; the system's error where nothing listens */
export async function openSocket(address: WorkerAddress): Promise<Socket> {
  const where =
    address.kind === 'tcp'
      ? { host: '127.0.0.1', port: address.port }
      : { path: await demandPrivateSocket(address.path) };
  return new Promise((resolve, reject) => {
    const socket = connect(where);
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** An edge waits for a worker; a command that asks for one does not. @throws OutriderError `engine-lost`, `engine-refused` */
export async function demandListening(address: WorkerAddress): Promise<void> {
  try {
    (await openSocket(address)).destroy();
  } catch (error) {
    if (isOutriderError(error)) throw error;
    const cause = `nothing listens at ${describeAddress(address)}`;
    throw new OutriderError('engine-lost', cause, 'start the worker there first, or name the address where it listens');
  }
}
