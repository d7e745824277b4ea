// Records traces: the target writes its own text step by step, then the draft model reads that text and is asked at every position.
// Where its token is wrong it continues alone for a few tokens, as a device does before it learns of the rejection.

import { OutriderError } from '../../src/core/basics/errors.ts';
import { invariant } from '../../src/core/basics/invariant.ts';
import type { Candidates } from '../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../src/core/decoding/choose-token.ts';
import { confidenceUnits } from '../../src/core/decoding/confidence.ts';
import type { Sampling } from '../../src/core/decoding/sampling.ts';
import { penaltiesActive, RunningCounts } from '../../src/core/decoding/token-counts.ts';
import { type Draft, draftFrom } from '../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { PrefixSequence } from '../../src/models/port/prefix-sequence.ts';
import { type RecordedDraft, type TraceHeader, type TraceSession, TraceSessionBuilder } from './trace.ts';

export interface TraceRecipe {
  readonly sampling: Sampling;
  /** Length of an answer that does not end before. */
  readonly answerTokens: number;
  /** Length of a wrong chain, its first token included. */
  readonly wrongDepth: number;
}

export interface TracePrompt {
  readonly id: string;
  readonly task: string;
  readonly ids: readonly number[];
}

export interface RecordHelp {
  /** Called with the number of answer tokens as the target writes them. */
  readonly onToken?: (count: number) => void;
  /** The target's text, if known. */
  readonly answer?: readonly number[] | undefined;
}

/** Uses a sequence of each model. One recording at a time. */
export class TraceRecorder implements AsyncDisposable {
  readonly #target: LanguageModel;
  readonly #draft: LanguageModel;
  readonly #recipe: TraceRecipe;
  readonly #targetSequence: PrefixSequence;
  readonly #draftSequence: PrefixSequence;

  /** The caller keeps the models. @throws OutriderError `tokenizer-mismatch`; `edge-full` when a model has no sequence left */
  constructor(target: LanguageModel, draft: LanguageModel, recipe: TraceRecipe) {
    if (target.tokenizer.hash !== draft.tokenizer.hash) {
      const cause = `${draft.identity.name} has another tokenizer than ${target.identity.name}`;
      throw new OutriderError('tokenizer-mismatch', cause, 'use a draft that was made for this target');
    }
    this.#target = target;
    this.#draft = draft;
    this.#recipe = recipe;
    this.#targetSequence = new PrefixSequence(target);
    this.#draftSequence = new PrefixSequence(draft);
  }

  /** All fields of a header that follow from models and recipe. */
  get header(): Omit<TraceHeader, 'source' | 'licence'> {
    const { hash: tokenizerHash, vocabularySize, endIds } = this.#target.tokenizer;
    return {
      target: { name: this.#target.identity.name, fingerprint: this.#target.identity.fingerprint },
      draft: { name: this.#draft.identity.name, fingerprint: this.#draft.identity.fingerprint },
      tokenizerHash,
      vocabularySize,
      endIds: [...endIds].toSorted((one, other) => one - other),
      hasRunnerUps: true,
      ...this.#recipe,
    };
  }

  /** Limit of prompt tokens. */
  get longestPrompt(): number {
    const { answerTokens, wrongDepth } = this.#recipe;
    return Math.min(this.#target.limits.contextLength, this.#draft.limits.contextLength) - answerTokens - wrongDepth;
  }

  async record({ id, task, ids: prompt }: TracePrompt, given: RecordHelp = {}): Promise<TraceSession> {
    invariant(prompt.length > 0 && prompt.length <= this.longestPrompt, `a prompt of ${prompt.length} tokens`);
    const { answer = await this.#write(prompt, given.onToken) } = given;
    given.onToken?.(answer.length);
    const drafts = await this.#draftEachPosition(prompt, answer);
    const chains = new Map<number, readonly RecordedDraft[]>();
    // From the last position to the first, so that the text before a chain stays in the sequence.
    for (let position = answer.length - 1; position >= 0; position -= 1) {
      const first = drafts[position];
      if (first === undefined || first?.token === answer[position]) continue;
      chains.set(position, first === null ? [] : await this.#continueAfter(prompt, answer.slice(0, position), first));
    }
    const builder = new TraceSessionBuilder();
    for (const [position, first] of drafts.entries()) {
      const chain = chains.get(position);
      if (chain !== undefined) builder.addWrong(chain);
      else if (first !== null) {
        const { units, runnerUp } = recorded(first);
        builder.addRight(units, runnerUp);
      }
    }
    return builder.build({ id, task, prompt, answer });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#targetSequence.release();
    await this.#draftSequence.release();
  }

  async #write(prompt: readonly number[], onToken?: (count: number) => void): Promise<number[]> {
    const { sampling, answerTokens } = this.#recipe;
    const { endIds } = this.#target.tokenizer;
    await this.#targetSequence.truncate(0);
    const counts = penaltiesActive(sampling) ? new RunningCounts() : undefined;
    const answer: number[] = [];
    let [row] = await this.#targetSequence.append(prompt, 1);
    for (;;) {
      const id = chooseToken(row as Candidates, sampling, counts, prompt.length + answer.length);
      answer.push(id);
      counts?.push(id);
      onToken?.(answer.length);
      if (endIds.has(id) || answer.length === answerTokens) return answer;
      [row] = await this.#targetSequence.append([id], 1);
    }
  }

  /** The draft at each position of the answer, given the true text before it. */
  async #draftEachPosition(prompt: readonly number[], answer: readonly number[]) {
    const { sampling } = this.#recipe;
    await this.#draftSequence.truncate(0);
    const text = [...prompt, ...answer.slice(0, -1)];
    const rows = await this.#draftSequence.append(text, answer.length);
    const counts = penaltiesActive(sampling) ? new RunningCounts() : undefined;
    return answer.map((id, position) => {
      const draft = draftFrom(rows[position] as Candidates, sampling, counts, prompt.length + position);
      counts?.push(id);
      return draft;
    });
  }

  /** The draft model alone, after a wrong first token; shorter than the depth if it has no draft, or ends the text. */
  async #continueAfter(prompt: readonly number[], before: readonly number[], first: Draft) {
    const { sampling, wrongDepth } = this.#recipe;
    await this.#draftSequence.truncate(prompt.length + before.length);
    const counts = penaltiesActive(sampling) ? new RunningCounts(before) : undefined;
    const chain: RecordedDraft[] = [];
    let position = prompt.length + before.length;
    let draft: Draft | null = first;
    while (draft !== null) {
      chain.push(recorded(draft));
      if (chain.length === wrongDepth || this.#draft.tokenizer.endIds.has(draft.token)) break;
      counts?.push(draft.token);
      position += 1;
      const [row] = await this.#draftSequence.append([draft.token], 1);
      draft = draftFrom(row as Candidates, sampling, counts, position);
    }
    return chain;
  }
}

function recorded({ runnerUp, ...draft }: Draft): RecordedDraft {
  return { ...unitsOf(draft), runnerUp: runnerUp === undefined ? null : unitsOf(runnerUp) };
}

function unitsOf({ token, confidence }: { readonly token: number; readonly confidence: number }) {
  return { token, units: confidenceUnits(confidence) };
}
