import { describe, expect, it } from 'vitest';
import { TokenText } from '../../decoding/token-text.ts';
import { testHello } from '../edge/edge-session.fixture.ts';
import type { EdgeMessage, EndReason } from '../wire/messages.ts';
import { testTurn } from './device-session.fixture.ts';
import { guardMessage } from './message-guard.ts';

const vocabularySize = 100;
const greeted = { isGreeted: true, hasSentOpen: false };

// With the prompt, the longest text has 8 tokens.
const turn = testTurn({ maxAnswerTokens: 5 });

const guard = (message: EdgeMessage, answer: readonly number[] = [], record = greeted): string | null =>
  guardMessage(
    record,
    message,
    { turn, scoredPrompt: 0, text: TokenText.of([...turn.prompt, ...answer]) },
    vocabularySize,
  );

const hello: EdgeMessage = { ...testHello, vocabularySize };
const account = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
const end = (reason: EndReason, length: number): EdgeMessage => ({ kind: 'end', reason, length, account });
const commit = (first: number, accepted: number, tokens: number[]): EdgeMessage => {
  return { kind: 'commit', first, branch: 1, accepted, tokens };
};

describe('what no honest edge says', () => {
  it('is a greeting that is not the first message, and anything before it', () => {
    const before = { isGreeted: false, hasSentOpen: false };
    expect(guard(hello, [], before)).toBeNull();
    expect(guard({ kind: 'ping', stamp: 1 }, [], before)).toBe('ping out of turn');
    expect(guard(hello)).toBe('hello out of turn');
    expect(guard({ kind: 'ping', stamp: 1 })).toBeNull();
  });

  it('is that a session is gone that was just opened', () => {
    expect(guard({ kind: 'gone' }, [], { isGreeted: true, hasSentOpen: true })).toMatch('just opened');
    expect(guard({ kind: 'gone' })).toBeNull();
    expect(guard({ kind: 'queued', ahead: 0 }, [], { isGreeted: true, hasSentOpen: true })).toBeNull();
  });

  it('is a commit with an id that the vocabulary does not have', () => {
    expect(guard(commit(3, 0, [vocabularySize - 1]))).toBeNull();
    expect(guard(commit(3, 0, [5, vocabularySize]))).toMatch('beyond the vocabulary');
    expect(guard(commit(3, 0, [vocabularySize, 5]))).toMatch('beyond the vocabulary');
  });

  it('is a commit beyond the longest text, accepted drafts included', () => {
    expect(guard(commit(3, 2, [1, 1, 1]))).toBeNull();
    expect(guard(commit(7, 1, []))).toBeNull();
    for (const late of [commit(4, 2, [1, 1, 1]), commit(3, 3, [1, 1, 1]), commit(3, 2, [1, 1, 1, 1])])
      expect(guard(late)).toMatch('beyond the end');
  });

  it('is logprobs of a prompt that were not asked for, or that the prompt has no tokens for', () => {
    const text = TokenText.of(turn.prompt);
    const scored = (first: number, id: number): EdgeMessage => {
      return { kind: 'prompt-scored', first, logprobs: [{ logprob: -1, top: [{ id, logprob: -1 }] }] };
    };
    expect(guard(scored(1, 5))).toMatch('not asked for');
    const asking = { turn: { ...turn, promptLogprobs: 1 }, scoredPrompt: 1, text };
    const asked = (message: EdgeMessage, scoredPrompt = 1): string | null =>
      guardMessage(greeted, message, { ...asking, scoredPrompt }, vocabularySize);
    expect(asked(scored(2, vocabularySize - 1))).toBeNull();
    expect(asked(scored(2, vocabularySize))).toMatch('beyond the vocabulary');
    expect(asked(scored(3, 5))).toMatch('beyond the prompt');
    // All of them come before the first token of the answer.
    for (const early of [commit(3, 0, [5]), end('end-token', 3)]) {
      expect(asked(early)).toMatch('before the logprobs');
      expect(asked(early, 2)).toBeNull();
    }
  });

  it('is an end for the length of a text that is shorter than was asked for', () => {
    expect(guard(end('length', 7), [9, 9, 9, 9])).toMatch('for the length');
    expect(guard(end('length', 8), [9, 9, 9, 9, 9])).toBeNull();
    // The rest of the text may be on its way, or the device ahead: then the length of the end shows it.
    expect(guard(end('length', 8), [9, 9, 9, 9])).toBeNull();
    expect(guard(end('end-token', 7), [9, 9, 9, 9])).toBeNull();
  });
});
