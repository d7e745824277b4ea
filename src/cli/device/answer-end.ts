// The one line under an answer that is not whole: why it ends there, and how to get more.

import type { TurnReport } from '../../processes/device/turn-report.ts';

/** Null: the answer ended by itself, or at a text of --stop. A failure is told by its own error. */
export function cutNote({ outcome }: TurnReport, maxTokens: number, isChat: boolean): string | null {
  if (outcome.kind === 'stopped') return 'Stopped here: the answer is not complete.';
  if (outcome.kind === 'failed') return null;
  if (outcome.reason === 'length') {
    const more = isChat
      ? 'ask it to continue, or start with a larger --max-tokens'
      : 'a larger --max-tokens allows more';
    return `Cut here: the answer has reached --max-tokens ${maxTokens}; ${more}.`;
  }
  if (outcome.reason === 'context-full') {
    const more = isChat ? '/clear starts a new conversation; ' : '';
    return `Cut here: the context is full; ${more}a larger --context of the edge holds more.`;
  }
  return null;
}
