// An honest reader of a toy target: it asks for one answer after the other, and compares each text with the one that the toy writes alone.

import { neutralSampling, type Sampling } from '../../src/core/decoding/sampling.ts';
import { writeToyText } from '../../src/models/port/toy-text.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';

/** A prompt, and the text that the toy writes alone. */
export interface ToyTask {
  readonly prompt: readonly number[];
  readonly sampling: Sampling;
  readonly reference: readonly number[];
}

export async function toyTask(
  toySeed: number,
  prompt: readonly number[],
  answerTokens: number,
  sampling: Sampling = neutralSampling,
): Promise<ToyTask> {
  return { prompt, sampling, reference: await writeToyText(toySeed, prompt, sampling, answerTokens) };
}

/** @returns tasks with greedy texts, in the order of the prompts */
export function toyTasks(
  toySeed: number,
  prompts: readonly (readonly number[])[],
  answerTokens: number,
): Promise<readonly ToyTask[]> {
  return Promise.all(prompts.map((prompt) => toyTask(toySeed, prompt, answerTokens)));
}

/** Token ids for a prompt, one after the other. */
export function ids(count: number, from = 1000): number[] {
  return Array.from({ length: count }, (_, index) => from + (index % 4000));
}

export function isPrefix(tokens: readonly number[], reference: readonly number[]): boolean {
  return tokens.every((id, index) => id === reference[index]);
}

export function sameText(tokens: readonly number[], reference: readonly number[] | undefined): boolean {
  return tokens.length === reference?.length && isPrefix(tokens, reference);
}

/** An answer that has ended. Times in ms on the clock of the process. */
export interface ReadAnswer {
  readonly report: TurnReport;
  readonly startMs: number;
  readonly endMs: number;
  /** Its tokens are the first ones of the reference. */
  readonly isPrefix: boolean;
  /** It has ended with the whole text. */
  readonly isRight: boolean;
  /** How it ended, in words. */
  readonly end: string;
}

export async function readTask(
  { prompt, sampling, reference }: ToyTask,
  options: Omit<TurnOptions, 'prompt' | 'sampling'>,
): Promise<ReadAnswer> {
  const startMs = performance.now();
  const report = await startTurn({ maxAnswerTokens: reference.length, ...options, prompt, sampling }).report;
  const { outcome, tokens } = report;
  return {
    report,
    startMs,
    endMs: performance.now(),
    isPrefix: isPrefix(tokens, reference),
    isRight: outcome.kind === 'ended' && sameText(tokens, reference),
    end: outcome.kind === 'failed' ? `${outcome.code}, ${outcome.cause}` : outcome.kind,
  };
}

/** Asks again as soon as an answer has ended, until the signal aborts. @param first the task that it begins with */
export async function closedLoop<Task>(
  tasks: readonly Task[],
  first: number,
  until: AbortSignal,
  ask: (task: Task) => Promise<void>,
): Promise<void> {
  for (let turn = first; !until.aborted; turn += 1) await ask(tasks[turn % tasks.length] as Task);
}
