// An agent of several turns with tools, over the endpoint of a device, with real models: how much of its prompts the edge evaluates, and how
// long each turn takes to begin. The same requests are made once more by a client of another key in each turn: it reuses nothing.

import type { Run, Unit } from '../../../simulator/runner/experiment.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { openLlamaTokenizer } from '../../../src/models/engines/llama-tokenizer.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import type { Tokenizer } from '../../../src/models/port/model.ts';
import { strangersKey } from '../../measuring/chat-stream.ts';
import { startProbedEdge } from '../../measuring/probe.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';
import { type AgentAnswer, askAsAgent } from './agent-stream.ts';
import { type AgentSaid, agentBody, agentTurns, messagesOf } from './agent-task.ts';

/** One turn of one run; tokens of the prompt. */
export interface AgentTurn {
  readonly promptTokens: number;
  /** Behind the longest common prefix with the text of the turn before. */
  readonly newTokens: number;
  /** Tokens of the answer before that are not in the prompt as they were written, since the chat template writes them otherwise. */
  readonly otherwiseTokens: number;
  /** By the edge's count. */
  readonly evaluatedTokens: number;
  /** By `usage`. */
  readonly cachedTokens: number;
  readonly answerTokens: number;
  /** From the request, ms; and of the client that reuses nothing. */
  readonly firstTokenMs: number;
  readonly coldFirstTokenMs: number;
  readonly coldCachedTokens: number;
  /** Whether both got the same. */
  readonly isEqual: boolean;
}

/** Medians of the runs of a turn. */
export interface AgentRow extends Omit<AgentTurn, 'isEqual'> {
  readonly what: 'agent';
  /** From 1. */
  readonly turn: number;
  readonly runs: number;
  readonly textsWrong: number;
}

export interface AgentSettings {
  readonly target: string;
  readonly draft: string;
  readonly profile: string;
  readonly repeats: number;
}

const contextLength = 2048;
const roundTripMs = 10;

/** @returns the turns of each run */
export async function measureAgent(settings: AgentSettings, run: Run): Promise<readonly (readonly AgentTurn[])[]> {
  const { target, draft, profile, repeats } = settings;
  const keyOf = (repeat: number): string => `agent ${repeat}`;
  const repeatsOf = Array.from({ length: repeats }, (_, repeat) => repeat);
  const measureAll = async (measure: () => Promise<readonly AgentTurn[]>) =>
    run.all(
      'agent',
      repeatsOf.map((repeat): Unit<readonly AgentTurn[]> => ({ key: keyOf(repeat), measure })),
    );
  if (repeatsOf.every((repeat) => run.has(keyOf(repeat)))) return measureAll(() => Promise.resolve([]));
  const { path } = await acquireModel(target, { signal: run.signal });
  await using tokenizer = await openLlamaTokenizer(path);
  const flags = ['--model', target, '--profile', profile, '--context', String(contextLength), '--sessions', '4'];
  const edge = await startProbedEdge(flags, () => {});
  try {
    const rtt = ['--rtt', String(roundTripMs)];
    await using served = await startServeProcess(['--edge', edge.url, '--target', target, '--draft', draft, ...rtt]);
    const { baseUrl } = served;
    const ask = (key: string, body: object): Promise<AgentAnswer> => askAsAgent({ baseUrl, key, body });
    const evaluated = (): Promise<number> => edge.ask('evaluatedPromptTokens');
    // Connections and code are warm, what it asks is not.
    await ask(strangersKey(), { model: target, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 8 });
    return await measureAll(() => agentRun({ model: target, tokenizer, ask, evaluated }));
  } finally {
    await edge.close();
  }
}

interface AgentPlace {
  readonly model: string;
  readonly tokenizer: Tokenizer;
  readonly ask: (key: string, body: object) => Promise<AgentAnswer>;
  readonly evaluated: () => Promise<number>;
}

