// Streaming clients of "bench serve" in a thread of their own: each asks again as soon as its answer has ended.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { chunksOf, lightAgent, readBytes } from './light-client.ts';

export interface CrowdPlan {
  readonly baseUrl: string;
  readonly model: string;
  readonly clients: number;
  readonly tokens: number;
  readonly prompts: readonly string[];
  /** The texts of the target, by prompt. */
  readonly texts: readonly string[];
  /** The first answers begin within this time, one after the other, ms. */
  readonly startMs: number;
}

/** What the clients have seen since the last tally. */
export interface CrowdTally {
  /** For each chunk: the seed of its request, the length of the text with it, and when it came (ms, {@link monotonicMs}). */
  readonly chunks: readonly (readonly [seed: number, length: number, atMs: number])[];
  readonly answers: number;
  readonly textsWrong: number;
  readonly failed: number;
  readonly failure: string | null;
  /** How late timers of the thread are, 99 in 100 at most, ms: what a client's own side adds to a delay. */
  readonly lateP99Ms: number;
}

/** The same in all threads of a process. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const role = 'clients of bench serve';
/** Pauses of clients between two answers: different ones, up to this. */
const spreadMs = 1000;
const spreadStepMs = 137;

export class CrowdClients implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting: ((tally: CrowdTally) => void)[] = [];
  readonly #failed: Promise<never>;

  constructor(plan: CrowdPlan) {
    this.#worker = new Worker(fileURLToPath(import.meta.url), { workerData: { role, plan } });
    this.#worker.on('message', (tally: CrowdTally) => this.#waiting.shift()?.(tally));
    this.#failed = new Promise((_, reject) => this.#worker.once('error', reject));
    this.#failed.catch(() => {});
  }

  /** @param ends whether no client asks again; the tally then comes when all answers have ended */
  tally(ends = false): Promise<CrowdTally> {
    const answer = new Promise<CrowdTally>((resolve) => this.#waiting.push(resolve));
    this.#worker.postMessage(ends ? 'end' : 'tally');
    return Promise.race([answer, this.#failed]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

class Crowd {
  readonly #plan: CrowdPlan;
  readonly #agent: ReturnType<typeof lightAgent>;
  readonly #running: Promise<void>[];
  readonly #late = monitorEventLoopDelay({ resolution: 1 });
  #chunks: [number, number, number][] = [];
  #counts = { answers: 0, textsWrong: 0, failed: 0, failure: null as string | null };
  #seed = 0;
  #ends = false;

  constructor(plan: CrowdPlan) {
    this.#plan = plan;
    this.#agent = lightAgent(plan.clients);
    this.#late.enable();
    this.#running = Array.from({ length: plan.clients }, (_, client) => this.#ask(client));
  }

  async #ask(client: number): Promise<void> {
    const { clients, startMs, prompts } = this.#plan;
    await new Promise((resolve) => setTimeout(resolve, (startMs * client) / clients));
    for (let round = 0; !this.#ends; round++) await this.#read((client + round * clients) % prompts.length);
  }

  async #read(prompt: number): Promise<void> {
    const { baseUrl, model, tokens, prompts, texts } = this.#plan;
    const seed = ++this.#seed;
    const messages = [{ role: 'user', content: prompts[prompt] }];
    const body = { model, messages, temperature: 0, max_tokens: tokens, seed, stream: true };
    try {
      const url = new URL(`${baseUrl}/chat/completions`);
      const bytes = await readBytes({ url, agent: this.#agent, body, nowMs: monotonicMs });
      // Answers of one step of the edge end together: not all of them are read, and asked anew, at once.
      await new Promise((resolve) => setTimeout(resolve, (seed * spreadStepMs) % spreadMs));
      const chunks = chunksOf(bytes);
      let length = 0;
      for (const { text, atMs } of chunks) {
        length += text.length;
        this.#chunks.push([seed, length, atMs]);
      }
      this.#counts.answers += 1;
      if (chunks.map(({ text }) => text).join('') !== texts[prompt]) this.#counts.textsWrong += 1;
    } catch (error) {
      this.#counts.failed += 1;
      this.#counts.failure = error instanceof Error ? error.message : String(error);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async answer(question: string): Promise<CrowdTally> {
    if (question === 'end') {
      this.#ends = true;
      await Promise.all(this.#running);
    }
    const tally = { chunks: this.#chunks, ...this.#counts, lateP99Ms: this.#late.percentile(99) / 1e6 };
    this.#chunks = [];
    this.#counts = { answers: 0, textsWrong: 0, failed: 0, failure: null };
    return tally;
  }
}

const given = workerData as { readonly role?: unknown; readonly plan: CrowdPlan } | null;
if (!isMainThread && given?.role === role) {
  const crowd = new Crowd(given.plan);
  parentPort?.on('message', (question: string) => {
    void crowd.answer(question).then((tally) => parentPort?.postMessage(tally));
  });
}
