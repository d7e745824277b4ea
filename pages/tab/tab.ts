// A drafting device for a page, in workers of its own: `import { openTab } from 'https://EDGE/pages/tab.js'`. docs/use/tab.md.

import { type ErrorCode, OutriderError } from '../../src/core/basics/errors.ts';
import type { Message } from '../../src/models/port/model.ts';
import { EmissionQueue } from '../../src/processes/device/emission-queue.ts';
import type { Failure, FromDevice, TabAskOptions, TabPiece, TabReport, TabState, ToDevice } from './tab-messages.ts';
import { wordsOfState } from './words.ts';
import { startWorker } from './worker-start.ts';

export { wordsOfState };

export interface TabOptions {
  /** "http://box:8642". Default: where this script comes from. */
  readonly edge?: string;
  /** With the scope verify. Default: none. */
  readonly key?: string | undefined;
  /** Called when what drafts has changed. */
  readonly onState?: (state: TabState) => void;
}

/** An answer. Iterate it once; leaving the loop stops it. */
export interface TabAnswer extends AsyncIterable<readonly TabPiece[]> {
  /** Rejects where the answer fails. */
  readonly report: Promise<TabReport>;
  /** Called when the connection is lost, and when it is there again. */
  onLink: ((isLost: boolean) => void) | null;
  /** Called while the edge loads its model, with a sentence that says for how long about. */
  onLoading: ((sentence: string) => void) | null;
  stop(): void;
}

/** A device in this tab. */
export interface Tab {
  readonly state: TabState;
  ask(question: string | readonly Message[], options?: TabAskOptions): TabAnswer;
  close(): void;
}

/** @throws OutriderError `unauthorized`, `edge-unreachable`, `model-not-found` (no drafting with this edge), `tokenizer-mismatch` */
export function openTab({ edge, key, onState = () => {} }: TabOptions = {}): Promise<Tab> {
  const worker = startWorker(new URL('./device-worker.js', import.meta.url));
  const { origin } = new URL(edge ?? import.meta.url);
  const tab = new WorkerTab(worker, onState);
  tab.send({ kind: 'open', edge: origin.replace(/^ws/, 'http'), key });
  return tab.opened;
}

interface Open {
  readonly queue: EmissionQueue<readonly TabPiece[]>;
  readonly answer: TabAnswer;
  resolve(report: TabReport): void;
  reject(error: Error): void;
}

class WorkerTab implements Tab {
  readonly opened: Promise<Tab>;
  readonly #worker: Worker;
  readonly #answers = new Map<number, Open>();
  readonly #onState: (state: TabState) => void;
  #settle: { resolve(tab: Tab): void; reject(error: Error): void };
  #state: TabState | null = null;
  #lastId = 0;

  constructor(worker: Worker, onState: (state: TabState) => void) {
    this.#worker = worker;
    this.#onState = onState;
    const { promise, resolve, reject } = Promise.withResolvers<Tab>();
    this.opened = promise;
    this.#settle = { resolve, reject };
    worker.onmessage = ({ data }: MessageEvent<FromDevice>) => this.#take(data);
    worker.onerror = ({ message }) => this.#lost(message);
  }

  get state(): TabState {
    if (this.#state === null) throw new Error('the tab is not open');
    return this.#state;
  }

  send(message: ToDevice): void {
    this.#worker.postMessage(message);
  }

  ask(question: string | readonly Message[], options: TabAskOptions = {}): TabAnswer {
    this.#lastId += 1;
    const id = this.#lastId;
    const stop = (): void => this.send({ kind: 'stop', id });
    const queue = new EmissionQueue<readonly TabPiece[]>(stop);
    const { promise: report, resolve, reject } = Promise.withResolvers<TabReport>();
    // Whoever iterates gets the failure there.
    report.catch(() => {});
    const answer: TabAnswer = {
      report,
      stop,
      onLink: null,
      onLoading: null,
      [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
    };
    this.#answers.set(id, { queue, answer, resolve, reject });
    const messages: readonly Message[] =
      typeof question === 'string' ? [{ role: 'user', content: question }] : question;
    this.send({ kind: 'ask', id, messages, options });
    return answer;
  }

  close(): void {
    this.#end(new OutriderError('interrupted', 'this tab was closed', 'open it again'));
    this.#worker.terminate();
  }

  #take(message: FromDevice): void {
    if (message.kind === 'opened') {
      this.#state ??= message.state;
      this.#settle.resolve(this);
    } else if (message.kind === 'not-opened') {
      this.#settle.reject(errorOf(message.failure));
      this.#worker.terminate();
    } else if (message.kind === 'state') {
      this.#state = message.state;
      this.#onState(message.state);
    } else this.#takeOf(message);
  }

  #takeOf(message: Extract<FromDevice, { readonly id: number }>): void {
    const open = this.#answers.get(message.id);
    if (open === undefined) return;
    if (message.kind === 'pieces') open.queue.push(message.pieces);
    else if (message.kind === 'link') open.answer.onLink?.(message.isLost);
    else if (message.kind === 'loading') open.answer.onLoading?.(message.sentence);
    else {
      this.#answers.delete(message.id);
      if (message.kind === 'ended') {
        open.queue.end();
        open.resolve(message.report);
      } else fail(open, errorOf(message.failure));
    }
  }

  #lost(cause: string): void {
    this.#end(new OutriderError('internal', `the worker has failed: ${cause}`, 'load the page again'));
  }

  #end(error: OutriderError): void {
    this.#settle.reject(error);
    for (const open of this.#answers.values()) fail(open, error);
    this.#answers.clear();
  }
}

function fail({ queue, reject }: Open, error: Error): void {
  queue.fail(error);
  reject(error);
}

function errorOf({ code, message, remedy }: Failure): OutriderError {
  return new OutriderError(code as ErrorCode, message, remedy);
}
