// What a prompt costs the readers of an edge, and the readers the prompt: each has a key of its own, with an equal share. Real models on the
// edge's own HTTP port, without pacing.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../../../simulator/runner/experiment.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { addKeyTo } from '../../../src/files/key-files.ts';
import { streamChat } from '../../measuring/chat-stream.ts';
import { startProbedEdge } from '../../measuring/probe.ts';

export interface BesideSettings {
  readonly target: string;
  /** Engine of the edge; undefined: llama.cpp. */
  readonly engine: string | undefined;
  readonly readers: readonly number[];
  readonly promptTokens: readonly number[];
  readonly repeats: number;
}

/** A text of a reader: when it was asked for, and when each of its pieces came, ms of one clock. */
interface ReaderTurn {
  readonly askedMs: number;
  readonly piecesMs: readonly number[];
}

export interface BesideRun {
  readonly readers: number;
  readonly promptTokens: number;
  /** From the request for the prompt's first token to that token, ms: without readers, and beside them. */
  readonly promptAloneMs: number;
  readonly promptMs: number;
  /** The same figures of the readers, before the prompt and while it was evaluated. */
  readonly msPerTokenAlone: number;
  readonly msPerToken: number;
  readonly firstTokenMsAlone: number;
  readonly firstTokenMs: number;
}

/** Medians of the runs. */
export interface BesideRow extends BesideRun {
  readonly what: 'beside';
  readonly runs: number;
  readonly msPerTokenOverAlone: number;
  readonly firstTokenOverAlone: number;
  /** Time of the prompt over what its share gives: with k keys at work, k times its time alone. */
  readonly promptOverFairShare: number;
}

const readerTokens = 24;
const aloneSeconds = 8;

export async function measureBeside(settings: BesideSettings, run: Run): Promise<readonly BesideRun[]> {
  const { readers, promptTokens, repeats } = settings;
  const plan = Array.from({ length: repeats }, (_, repeat) => repeat).flatMap((repeat) =>
    promptTokens.flatMap((tokens) => readers.map((count) => ({ tokens, count, repeat }))),
  );
  const keyOf = ({ tokens, count, repeat }: (typeof plan)[number]): string => `${count} beside ${tokens} ${repeat}`;
  await using opened = new CloseStack();
  let place: BesidePlace | undefined;
  if (!plan.every((one) => run.has(keyOf(one)))) place = await openPlace(settings, opened);
  return await run.all(
    'prompts beside readers',
    plan.map((one, unit) => ({
      key: keyOf(one),
      measure: () => measureOne(place as BesidePlace, one.count, one.tokens, unit + 1),
    })),
  );
}

interface BesidePlace {
  readonly baseUrl: string;
  readonly model: string;
  /** The prompt's first, then those of the readers. */
  readonly keys: readonly string[];
}

async function openPlace({ target, engine, readers }: BesideSettings, opened: CloseStack): Promise<BesidePlace> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-beside-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'keys.json');
  const keys: string[] = [];
  const count = 1 + Math.max(...readers);
  for (let number = 0; number < count; number += 1) {
    const limits = { expires: null, share: 1, maxSessions: null, maxWaiting: null };
    const made = await addKeyTo(file, { name: `reader ${number}`, scopes: ['chat'], ...limits }, Date.now());
    keys.push(made.key);
  }
  const sizes = ['--context', '2560', '--sessions', String(count + 1), '--look-up', '0'];
  if (engine !== undefined) sizes.push('--engine', engine);
  const edge = await startProbedEdge(['--model', target, '--keys', file, ...sizes], () => {});
  opened.defer(async () => void (await edge.close()));
  const baseUrl = `${edge.url.replace('ws', 'http')}/v1`;
  // The name that another engine serves it by.
  const response = await fetch(`${baseUrl}/models`, { headers: { authorization: `Bearer ${keys[0]}` } });
  const { data } = (await response.json()) as { readonly data: readonly { readonly id: string }[] };
  return { baseUrl, model: data[0]?.id ?? target, keys };
}

async function measureOne(place: BesidePlace, readers: number, tokens: number, unit: number): Promise<BesideRun> {
  const promptAloneMs = await readPrompt(place, tokens, 2 * unit);
  const turns: ReaderTurn[] = [];
  let isOver = false;
  const running = Promise.all(
    place.keys.slice(1, 1 + readers).map(async (key, number) => {
      while (!isOver) turns.push(await readTurn(place, key, number));
    }),
  );
  // A failure is thrown below, once the prompt has ended.
  running.catch(() => {});
  // Their prompts are evaluated now, and their first turns are no part of it.
  await pause(2);
  const startMs = performance.now();
  await pause(aloneSeconds);
  const promptStartMs = performance.now();
  const promptMs = await readPrompt(place, tokens, 2 * unit + 1);
  const endMs = performance.now();
  isOver = true;
  await running;
  const alone = figuresOf(turns, startMs, promptStartMs);
  const beside = figuresOf(turns, promptStartMs, endMs);
  return {
    readers,
    promptTokens: tokens,
    promptAloneMs,
    promptMs,
    msPerTokenAlone: alone.msPerToken,
    msPerToken: beside.msPerToken,
    firstTokenMsAlone: alone.firstTokenMs,
    firstTokenMs: beside.firstTokenMs,
  };
}

