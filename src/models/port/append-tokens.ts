// Appends a text of any length to a sequence, in calls of allowed size.

import type { Candidates } from '../../core/decoding/candidates.ts';
import type { LanguageModel, ModelSequence } from './model.ts';

export interface AppendOptions {
  /** Candidates are returned after each of the last `rows` tokens; default 0. */
  readonly rows?: number;
  /** Limit of tokens in one call; default: the model's. */
  readonly callSize?: number;
}

/** @returns the candidates of the last `rows` tokens, in order */
export async function appendTokens(
  model: Pick<LanguageModel, 'limits' | 'evaluate'>,
  sequence: ModelSequence,
  tokens: readonly number[],
  { rows = 0, callSize = model.limits.maxItemTokens }: AppendOptions = {},
): Promise<Candidates[]> {
  const found: Candidates[] = [];
  const size = Math.min(callSize, model.limits.maxItemTokens);
  for (let from = 0; from < tokens.length; from += size) {
    const part = tokens.slice(from, from + size);
    const wanted = Math.max(0, Math.min(part.length, from + part.length - (tokens.length - rows)));
    const [result] = await model.evaluate([{ sequence, tokens: part, rows: wanted }]);
    found.push(...(result ?? []));
  }
  return found;
}
