// Spreads the units of an experiment over processor cores. Each worker thread loads the experiment's own file and answers questions with what it
// measured; the same question has the same answer wherever it is measured.

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Run } from './experiment.ts';

/** The option of every experiment with threads. */
export const workersOption = {
  flag: '--workers <count>',
  help: 'threads',
  whole: [1, 256] as readonly [number, number],
  default: availableParallelism() as number,
  defaultLabel: 'one for each core',
} as const;

/** What a worker thread of an experiment does. */
export interface Work<Question, Found, Settings> {
  /** Name of the experiment: "outrider bench felt". */
  readonly role: string;
  /** `import.meta.url` of the file that calls {@link serveWork} with this. */
  readonly file: string;
  /** Question, answer and settings are plain data. */
  measure(question: Question, settings: Settings): Found | Promise<Found>;
}

/** Threads start at first use; a single worker has none. Ask at most as many questions at a time as there are workers. */
export class WorkerPool<Question, Found, Settings> implements AsyncDisposable {
  readonly #work: Work<Question, Found, Settings>;
  readonly #settings: Settings;
  readonly #workerCount: number;
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];

  constructor(work: Work<Question, Found, Settings>, settings: Settings, workerCount: number) {
    this.#work = work;
    this.#settings = settings;
    this.#workerCount = workerCount;
  }

  async measure(question: Question): Promise<Found> {
    if (this.#workerCount <= 1) return await this.#work.measure(question, this.#settings);
    const worker = this.#idle.pop() ?? this.#start();
    return await new Promise((resolve, reject) => {
      const onEnd = (): void => reject(new Error('a worker thread of the bench ended before its work'));
      worker.once('error', reject).once('exit', onEnd);
      worker.once('message', (found: Found) => {
        worker.off('error', reject).off('exit', onEnd);
        this.#idle.push(worker);
        resolve(found);
      });
      worker.postMessage(question);
    });
  }

  /** Measures each question as a unit of the run. @param keyOf unique in the experiment */
  async measureAll(
    run: Run,
    stage: string,
    questions: readonly Question[],
    keyOf: (question: Question) => string,
  ): Promise<Found[]> {
    const units = questions.map((question) => ({ key: keyOf(question), measure: () => this.measure(question) }));
    return await run.all(stage, units, this.#workerCount);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const { role, file } = this.#work;
    const worker = new Worker(fileURLToPath(file), { workerData: { role, settings: this.#settings } });
    this.#workers.push(worker);
    return worker;
  }
}

/** In a worker thread of this work: answers what the pool asks. Elsewhere: nothing. */
export function serveWork<Question, Found, Settings>({ role, measure }: Work<Question, Found, Settings>): void {
  const given = workerData as { readonly role?: unknown; readonly settings: Settings } | null;
  if (isMainThread || given?.role !== role) return;
  parentPort?.on('message', (question: Question) => {
    void Promise.resolve(measure(question, given.settings)).then((found) => parentPort?.postMessage(found));
  });
}
