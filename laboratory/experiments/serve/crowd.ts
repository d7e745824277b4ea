// Many streaming clients at the endpoint of a device: the texts, the memory of the process that serves them, and how long a text takes from the
// device's turn through HTTP to the client. The endpoint is in this process, the clients are in a thread, the edge is a process of its own.

import { setTimeout as sleep } from 'node:timers/promises';
import type { OnProgress } from '../../../simulator/runner/experiment.ts';
import { WorkerPool } from '../../../simulator/runner/worker-pool.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { streamChat } from '../../measuring/chat-stream.ts';
import { heldBytes } from '../../measuring/held-memory.ts';
import { type CrowdTally, crowdWork, monotonicMs } from './crowd-clients.ts';
import { openEndpoint, toyName } from './endpoint.ts';

export interface CrowdRow {
  readonly what: 'crowd';
  readonly clients: number;
  readonly seconds: number;
  readonly answers: number;
  readonly chunks: number;
  readonly textsWrong: number;
  readonly failed: number;
  readonly memoryGrowthMb: number;
  /** From the text in the device to the chunk at the client, ms. */
  readonly addedDelayP50Ms: number;
  readonly addedDelayP99Ms: number;
  readonly addedDelayMaxMs: number;
  /** How late the clients' own thread was, 99 in 100 timers at most, ms. */
  readonly clientsLateP99Ms: number;
}

const answerTokens = 64;
const promptCount = 16;
const tallyEveryMs = 1000;
/** So many seconds after the last client has begun, the memory is taken for the first time. */
const settleMs = 3000;

export async function measureCrowd(
  { clients, seconds }: Pick<CrowdRow, 'clients' | 'seconds'>,
  profile: string,
  { onProgress, signal }: { readonly onProgress: OnProgress; readonly signal: AbortSignal },
): Promise<CrowdRow> {
  const flags = ['--model', toyName, '--profile', profile, '--context', '1024', '--sessions', String(clients + 1)];
  const edge = await startEdgeProcess(flags, () => {});
  try {
    const sent = new SentTexts();
    await using endpoint = await openEndpoint(edge.url, true, (seed, length) =>
      sent.note(Number(seed), length, monotonicMs()),
    );
    const prompts = Array.from(
      { length: promptCount },
      (_, index) => `Question ${index}: what is on page ${17 * index}?`,
    );
    const texts: string[] = [];
    // By the edge itself: the target's own.
    const own = `${edge.url.replace('ws:', 'http:')}/v1`;
    for (const content of prompts) texts.push(await textOf(own, content));
    const startMs = Math.min(5000, 20 * clients);
    const { baseUrl } = endpoint;
    const plan = { baseUrl, model: toyName, clients, tokens: answerTokens, prompts, texts, startMs };
    // A pool of one would run in this thread. One question at a time starts one thread.
    await using crowd = new WorkerPool(crowdWork, plan, 2);
    const counts = { answers: 0, textsWrong: 0, failed: 0, chunks: 0 };
    const delaysMs: number[] = [];
    let clientsLateP99Ms = 0;
    const take = ({ chunks, answers, textsWrong, failed, failure, lateP99Ms }: CrowdTally): void => {
      clientsLateP99Ms = lateP99Ms;
      counts.answers += answers;
      counts.textsWrong += textsWrong;
      counts.failed += failed;
      counts.chunks += chunks.length;
      if (failure !== null) onProgress(`failed: ${failure}`, counts.failed, counts.failed);
      for (const [seed, length, atMs] of chunks) {
        const delayMs = sent.delayOf(seed, length, atMs);
        if (delayMs !== undefined) delaysMs.push(delayMs);
      }
    };
    take(await crowd.measure('tally'));
    await sleep(startMs + settleMs, undefined, { signal });
    take(await crowd.measure('tally'));
    const before = heldBytes();
    delaysMs.length = 0;
    const untilMs = monotonicMs() + seconds * 1000;
    for (let leftMs = seconds * 1000; leftMs > 0; leftMs = untilMs - monotonicMs()) {
      await sleep(Math.min(tallyEveryMs, leftMs), undefined, { signal });
      take(await crowd.measure('tally'));
      onProgress('clients', Math.round(seconds - Math.max(0, leftMs) / 1000), seconds);
    }
    const memoryGrowthMb = (heldBytes() - before - 8 * delaysMs.length) / 1e6;
    take(await crowd.measure('end'));
    return {
      what: 'crowd',
      clients,
      seconds,
      ...counts,
      memoryGrowthMb,
      addedDelayP50Ms: quantile(delaysMs, 0.5),
      addedDelayP99Ms: quantile(delaysMs, 0.99),
      clientsLateP99Ms,
      addedDelayMaxMs: delaysMs.reduce((most, one) => Math.max(most, one), 0),
    };
  } finally {
    await edge.close();
  }
}

async function textOf(baseUrl: string, content: string): Promise<string> {
  const body = { model: toyName, messages: [{ role: 'user', content }], temperature: 0, max_tokens: answerTokens };
  return (await streamChat({ baseUrl, body })).text;
}

/** When the device had each text, until its chunk has come. */
class SentTexts {
  readonly #bySeed = new Map<number, [length: number, atMs: number][]>();

  note(seed: number, length: number, atMs: number): void {
    const known = this.#bySeed.get(seed);
    if (known === undefined) this.#bySeed.set(seed, [[length, atMs]]);
    else known.push([length, atMs]);
  }

  /** Chunks of a request come in order. Undefined: the text was not noted. */
  delayOf(seed: number, length: number, atMs: number): number | undefined {
    const sent = this.#bySeed.get(seed) ?? [];
    const index = sent.findIndex(([sentLength]) => sentLength >= length);
    const found = sent[index];
    if (found === undefined) return undefined;
    sent.splice(0, index + 1);
    // Requests of long ago are over.
    if (sent.length === 0) this.#bySeed.delete(seed);
    return atMs - found[1];
  }
}
