// What no honest edge says to a device, beyond what a frame can show: messages out of turn, and commits that no text could hold. The
// device closes the connection and resumes on another.

import type { TurnRequest } from './device-state.ts';
import type { EdgeMessage } from './messages.ts';

/** What a connection has said so far. */
export interface ConnectionRecord {
  /** The edge has greeted. */
  readonly isGreeted: boolean;
  /** The device's last attach said `open`: nothing can be gone then. */
  readonly saidOpen: boolean;
}

/** @param vocabularySize of the device's tokenizer @returns what is wrong with it; null: nothing */
export function guardMessage(
  { isGreeted, saidOpen }: ConnectionRecord,
  message: EdgeMessage,
  { prompt, maxAnswerTokens }: Pick<TurnRequest, 'prompt' | 'maxAnswerTokens'>,
  vocabularySize: number,
): string | null {
  if ((message.kind === 'hello') === isGreeted) return `${message.kind} out of turn`;
  if (message.kind === 'gone' && saidOpen) return 'a session that was just opened is gone';
  if (message.kind !== 'commit') return null;
  const { first, accepted, tokens } = message;
  if (tokens.some((id) => id >= vocabularySize)) return 'a commit has an id beyond the vocabulary';
  return first + accepted + tokens.length > prompt.length + maxAnswerTokens ? 'a commit beyond the end' : null;
}
