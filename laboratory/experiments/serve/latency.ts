// Time per token and first text of "bench serve": processes of edges and of the device's endpoint, real models, plain fetch.

import samplePrompts from '../../../simulator/files/sample-prompts.json' with { type: 'json' };
import type { Run, Unit } from '../../../simulator/runner/experiment.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { openLlamaTokenizer } from '../../../src/models/engines/llama-tokenizer.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import type { PacingCounts } from '../../../src/models/port/paced.ts';
import { strangersKey, streamChat } from '../../measuring/chat-stream.ts';
import { startDelayProxy } from '../../measuring/delay-proxy.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';

/**
 * Who is asked: the HTTP port of an edge without any drafts, of one with prompt look-up, of one with a draft model; or a device's endpoint.
 */
export const ways = ['ar', 'edge', 'edge-sd', 'device'] as const;
export type Way = (typeof ways)[number];

export interface WayText {
  readonly text: string;
  readonly tokens: number;
  /** From the request, ms. */
  readonly firstTextMs: number;
  /** Tokens behind the first piece of text, and the time from it to the last one, ms. */
  readonly decodedTokens: number;
  readonly decodeMs: number;
}

/** The answers to all prompts, one after the other. */
export interface WayRun {
  readonly texts: readonly WayText[];
  /** Share of the edge's steps that lasted longer than in the profile. */
  readonly overranShare: number;
  /** Runs before it that did not count. */
  readonly voidRuns: number;
}

/** Medians of the runs of a way to ask at one round trip. */
export interface LatencyRow {
  readonly what: 'latency';
  readonly way: Way;
  readonly roundTripMs: number;
  readonly runs: number;
  readonly texts: number;
  readonly textsWrong: number;
  readonly msPerToken: number;
  readonly msPerTokenLow: number;
  readonly msPerTokenHigh: number;
  readonly firstTextMs: number;
  /** The largest of the runs, see {@link WayRun}. */
  readonly overranShare: number;
  readonly voidRuns: number;
  /** Time per token over that of `ar` at the same round trip. */
  readonly overAr: number;
}

export interface LatencySettings {
  readonly target: string;
  readonly draft: string;
  readonly profile: string;
  readonly roundTripsMs: readonly number[];
  readonly prompts: number;
  readonly tokens: number;
  readonly repeats: number;
}

/** The texts of a way to ask at one round trip, one list for each run. */
export interface LatencyFound {
  readonly way: Way;
  readonly roundTripMs: number;
  readonly runs: readonly WayRun[];
}

interface Question {
  readonly model: string;
  readonly prompt: string;
  readonly tokens: number;
  readonly count: (text: string) => number;
}

/** A run in which the machine was too slow for more of the edge's steps is void, and written again; the last try counts. */
const mostOverran = 0.1;
const mostTries = 3;

function overran(before: PacingCounts | null | undefined, after: PacingCounts | null | undefined): number {
  if (before == null || after == null) return 0;
  return (after.overranSteps - before.overranSteps) / Math.max(1, after.steps - before.steps);
}

/** Prompts in the chat format; different kinds come first. */
const chatPrompts = samplePrompts.prompts.filter(({ form }) => form === 'chat');
const contextLength = 2048;

/** @returns for each way to ask and round trip */
export async function measureLatency(settings: LatencySettings, run: Run): Promise<readonly LatencyFound[]> {
  const { target, roundTripsMs, repeats, prompts: promptCount, tokens } = settings;
  if (roundTripsMs.length === 0) return [];
  const { path } = await acquireModel(target, { signal: run.signal });
  await using tokenizer = await openLlamaTokenizer(path);
  const count = (text: string): number => tokenizer.encode(text).length;
  const questions = chatPrompts
    .slice(0, promptCount)
    .map(({ text: prompt }): Question => ({ model: target, prompt, tokens, count }));
  const found: LatencyFound[] = [];
  await using running = new CloseStack();
  let edges: OpenEdges | undefined;
  for (const roundTripMs of roundTripsMs) {
    const keyOf = (way: Way, repeat: number): string => `${way} ${roundTripMs} ms ${repeat}`;
    const plan = Array.from({ length: repeats }, (_, repeat) => ways.map((way) => ({ way, repeat }))).flat();
    await using opened = new CloseStack();
    // Nothing starts where all runs are known.
    let open: { readonly edges: OpenEdges; readonly urls: Readonly<Record<Way, string>> } | undefined;
    if (!plan.every(({ way, repeat }) => run.has(keyOf(way, repeat)))) {
      edges ??= await startEdges(settings, running);
      open = { edges, urls: await openWays(edges, settings, roundTripMs, opened) };
      for (const way of ways) await write(open.urls[way], questions[0] as Question);
    }
    const units = plan.map(({ way, repeat }): Unit<WayRun> => {
      const measure = (): Promise<WayRun> =>
        writeRun(open?.urls[way] ?? '', open?.edges[way === 'device' ? 'edge' : way], questions);
      return { key: keyOf(way, repeat), measure };
    });
    const written = await run.all(`round trip ${roundTripMs} ms`, units);
    for (const way of ways)
      found.push({ way, roundTripMs, runs: written.filter((_, index) => plan[index]?.way === way) });
  }
  return found;
}

