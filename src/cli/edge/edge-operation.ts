// What `outrider edge` does for its operator: its logs, signals, and how it ends. SIGTERM and the first Ctrl-C let answers end, a second
// signal ends the process at once; an engine that does not return ends it with status 1, so that a supervisor starts it again.

import { constants } from 'node:os';
import type { EngineEvent } from '../../models/engines/remote/remote-model.ts';
import type { Listener } from '../../network/transport/transport.ts';
import type { Edge } from '../../processes/edge/edge.ts';
import type { EdgeLogEvent } from '../../processes/edge/edge-events.ts';
import type { OpenRequests } from '../../processes/http/listen-http.ts';
import type { RequestRecord } from '../../processes/http/request-record.ts';
import { type EdgeLog, type LogFlags, openLog } from './edge-log.ts';
import { logRequests } from './request-log.ts';

type OperationFlags = LogFlags & { readonly drain: number };

/** Time that an edge whose engine hangs has to end in order, ms. */
const stopWithinMs = 2000;

const engineWords = {
  lost: { level: 'warn', words: 'the engine was lost, and sessions wait for it' },
  awaited: { level: 'warn', words: 'waiting for the engine' },
  starting: { level: 'info', words: 'the engine starts' },
  back: { level: 'info', words: 'the engine is back' },
  ended: { level: 'error', words: 'the engine will not come back, and the edge ends' },
} as const;

export class EdgeOperation implements AsyncDisposable {
  readonly #flags: OperationFlags;
  readonly log: EdgeLog & AsyncDisposable;
  readonly #signal: AbortSignal;
  /** Writes the line of a request over HTTP that is over. */
  readonly requestEnded: (record: RequestRecord) => void;
  readonly #undo: (() => void)[] = [];
  readonly #stalled = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<never>();

  /** @throws OutriderError `bad-argument` if the log file can't be used */
  static async open(flags: OperationFlags, signal: AbortSignal): Promise<EdgeOperation> {
    return new EdgeOperation(flags, await openLog(flags), signal);
  }

  private constructor(flags: OperationFlags, log: EdgeLog & AsyncDisposable, signal: AbortSignal) {
    this.#flags = flags;
    this.log = log;
    this.requestEnded = logRequests(log, () => performance.now());
    this.#signal = signal;
    this.#ended.promise.catch(() => undefined);
    signal.addEventListener('abort', () => {
      for (const name of ['SIGINT', 'SIGTERM'] as const)
        this.#on(name, () => process.exit(128 + constants.signals[name]));
    });
  }

  readonly onEvent = (event: EdgeLogEvent): void => {
    this.log.event(event);
    if (event.kind === 'engine-stalled') this.#stalled.resolve();
  };

  /** For an engine in another process. One that will not come back ends the edge. */
  readonly engineEvent = (event: EngineEvent): void => {
    const cause = event.kind === 'ended' ? event.error.message : 'cause' in event ? event.cause : undefined;
    const { level, words } = engineWords[event.kind];
    this.log.line(level, { kind: `engine-${event.kind}`, cause }, cause === undefined ? words : `${words}: ${cause}`);
    if (event.kind === 'ended') this.#ended.reject(event.error);
  };

  /** A problem that does not end the edge, as a key file that can't be read. */
  warn(error: unknown): void {
    this.log.note('error', error instanceof Error ? error.message : String(error));
  }

  /**
   * Runs until `asked`, then ends the edge. An engine that hangs ends the process.
   * @throws OutriderError of an engine that will not come back
   * @param requests those over HTTP, whose clients may still read when the edge has written all
   */
  async run(
    edge: Edge,
    listener: Pick<Listener, 'close'>,
    asked: Promise<void>,
    requests: OpenRequests,
  ): Promise<void> {
    const isStalled = await Promise.race([
      asked.then(() => false),
      this.#stalled.promise.then(() => true),
      this.#ended.promise,
    ]);
    if (isStalled) await this.#giveUp(edge, listener);
    await edge.drain(this.#signal.aborted ? this.#flags.drain * 1000 : 0);
    await requests.settled(stopWithinMs);
    await listener.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    await this.log[Symbol.asyncDispose]();
  }

  /** The engine's own threads may never end, and its model can't be closed. */
  async #giveUp(edge: Edge, listener: Pick<Listener, 'close'>): Promise<never> {
    this.log.note('error', 'the engine hangs: the edge ends with status 1, to be started again');
    const ended = edge.close().then(() => listener.close());
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, stopWithinMs))]);
    process.exit(1);
  }

  #on(event: 'exit' | NodeJS.Signals, work: () => void): void {
    process.on(event, work);
    this.#undo.push(() => void process.off(event, work));
  }
}
