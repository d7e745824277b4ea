// Real models in virtual time. The virtual world can't wait for a model, so every answer comes from a memo. When the memo lacks an answer,
// the world is discarded, the model gives the answer, and the world starts again. The same question has the same answer, so nothing else
// changes.

import {
  runSourceSession,
  type SessionConditions,
  type SessionResult,
  type SessionSource,
} from '../../../simulator/virtual-time/run-session.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { createEnding } from '../../../src/core/decoding/ending.ts';
import { LookUp, leastLookUpChance } from '../../../src/core/decoding/look-up.ts';
import { type Draft, ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { PrefixSequence } from '../../../src/models/port/prefix-sequence.ts';

export type LiveTurn = Omit<SessionSource['turn'], 'endIds'>;

class Unanswered extends Error {
  readonly model: 'target' | 'draft';
  readonly text: readonly number[];

  constructor(model: Unanswered['model'], text: readonly number[]) {
    super(`the ${model} has not been asked yet`);
    this.model = model;
    this.text = text;
  }
}

/** One prompt and one sampling; any number of sessions. */
export class LiveModels implements AsyncDisposable {
  readonly #target: LanguageModel;
  readonly #turn: LiveTurn;
  readonly #reader: PrefixSequence;
  readonly #drafter: ModelDrafter;
  readonly #rows = new Map<string, Candidates>();
  readonly #drafts = new Map<string, Draft | null>();

  constructor(target: LanguageModel, draft: LanguageModel, turn: LiveTurn) {
    this.#target = target;
    this.#turn = turn;
    this.#reader = new PrefixSequence(target);
    this.#drafter = new ModelDrafter(draft);
  }

  /** Questions that models have answered. */
  get answerCount(): number {
    return this.#rows.size + this.#drafts.size;
  }

  async run(conditions: SessionConditions): Promise<SessionResult> {
    for (;;) {
      try {
        return runSourceSession(conditions, this.#source());
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        await this.#answer(error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.release();
    await this.#drafter[Symbol.asyncDispose]();
  }

  async #answer({ model, text }: Unanswered): Promise<void> {
    const { prompt, sampling } = this.#turn;
    if (model === 'target') this.#rows.set(this.#keyOf(text), await this.#reader.follow(text));
    else
      this.#drafts.set(this.#keyOf(text), await this.#drafter.draft({ text, promptLength: prompt.length, sampling }));
  }

  #keyOf(text: readonly number[]): string {
    return text.slice(this.#turn.prompt.length).join(' ');
  }

  #recall<Answer>(model: Unanswered['model'], answers: ReadonlyMap<string, Answer>, text: readonly number[]): Answer {
    const answer = answers.get(this.#keyOf(text));
    if (answer === undefined) throw new Unanswered(model, text);
    return answer;
  }

  #draftAfter(text: readonly number[]): Draft | null {
    return this.#recall('draft', this.#drafts, text);
  }

  #source(): SessionSource {
    const { tokenizer } = this.#target;
    const { prompt, sampling, maxAnswerTokens } = this.#turn;
    const { endIds } = tokenizer;
    const rule = { endIds, stopStrings: [], maxAnswerTokens };
    return {
      turn: { prompt, sampling, endIds, maxAnswerTokens },
      target: {
        vocabularySize: tokenizer.vocabularySize,
        endIds,
        contextLength: prompt.length + maxAnswerTokens + 1,
        ending: () => createEnding(rule, tokenizer.bytes),
        rows: ({ text }, drafts) =>
          [...drafts, 0].map((_, index) =>
            lazyRow(() => this.#recall('target', this.#rows, [...text.slice(0), ...drafts.slice(0, index)])),
          ),
      },
      drafter: { draft: ({ text, tail }) => this.#draftAfter([...text.slice(0), ...tail]) },
      edgeDrafter: {
        next: ({ text }, drafts) => {
          const believed = [...text.slice(0), ...drafts];
          return endIds.has(believed.at(-1) as number) ? null : this.#draftAfter(believed);
        },
      },
      lookUp: {
        lookUp: ({ text }, count) => {
          const lookUp = new LookUp();
          lookUp.follow(text.slice(0), prompt.length, text.length);
          return lookUp.draft(count, leastLookUpChance);
        },
      },
    };
  }
}

/** A row that is worked out when the edge's machine reads it: rows behind a wrong draft never are. */
function lazyRow(read: () => Candidates): Candidates {
  let known: Candidates | undefined;
  const row = (): Candidates => {
    known ??= read();
    return known;
  };
  return {
    get ids() {
      return row().ids;
    },
    get logits() {
      return row().logits;
    },
  };
}