/** @param edge the one that writes */
async function writeRun(url: string, edge: ProbedEdge | undefined, questions: readonly Question[]): Promise<WayRun> {
  for (let tries = 1; ; tries++) {
    const before = await edge?.ask('pacing');
    const texts: WayText[] = [];
    for (const question of questions) texts.push(await write(url, question));
    const overranShare = overran(before, await edge?.ask('pacing'));
    if (overranShare <= mostOverran || tries === mostTries) return { texts, overranShare, voidRuns: tries - 1 };
  }
}

type OpenEdges = Readonly<Record<Exclude<Way, 'device'>, ProbedEdge>>;

/** One after the other: each measures its own steps at its start. */
async function startEdges({ target, draft, profile }: LatencySettings, opened: CloseStack): Promise<OpenEdges> {
  const start = async (...more: readonly string[]): Promise<ProbedEdge> => {
    const sizes = ['--context', String(contextLength), '--sessions', '3'];
    const edge = await startProbedEdge(['--model', target, '--profile', profile, ...sizes, ...more], () => {});
    opened.defer(async () => void (await edge.close()));
    return edge;
  };
  return { ar: await start('--look-up', '0'), edge: await start(), 'edge-sd': await start('--draft', draft) };
}

/** @returns where each way to ask is reached, at this distance */
async function openWays(
  edges: OpenEdges,
  { target, draft }: LatencySettings,
  roundTripMs: number,
  opened: CloseStack,
): Promise<Readonly<Record<Way, string>>> {
  const proxied = async ({ url }: ProbedEdge): Promise<string> => {
    const proxy = opened.use(await startDelayProxy(Number(new URL(url).port), roundTripMs));
    return `http://127.0.0.1:${proxy.port}/v1`;
  };
  const ar = await proxied(edges.ar);
  const edge = await proxied(edges.edge);
  const edgeSd = await proxied(edges['edge-sd']);
  const flags = ['--edge', edges.edge.url, '--target', target, '--draft', draft, '--rtt', String(roundTripMs)];
  const device = opened.use(await startServeProcess(flags)).baseUrl;
  return { ar, edge, 'edge-sd': edgeSd, device };
}

async function write(baseUrl: string, { model, prompt, tokens, count }: Question): Promise<WayText> {
  let first = '';
  let firstMs = 0;
  let lastMs = 0;
  const onText = (text: string): void => {
    lastMs = performance.now();
    if (first !== '') return;
    first = text;
    firstMs = lastMs;
  };
  const messages = [{ role: 'user', content: prompt }];
  const body = { model, messages, temperature: 0, max_tokens: tokens };
  // What an earlier run has left on the edge is no part of this one.
  const { text, firstTextMs, completionTokens } = await streamChat({ baseUrl, key: strangersKey(), body, onText });
  const decodedTokens = completionTokens - count(first);
  return { text, tokens: completionTokens, firstTextMs, decodedTokens, decodeMs: lastMs - firstMs };
}

/** A run's time per token is the time of all its texts over their tokens. Texts are compared with those of the first run of `ar`. */
export function latencyRows(found: readonly LatencyFound[]): LatencyRow[] {
  const reference = found.find(({ way }) => way === 'ar')?.runs[0]?.texts ?? [];
  const paceOf = (texts: readonly WayText[]): number =>
    texts.reduce((sum, { decodeMs }) => sum + decodeMs, 0) / texts.reduce((sum, one) => sum + one.decodedTokens, 0);
  const pacesOf = ({ runs }: LatencyFound): number[] => runs.map(({ texts }) => paceOf(texts));
  return found.map((one): LatencyRow => {
    const alone = found.find(({ way, roundTripMs }) => way === 'ar' && roundTripMs === one.roundTripMs) ?? one;
    const paces = pacesOf(one);
    const texts = one.runs.flatMap((run) => run.texts);
    return {
      what: 'latency',
      way: one.way,
      roundTripMs: one.roundTripMs,
      runs: one.runs.length,
      texts: texts.length,
      textsWrong: one.runs.flatMap((run) => run.texts.filter(({ text }, index) => text !== reference[index]?.text))
        .length,
      msPerToken: median(paces),
      msPerTokenLow: Math.min(...paces),
      msPerTokenHigh: Math.max(...paces),
      firstTextMs: median(texts.map(({ firstTextMs }) => firstTextMs)),
      overranShare: Math.max(...one.runs.map(({ overranShare }) => overranShare)),
      voidRuns: one.runs.reduce((sum, { voidRuns }) => sum + voidRuns, 0),
      overAr: median(paces) / median(pacesOf(alone)),
    };
  });
}
