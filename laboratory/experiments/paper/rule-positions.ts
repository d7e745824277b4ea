// Where the two rules of acceptance are compared: positions of the toy language, and of texts that the default target writes.

import { encodeTrialPrompts } from '../../../simulator/files/sample-prompts.ts';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { toyCandidates } from '../../../src/core/decoding/toy-language.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { PrefixSequence } from '../../../src/models/port/prefix-sequence.ts';

/** The candidates of target and draft at one position. */
export interface PositionCandidates {
  readonly target: Candidates;
  readonly draft: Candidates;
}

/** Positions of one pair. */
export interface RulePositions {
  readonly pair: string;
  readonly positions: readonly PositionCandidates[];
}

const toy = { seed: 1, agreement: 0.7, vocabularySize: 49_152, endRate: 0 } as const;
const contextLength = 2048;

/** Contexts without order: each has one id that no other has. */
export function toyPositions(count: number): RulePositions {
  const positions = Array.from({ length: count }, (_, index) => {
    const of = (role: 'target' | 'draft'): Candidates => toyCandidates([index + 1], { ...toy, role });
    return { target: of('target'), draft: of('draft') };
  });
  return { pair: 'the toy language', positions };
}

/**
 * Every `stride`-th position of texts that the target writes at this temperature; null: models or engine are not there.
 * @param tokens of each text
 */
export async function realPositions(
  promptCount: number,
  tokens: number,
  temperature: number,
  stride: number,
): Promise<RulePositions | null> {
  try {
    const shape = { sequences: 1, contextLength, exact: false, threads: 1 };
    await using target = await openModel(defaultPair.target, { role: 'target', ...shape });
    const { tokenizer } = target;
    await using draft = await openModel(defaultPair.draft, { role: 'draft', tokenizer, ...shape });
    const written = new PrefixSequence(target);
    const read = new PrefixSequence(draft);
    const positions: PositionCandidates[] = [];
    for (const [index, { ids }] of encodeTrialPrompts(tokenizer, promptCount).entries()) {
      const sampling = { ...neutralSampling, temperature, seed: BigInt(1 + index) };
      await written.truncate(0);
      const answer: number[] = [];
      const rows: Candidates[] = await written.append(ids, 1);
      while (answer.length < tokens) {
        const id = chooseToken(rows.at(-1) as Candidates, sampling, undefined, ids.length + answer.length);
        if (tokenizer.endIds.has(id)) break;
        answer.push(id);
        rows.push(...(await written.append([id], 1)));
      }
      await read.truncate(0);
      const drafted = await read.append([...ids, ...answer], answer.length + 1);
      for (let at = 0; at < rows.length; at += stride)
        positions.push({ target: rows[at] as Candidates, draft: drafted[at] as Candidates });
    }
    await written.release();
    await read.release();
    return { pair: `${defaultPair.target} with ${defaultPair.draft}`, positions };
  } catch (error) {
    if (isOutriderError(error)) return null;
    throw error;
  }
}
