// The checks of an item that every engine behind the model port makes, and their errors.

import { OutriderError } from '../../core/basics/errors.ts';
import { invariant } from '../../core/basics/invariant.ts';
import type { EvaluateItem, ModelLimits } from './model.ts';

/** Checks an item. @throws OutriderError `context-full` */
export function checkShape({ sequence, tokens, rows }: EvaluateItem, limits: ModelLimits): void {
  invariant(tokens.length >= 1 && tokens.length <= limits.maxItemTokens, `${tokens.length} tokens in an item`);
  invariant(Number.isInteger(rows) && rows >= 0 && rows <= tokens.length, `${rows} rows of ${tokens.length} tokens`);
  const length = sequence.length + tokens.length;
  if (length <= limits.contextLength) return;
  throw new OutriderError(
    'context-full',
    `the text has ${length} tokens and the model holds ${limits.contextLength}`,
    'Shorten the conversation, or start with a longer context.',
  );
}

/** All sequences of the engine are in use. */
export function edgeFull(maxSequences: number): OutriderError {
  return new OutriderError(
    'edge-full',
    `all ${maxSequences} sequences of the model are in use`,
    'Wait for a session to end, or start the edge with more sequences.',
  );
}
