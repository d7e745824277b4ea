// The logprobs of a session's prompt: what a step finds of them, what is sent, and when a text without an answer ends. Part of the edge's
// pure state machine.

import { OutriderError } from '../../basics/errors.ts';
import { invariant } from '../../basics/invariant.ts';
import type { Candidates, RowAsk } from '../../decoding/candidates.ts';
import { askedLogprobs } from '../../decoding/logprobs.ts';
import { limits } from '../wire/limits.ts';
import type { EdgeEffect, EdgeEvent, EdgeState, PromptPart, PromptScores } from './edge-state.ts';

/** Tokens of a step that finds logprobs: an engine holds the logits of a whole vocabulary for each. */
const mostScoredTokens = 64;

/** Whether logprobs of the prompt have yet to be found. */
export function isScoring({ open, promptScores }: EdgeState): boolean {
  return promptScores !== null && promptScores.readTokens < open.prompt.length - 1;
}

/** Most leading tokens of the text that need no evaluation: a step evaluates the last one again, and logprobs need the rows of a prompt. */
export function mostHeldTokens(state: EdgeState): number {
  const most = state.text.length - 1;
  return isScoring(state) ? Math.min(most, state.promptScores?.readTokens ?? most) : most;
}

/** How many of `left` tokens a step may evaluate. */
export function mostPromptTokens(state: EdgeState, left: number): number {
  return isScoring(state) ? Math.min(left, mostScoredTokens) : left;
}

/** What a step finds that evaluates `count` tokens from `heldTokens` on; null: no logprobs. */
export function promptPart(state: EdgeState, heldTokens: number, count: number): PromptPart | null {
  const { open, incarnation, generation, text } = state;
  if (!isScoring(state) || open.promptLogprobs === undefined) return null;
  const first = heldTokens + 1;
  const ids = text.slice(first, Math.min(first + count, open.prompt.length));
  return { incarnation, generation, first, ids, topCount: open.promptLogprobs };
}

/** What the rows of such a step are asked for. */
export function promptAsks({ ids }: PromptPart): RowAsk[] {
  return ids.map((id) => ({ normalises: true, logitOf: id }));
}

/** @param rows after each token of the step @throws OutriderError `bad-argument` if their engine can't give what they were asked for */
export function promptScored(
  { incarnation, generation, first, ids, topCount }: PromptPart,
  rows: readonly Candidates[],
): Extract<EdgeEvent, { kind: 'prompt-scored' }> {
  const logprobs = ids.map((_, index) => {
    const row = rows[index];
    const found = row === undefined ? null : askedLogprobs(row, topCount);
    if (found !== null) return found;
    const cause = "the engine of this edge gives no log-probabilities of a prompt's tokens";
    throw new OutriderError('bad-argument', cause, 'ask another edge, or leave them out');
  });
  return { kind: 'prompt-scored', incarnation, generation, first, logprobs };
}

/** Logprobs of the prompt wait for the connection: nothing more is evaluated meanwhile, so that they never become many. */
export function isUnsent({ promptScores }: EdgeState): boolean {
  return promptScores !== null && promptScores.unsent.length > 0;
}

export const nothingRead: PromptScores = { readTokens: 0, unsent: [] };

/** A text without an answer is complete as soon as its prompt was read. */
export function endOfPrompt(state: EdgeState): EdgeState {
  const isComplete = state.end === null && state.open.maxAnswerTokens === 0 && !isScoring(state);
  return isComplete ? { ...state, end: 'length' } : state;
}

/** A place may have been lost in the middle of the prompt, which is then read again from an earlier position. */
export function takeScores(
  state: EdgeState,
  { incarnation, generation, first, logprobs }: Extract<EdgeEvent, { kind: 'prompt-scored' }>,
): EdgeState {
  const { promptScores } = state;
  if (promptScores === null || incarnation !== state.incarnation || generation !== state.generation) return state;
  const { readTokens, unsent } = promptScores;
  invariant(first <= readTokens + 1, 'logprobs of a prompt with a gap');
  const fresh = logprobs.slice(readTokens + 1 - first);
  const read = { readTokens: readTokens + fresh.length, unsent: [...unsent, ...fresh] };
  return endOfPrompt({ ...state, promptScores: read });
}

export function flushScores(state: EdgeState, effects: EdgeEffect[]): EdgeState {
  const { link, promptScores } = state;
  if (link === null || !link.writable || promptScores === null || promptScores.unsent.length === 0) return state;
  const { readTokens, unsent } = promptScores;
  const start = readTokens - unsent.length + 1;
  for (let at = 0; at < unsent.length; at += limits.promptScores) {
    const logprobs = unsent.slice(at, at + limits.promptScores);
    effects.push({ kind: 'send', link: link.id, message: { kind: 'prompt-scored', first: start + at, logprobs } });
  }
  return { ...state, promptScores: { readTokens, unsent: [] } };
}