async function agentRun({ model, tokenizer, ask, evaluated }: AgentPlace): Promise<readonly AgentTurn[]> {
  const key = strangersKey();
  const said: AgentSaid[] = [];
  const turns: AgentTurn[] = [];
  let before: { readonly prompt: readonly number[]; readonly answer: readonly Uint8Array[] } = {
    prompt: [],
    answer: [],
  };
  for (let turn = 0; turn < agentTurns; turn += 1) {
    const body = agentBody(model, said);
    const prompt = tokenizer.encodeChat(messagesOf(body));
    const shared = sharedLength(prompt, before, tokenizer);
    const evaluatedBefore = await evaluated();
    const warm = await ask(key, body);
    // The last token of a prompt is evaluated by the first step of the answer.
    const evaluatedTokens = (await evaluated()) - evaluatedBefore + 1;
    const cold = await ask(strangersKey(), body);
    turns.push({
      promptTokens: prompt.length,
      newTokens: prompt.length - shared,
      otherwiseTokens: Math.max(0, before.prompt.length + before.answer.length - shared),
      evaluatedTokens,
      cachedTokens: warm.cachedTokens,
      answerTokens: warm.tokens.length,
      firstTokenMs: warm.firstTokenMs,
      coldFirstTokenMs: cold.firstTokenMs,
      coldCachedTokens: cold.cachedTokens,
      isEqual: warm.text === cold.text && warm.promptTokens === prompt.length,
    });
    said.push(warm.said);
    before = { prompt, answer: warm.tokens };
  }
  return turns;
}

/** How many tokens of a prompt are the first ones of the prompt before and its answer. */
export function sharedLength(
  prompt: readonly number[],
  before: { readonly prompt: readonly number[]; readonly answer: readonly Uint8Array[] },
  tokenizer: Pick<Tokenizer, 'bytes'>,
): number {
  const isSame = (at: number): boolean => {
    const id = prompt[at] as number;
    const own = before.answer[at - before.prompt.length];
    return own === undefined ? id === before.prompt[at] : Buffer.from(tokenizer.bytes(id)).equals(own);
  };
  const most = Math.min(prompt.length, before.prompt.length + before.answer.length);
  let length = 0;
  while (length < most && isSame(length)) length += 1;
  return length;
}

export function agentRows(runs: readonly (readonly AgentTurn[])[]): AgentRow[] {
  return (runs[0] ?? []).map((_, index): AgentRow => {
    const turns = runs.map((turn) => turn[index] as AgentTurn);
    const of = (name: Exclude<keyof AgentTurn, 'isEqual'>): number => median(turns.map((turn) => turn[name]));
    return {
      what: 'agent',
      turn: index + 1,
      runs: runs.length,
      promptTokens: of('promptTokens'),
      newTokens: of('newTokens'),
      otherwiseTokens: of('otherwiseTokens'),
      evaluatedTokens: of('evaluatedTokens'),
      cachedTokens: of('cachedTokens'),
      answerTokens: of('answerTokens'),
      firstTokenMs: of('firstTokenMs'),
      coldFirstTokenMs: of('coldFirstTokenMs'),
      coldCachedTokens: of('coldCachedTokens'),
      textsWrong: turns.filter(({ isEqual }) => !isEqual).length,
    };
  });
}

export interface AgentFigures {
  readonly agentEvaluatedOverNew: number | null;
  readonly agentFirstTokenTurn6OverTurn1: number | null;
  readonly agentTokensOtherwise: number | null;
}

/** The figures of an agent, of its turns after the first; null: it was not measured. */
export function agentFigures(rows: readonly AgentRow[]): AgentFigures {
  const [first, ...later] = rows;
  const last = later.at(-1);
  if (first === undefined || last === undefined)
    return { agentEvaluatedOverNew: null, agentFirstTokenTurn6OverTurn1: null, agentTokensOtherwise: null };
  const sum = (of: (row: AgentRow) => number): number => later.reduce((total, row) => total + of(row), 0);
  return {
    agentEvaluatedOverNew: sum(({ evaluatedTokens }) => evaluatedTokens) / sum(({ newTokens }) => newTokens),
    agentFirstTokenTurn6OverTurn1: last.firstTokenMs / first.firstTokenMs,
    agentTokensOtherwise: sum(({ otherwiseTokens }) => otherwiseTokens),
  };
}
