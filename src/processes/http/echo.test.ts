import { expect, it } from 'vitest';
import type { TokenLogprobs } from '../../core/decoding/logprobs.ts';
import type { Tokenizer } from '../../models/port/model.ts';
import { echoOf, promptLogprobsOf } from './echo.ts';
import { chatLogprobs, TextLogprobs } from './logprob-answers.ts';

/** A letter each; 9 is the second half of a character whose first half is 8, and 7 has no bytes. */
const pieces: Readonly<Record<number, readonly number[]>> = {
  1: [97],
  2: [98],
  8: [0xc3],
  9: [0xa9],
  7: [],
  6: [0xef, 0xbb, 0xbf],
};
const tokenizer = { bytes: (id: number) => Uint8Array.from(pieces[id] ?? [120]) } as Tokenizer;
const scored: readonly TokenLogprobs[] = [
  { id: 2, logprob: -1, top: [{ id: 1, logprob: -0.5 }] },
  { id: 8, logprob: -2, top: [{ id: 8, logprob: -2 }] },
  { id: 9, logprob: -20_000, top: [{ id: 1, logprob: -0.25 }] },
];
const ids = [1, 2, 8, 9];

it('repeats a text as it came, and ids as their text, with characters that tokens split', () => {
  const wish = { echo: { topLogprobs: null } };
  expect(echoOf({ ...wish, prompt: { kind: 'text', text: ' as it is' } }, ids, undefined, tokenizer)).toEqual({
    text: ' as it is',
    tokens: 0,
    acceptedDrafts: 0,
  });
  expect(echoOf({ ...wish, prompt: { kind: 'ids', ids } }, ids, scored, tokenizer)).toEqual({
    text: 'abé',
    tokens: 0,
    acceptedDrafts: 0,
  });
});

it('writes null for the first token, and a value for each other, in the words of the route', () => {
  const { logprobs } = echoOf({ echo: { topLogprobs: 1 }, prompt: { kind: 'ids', ids } }, ids, scored, tokenizer);
  const writer = new TextLogprobs();
  expect(writer.next(logprobs ?? null)).toEqual({
    tokens: ['a', 'b', '\ufffd', '\ufffd'],
    token_logprobs: [null, -1, -2, -9999],
    top_logprobs: [null, { a: -0.5, b: -1 }, { '\ufffd': -2 }, { a: -0.25, '\ufffd': -9999 }],
    text_offset: [0, 1, 2, 2],
  });
  // The offsets of the answer continue those of the prompt.
  expect(writer.next([{ id: 1, bytes: Uint8Array.of(97), logprob: -3, top: [], topBytes: [] }])).toMatchObject({
    text_offset: [3],
  });
});

it('has one value for a prompt of one token', () => {
  const { logprobs } = echoOf({ echo: { topLogprobs: 0 }, prompt: { kind: 'ids', ids: [1] } }, [1], [], tokenizer);
  expect(logprobs).toEqual([{ id: 1, logprob: null, top: [], bytes: Uint8Array.of(97), topBytes: [] }]);
});

it('scores a prompt where its logprobs are asked for, and where nothing is written', () => {
  expect(promptLogprobsOf({ maxTokens: 1 })).toBeUndefined();
  expect(promptLogprobsOf({ maxTokens: 1, echo: { topLogprobs: null } })).toBeUndefined();
  expect(promptLogprobsOf({ maxTokens: 0, echo: { topLogprobs: null } })).toBe(0);
  expect(promptLogprobsOf({ maxTokens: 1, echo: { topLogprobs: 0 } })).toBe(0);
  expect(promptLogprobsOf({ maxTokens: null, echo: { topLogprobs: 5 } })).toBe(5);
});

it('keeps U+FEFF at the beginning of a prompt and of a token', () => {
  const prompt = { kind: 'ids', ids: [6, 1] } as const;
  const rest = [{ id: 1, logprob: -1, top: [{ id: 6, logprob: -2 }] }];
  const { text, logprobs } = echoOf({ prompt, echo: { topLogprobs: 1 } }, prompt.ids, rest, tokenizer);
  expect(text).toBe('\uFEFFa');
  expect(new TextLogprobs().next(logprobs ?? null)).toMatchObject({
    tokens: ['\uFEFF', 'a'],
    top_logprobs: [null, { '\uFEFF': -2, a: -1 }],
    text_offset: [0, 1],
  });
  expect(chatLogprobs(logprobs ?? null)).toMatchObject({ content: [{ token: '\uFEFF' }, { token: 'a' }] });
});
