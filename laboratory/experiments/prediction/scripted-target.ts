// Targets that write a given answer. One costs nothing, to be paced to other hardware; the other evaluates every token with a real engine and
// only its choices are replaced, so its steps last as long as those of that engine.

import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { freeLaw } from '../../../src/core/decoding/shape-law.ts';
import type { LanguageModel, ModelIdentity, Tokenizer } from '../../../src/models/port/model.ts';
import { createReaderModel } from '../../../src/models/port/reader-model.ts';
import { scriptModel } from '../../../src/models/port/scripted.ts';

/** What is written, by position in the whole text. The bench changes it between two answers. */
export interface Script {
  promptLength: number;
  answer: readonly number[];
}

/** Behind a wrong draft the row is of no use, whatever it says. */
function candidatesAt({ promptLength, answer }: Script, position: number): Candidates {
  const id = answer[position - promptLength] ?? answer.at(-1) ?? 0;
  return { ids: [id], logits: [10] };
}

export function createScriptedTarget(
  script: Script,
  tokenizer: Tokenizer,
  { contextLength, sequences }: { readonly contextLength: number; readonly sequences: number },
): LanguageModel {
  return createReaderModel({
    identity: scriptedIdentity,
    tokenizer,
    limits: { contextLength, maxSequences: sequences, maxItemTokens: 256, law: freeLaw },
    createReader: () => {
      const ids: number[] = [];
      return {
        get length() {
          return ids.length;
        },
        at: (index) => ids[index] as number,
        append: (id) => void ids.push(id),
        truncate: (length) => {
          ids.length = length;
        },
        candidates: () => candidatesAt(script, ids.length),
      };
    },
  });
}

const scriptedIdentity: ModelIdentity = {
  name: 'scripted',
  fingerprint: '5c219ded',
  description: 'writes a given text: a script, not a model',
};

/** @param inner evaluates everything; closing closes it */
export function scriptChoices(inner: LanguageModel, script: Script): LanguageModel {
  return scriptModel(inner, {
    afterEvaluate: (results, items) =>
      results.map((rows, index) => {
        const end = items[index]?.sequence.length ?? 0;
        return rows.map((_, row) => candidatesAt(script, end - rows.length + 1 + row));
      }),
  });
}
