// A draft with a part of its target's vocabulary, seen from outside as a model with the whole vocabulary: ids are mapped on input and on
// output, nothing else changes. A token that the draft lacks is replaced by a stand-in on input, and never occurs in the output. It only
// drafts: what rows are asked for beside their candidates is left out.

import { invariant } from '../../core/basics/invariant.ts';
import type { Candidates } from '../../core/decoding/candidates.ts';
import type { MappedDraft } from '../gguf/draft-metadata.ts';
import type { EvaluateItem, LanguageModel, Tokenizer } from '../port/model.ts';

/** Sequences and limits stay the inner model's; closing closes it. @param tokenizer the target's */
export function mapVocabulary(
  inner: LanguageModel,
  map: Pick<MappedDraft, 'ids' | 'inputs'>,
  tokenizer: Tokenizer,
): LanguageModel {
  const { identity, limits } = inner;
  const words = `${map.ids.length} of the target's ${map.inputs.length} tokens`;
  return {
    identity: { ...identity, description: `${identity.description}; ${words}` },
    tokenizer,
    limits,
    openSequence: () => inner.openSequence(),
    evaluate: async (items) => {
      const results = await inner.evaluate(items.map((item) => mapItem(item, map.inputs)));
      return results.map((rows) => rows.map((candidates) => mapCandidates(candidates, map.ids)));
    },
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}

function mapItem(item: EvaluateItem, inputs: readonly number[]): EvaluateItem {
  const tokens = item.tokens.map((id) => {
    const mapped = inputs[id];
    invariant(mapped !== undefined, `no token ${id} in a vocabulary of ${inputs.length}`);
    return mapped;
  });
  return { ...item, tokens, asks: undefined };
}

/** Among equal logits the order of the draft's ids may differ from that of the target's. */
function mapCandidates({ ids, logits }: Candidates, targetIds: readonly number[]): Candidates {
  const pairs = ids.map((id, index) => [targetIds[id] as number, logits[index] as number] as const);
  pairs.sort((left, right) => right[1] - left[1] || left[0] - right[0]);
  return { ids: pairs.map(([id]) => id), logits: pairs.map(([, logit]) => logit) };
}
