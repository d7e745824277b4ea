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
import { withoutWork } from '../../../src/core/protocol/wire/draft-order.ts';
import { type Draft, ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { PrefixSequence } from '../../../src/models/port/prefix-sequence.ts';

export type LiveTurn = Omit<SessionSource['turn'], 'endIds'>;

class Unanswered extends Error {
  /** Adds the answer to the memo. */
  readonly answer: () => Promise<void>;

  constructor(answer: () => Promise<void>) {
    super('the model has not been asked yet');
    this.answer = answer;
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
        await error.answer();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.release();
    await this.#drafter[Symbol.asyncDispose]();
  }

  #recall<Answer>(answers: Map<string, Answer>, text: readonly number[], ask: () => Promise<Answer>): Answer {
    const key = text.slice(this.#turn.prompt.length).join(' ');
    const answer = answers.get(key);
    if (answer === undefined) throw new Unanswered(async () => void answers.set(key, await ask()));
    return answer;
  }

  #rowAfter(text: readonly number[]): Candidates {
    return this.#recall(this.#rows, text, () => this.#reader.follow(text));
  }

  #draftAfter(text: readonly number[]): Draft | null {
    const { prompt, sampling } = this.#turn;
    return this.#recall(this.#drafts, text, async () => {
      const draft = await this.#drafter.draft({ text, promptLength: prompt.length, sampling });
      // In virtual time a pass reads no prompt.
      return draft && withoutWork(draft);
    });
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
            lazyRow(() => this.#rowAfter([...text.slice(0), ...drafts.slice(0, index)])),
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