/** Mean of the pauses between pieces, and median of the times to a first token, as far as they lie within this time. */
export function figuresOf(
  turns: readonly ReaderTurn[],
  fromMs: number,
  toMs: number,
): { readonly msPerToken: number; readonly firstTokenMs: number } {
  const isWithin = (ms: number): boolean => ms >= fromMs && ms <= toMs;
  const pauses = turns.flatMap(({ piecesMs }) =>
    piecesMs.slice(1).flatMap((ms, index) => (isWithin(ms) ? [ms - (piecesMs[index] as number)] : [])),
  );
  const firsts = turns.flatMap(({ askedMs, piecesMs: [first] }) =>
    first !== undefined && isWithin(askedMs) && isWithin(first) ? [first - askedMs] : [],
  );
  return { msPerToken: pauses.reduce((sum, ms) => sum + ms, 0) / pauses.length, firstTokenMs: median(firsts) };
}

/** A prompt that the edge has not read before. @returns time to its first token, ms */
async function readPrompt({ baseUrl, model, keys }: BesidePlace, tokens: number, number: number): Promise<number> {
  // One token each, with the space before it.
  const words = ['red', 'blue', 'green', 'white', 'black'];
  const text = Array.from({ length: tokens }, (_, index) => words[(index * number + Math.floor(index / 7)) % 5]);
  const body = { model, messages: [{ role: 'user', content: `${number}: ${text.join(' ')}` }], max_tokens: 1 };
  return (await streamChat({ baseUrl, key: keys[0] as string, body })).ms;
}

/** A reader repeats its prompt, which the edge has evaluated: its first token needs one row. */
async function readTurn({ baseUrl, model }: BesidePlace, key: string, number: number): Promise<ReaderTurn> {
  const askedMs = performance.now();
  const piecesMs: number[] = [];
  const messages = [{ role: 'user', content: `Tell a long story about the number ${number}.` }];
  const body = { model, messages, temperature: 0, max_tokens: readerTokens };
  await streamChat({ baseUrl, key, body, onText: () => void piecesMs.push(performance.now()) });
  return { askedMs, piecesMs };
}

async function pause(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

export function besideRows(runs: readonly BesideRun[]): BesideRow[] {
  const cases = new Map<string, BesideRun[]>();
  for (const one of runs) {
    const name = `${one.readers} ${one.promptTokens}`;
    cases.set(name, [...(cases.get(name) ?? []), one]);
  }
  return [...cases.values()].map((own): BesideRow => {
    const of = (value: (one: BesideRun) => number): number => median(own.map(value));
    const { readers, promptTokens } = own[0] as BesideRun;
    return {
      what: 'beside',
      readers,
      promptTokens,
      runs: own.length,
      promptAloneMs: of((one) => one.promptAloneMs),
      promptMs: of((one) => one.promptMs),
      msPerTokenAlone: of((one) => one.msPerTokenAlone),
      msPerToken: of((one) => one.msPerToken),
      firstTokenMsAlone: of((one) => one.firstTokenMsAlone),
      firstTokenMs: of((one) => one.firstTokenMs),
      msPerTokenOverAlone: of((one) => one.msPerToken / one.msPerTokenAlone),
      firstTokenOverAlone: of((one) => one.firstTokenMs / one.firstTokenMsAlone),
      promptOverFairShare: of((one) => one.promptMs / ((readers + 1) * one.promptAloneMs)),
    };
  });
}

type BesideFigure = 'promptBesideReadersWorst' | 'promptBesideFirstTokenWorst' | 'promptOverFairShare';

/** The worst of all cases; null: none was measured. */
export function besideFigures(rows: readonly BesideRow[]): Readonly<Record<BesideFigure, number | null>> {
  const worst = (of: (row: BesideRow) => number): number | null =>
    rows.length === 0 ? null : Math.max(...rows.map(of));
  return {
    promptBesideReadersWorst: worst((row) => row.msPerTokenOverAlone),
    promptBesideFirstTokenWorst: worst((row) => row.firstTokenOverAlone),
    promptOverFairShare: worst((row) => row.promptOverFairShare),
  };
}
