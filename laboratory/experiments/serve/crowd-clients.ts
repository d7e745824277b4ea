// Streaming clients of "bench serve" in a thread of their own: each asks again as soon as its answer has ended. They note when bytes come, and read
// them when the answer has ended: hundreds of clients share one thread, and their own work must not count as delay of the endpoint.

import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { ChunkReader, textOf } from '../../measuring/chat-stream.ts';

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

/** Pauses of clients between two answers: different ones, up to this. */
const spreadMs = 1000;
const spreadStepMs = 137;

let crowd: Crowd | undefined;

/** The clients start with the first question. After `end` no client asks again, and the tally comes when all answers have ended. */
export const crowdWork: Work<'tally' | 'end', CrowdTally, CrowdPlan> = {
  role: 'clients of bench serve',
  file: import.meta.url,
  measure(question, plan) {
    crowd ??= new Crowd(plan);
    return crowd.answer(question);
  },
};

class Crowd {
  readonly #plan: CrowdPlan;
  readonly #agent: Agent;
  readonly #running: Promise<void>[];
  readonly #late = monitorEventLoopDelay({ resolution: 1 });
  #chunks: [number, number, number][] = [];
  #counts = { answers: 0, textsWrong: 0, failed: 0, failure: null as string | null };
  #seed = 0;
  #ends = false;

  constructor(plan: CrowdPlan) {
    this.#plan = plan;
    // A new connection for each answer: an idle one may be closed by the endpoint just when it is used again.
    this.#agent = new Agent({ keepAlive: false, maxSockets: plan.clients });
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
      const parts = await readBytes(`${baseUrl}/chat/completions`, this.#agent, body);
      // Answers of one step of the edge end together: they are not all read at once, and the next ones are not all requested at once.
      await new Promise((resolve) => setTimeout(resolve, (seed * spreadStepMs) % spreadMs));
      let text = '';
      for (const { piece, atMs } of piecesOf(parts)) {
        text += piece;
        this.#chunks.push([seed, text.length, atMs]);
      }
      this.#counts.answers += 1;
      if (text !== texts[prompt]) this.#counts.textsWrong += 1;
    } catch (error) {
      this.#counts.failed += 1;
      this.#counts.failure = error instanceof Error ? error.message : String(error);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async answer(question: 'tally' | 'end'): Promise<CrowdTally> {
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

type NotedBytes = readonly (readonly [bytes: Buffer, atMs: number])[];

/** @throws Error for an answer that is not 200 or is cut off */
function readBytes(url: string, agent: Agent, body: object): Promise<NotedBytes> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      const parts: [Buffer, number][] = [];
      response.on('data', (bytes: Buffer) => parts.push([bytes, monotonicMs()]));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(parts);
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    asked.once('error', reject);
    asked.end(JSON.stringify(body));
  });
}

/** @throws Error for an answer that has failed in its middle, or has no end */
function piecesOf(parts: NotedBytes): { readonly piece: string; readonly atMs: number }[] {
  const reader = new ChunkReader();
  const pieces = parts.flatMap(([bytes, atMs]) =>
    reader.read(bytes).map((chunk) => {
      if (chunk.error !== undefined) throw new Error(chunk.error.message);
      return { piece: textOf(chunk), atMs };
    }),
  );
  if (!reader.isDone) throw new Error('the stream was cut off');
  return pieces.filter(({ piece }) => piece !== '');
}

serveWork(crowdWork);
