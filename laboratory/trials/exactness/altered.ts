// A model that lies: in a share of the contexts its best candidate is swapped for another id. Trials use it as a draft, or as a
// broken device, to show that the text does not depend on it.

import { badArgument } from '../../../src/core/basics/errors.ts';
import { philox } from '../../../src/core/basics/philox.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import type { LanguageModel, Tokenizer } from '../../../src/models/port/model.ts';
import { textFingerprint } from '../../../src/models/port/text-fingerprint.ts';
import { scriptModel } from '../../engine-conformance/scripted.ts';

export interface AlterOptions {
  readonly seed: number;
  /** Share of altered contexts, [0, 1]. Default 0.3. */
  readonly share?: number;
}

const inverseTwo32: number = 2 ** -32;

/** Sequences and limits stay the inner model's; closing closes it. @throws OutriderError `bad-argument` */
export function alterModel(inner: LanguageModel, { seed, share = 0.3 }: AlterOptions): LanguageModel {
  if (!(share >= 0 && share <= 1) || !Number.isSafeInteger(seed) || seed < 0) {
    throw badArgument(
      `alter ${share} of a model's choices with seed ${seed}`,
      'Give a share from 0 to 1 and a whole number as the seed.',
    );
  }
  const { name, fingerprint, description } = inner.identity;
  const words = `altered: ${share} of the best candidates replaced, seed ${seed}`;
  const settings = { seed, share, vocabularySize: inner.tokenizer.vocabularySize };
  const { exactness: _, ...altered } = scriptModel(inner, {
    afterEvaluate: (results) => results.map((rows) => rows.map((candidates) => alterCandidates(candidates, settings))),
  });
  const identity = {
    name: `${name} (altered)`,
    fingerprint: textFingerprint(`${fingerprint}, ${words}`),
    description: `${description}; ${words}`,
  };
  return { ...altered, identity };
}

/** Depends on the candidates alone, so the same text is altered in the same places in any calls. */
function alterCandidates(
  candidates: Candidates,
  { seed, share, vocabularySize }: Required<AlterOptions> & Pick<Tokenizer, 'vocabularySize'>,
): Candidates {
  const best = candidates.ids[0];
  if (best === undefined) return candidates;
  const words = Float32Array.of(candidates.logits[0] as number, candidates.logits.at(-1) as number);
  const bits = new Uint32Array(words.buffer);
  const random = new Uint32Array(4);
  const keyHigh = Math.floor(seed * inverseTwo32) >>> 0;
  philox(random, best, candidates.ids[1] ?? 0, bits[0] as number, bits[1] as number, seed >>> 0, keyHigh);
  if ((random[0] as number) * inverseTwo32 >= share) return candidates;
  const taken = new Set(candidates.ids);
  let other = (random[1] as number) % vocabularySize;
  while (taken.has(other)) other = (other + 1) % vocabularySize;
  return { ids: [other, ...candidates.ids.slice(1)], logits: candidates.logits };
}
