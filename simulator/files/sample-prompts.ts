// The prompts that trials on real models share, as ids of a model.

import type { Tokenizer } from '../../src/models/port/model.ts';
import trialPrompts from './sample-prompts.json' with { type: 'json' };

export interface TrialPrompt {
  readonly name: string;
  readonly task: string;
  readonly ids: readonly number[];
}

/** @param count only so many of the prompts @param which the first of them, or the shortest */
export function encodeTrialPrompts(
  tokenizer: Tokenizer,
  count: number = trialPrompts.prompts.length,
  which: 'first' | 'shortest' = 'first',
): TrialPrompt[] {
  const { prompts } = trialPrompts;
  const ordered = which === 'first' ? prompts : prompts.toSorted((one, other) => one.text.length - other.text.length);
  return ordered.slice(0, count).map(({ name, task, form, text }) => ({
    name,
    task,
    ids: form === 'chat' ? tokenizer.encodeChat([{ role: 'user', content: text }]) : tokenizer.encode(text),
  }));
}
