// What no honest edge says to a device, beyond what a frame can show: messages out of turn, and commits that no text could hold. The
// device closes the connection and resumes on another.

import type { DeviceState } from './device-state.ts';
import type { EdgeMessage } from './messages.ts';

/** What a connection has said so far. */
export interface ConnectionRecord {
  /** The edge has greeted. */
  readonly isGreeted: boolean;
  /** The device's last attach said `open`: nothing can be gone then. */
  readonly hasSentOpen: boolean;
}

/** @param vocabularySize of the device's tokenizer @returns what is wrong with it; null: nothing */
export function guardMessage(
  { isGreeted, hasSentOpen }: ConnectionRecord,
  message: EdgeMessage,
  { turn, text }: Pick<DeviceState, 'turn' | 'text'>,
  vocabularySize: number,
): string | null {
  const end = turn.prompt.length + turn.maxAnswerTokens;
  if ((message.kind === 'hello') === isGreeted) return `${message.kind} out of turn`;
  if (message.kind === 'gone' && hasSentOpen) return 'a session that was just opened is gone';
  if (message.kind === 'end') {
    const isEarly = message.reason === 'length' && message.length === text.length && text.length < end;
    return isEarly ? 'an end for the length of a text that is shorter' : null;
  }
  if (message.kind !== 'commit') return null;
  const { first, accepted, tokens } = message;
  if (tokens.some((id) => id >= vocabularySize)) return 'a commit has an id beyond the vocabulary';
  return first + accepted + tokens.length > end ? 'a commit beyond the end' : null;
}
