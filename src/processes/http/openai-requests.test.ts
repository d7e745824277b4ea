import { describe, expect, it } from 'vitest';
import { limits } from '../../core/protocol/wire/limits.ts';
import { ApiError } from './api-error.ts';
import { readChatRequest, readTextRequest } from './openai-requests.ts';

const newSeed = () => 99n;
const messages = [{ role: 'user', content: 'Hi' }];
const chat = (fields: object = {}) => readChatRequest({ model: 'm', messages, ...fields }, newSeed);
const text = (fields: object = {}) => readTextRequest({ model: 'm', prompt: 'Hi', ...fields }, newSeed);

/** The failure of a request. */
function failureOf(read: () => unknown): ApiError {
  try {
    read();
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  throw new Error('it was taken');
}

describe('a chat request', () => {
  it("has OpenAI's defaults, and a seed of its own", () => {
    expect(chat()).toMatchObject({ stream: false, includesUsage: false, choices: 1, ignored: [] });
    const [asked] = chat().asked;
    expect(asked).toMatchObject({ maxTokens: null, stopStrings: [], prompt: { kind: 'chat', messages } });
    expect(asked?.sampling).toMatchObject({ temperature: 1, topP: 1, topK: 0, seed: 99n, logitBias: [] });
  });

  it('takes null for a field that is left out, and -1 for no top_k', () => {
    expect(chat({ temperature: null, stop: null, seed: null, max_tokens: null, top_k: -1 })).toEqual(chat());
  });

  it('takes both names of the limit, the newer one first', () => {
    expect(chat({ max_tokens: 5 }).asked[0]?.maxTokens).toBe(5);
    expect(chat({ max_tokens: 5, max_completion_tokens: 7 }).asked[0]?.maxTokens).toBe(7);
  });

  it('takes parts of text as one text, and a developer for the system', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    const asked = chat({
      messages: [
        { role: 'developer', content: 'x' },
        { role: 'user', content: parts },
      ],
    }).asked[0];
    expect(asked?.prompt).toEqual({
      kind: 'chat',
      messages: [
        { role: 'system', content: 'x' },
        { role: 'user', content: 'ab' },
      ],
    });
  });

  it('gives each choice noise of its own, also beyond the largest seed', () => {
    expect(chat({ n: 3, seed: 4 }).asked.map(({ sampling }) => sampling.seed)).toEqual([4n, 5n, 6n]);
    expect(chat({ n: 2, seed: -1 }).asked.map(({ sampling }) => sampling.seed)).toEqual([2n ** 64n - 1n, 0n]);
  });

  it('takes a prediction as text or as parts of text, and no other', () => {
    const [asked] = chat({
      prediction: {
        type: 'content',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    }).asked;
    expect(asked?.prediction).toBe('ab');
    expect(chat({ prediction: null }).asked[0]).not.toHaveProperty('prediction');
    expect(failureOf(() => chat({ prediction: { type: 'json' } }))).toMatchObject({
      status: 400,
      param: 'prediction.type',
    });
  });

  it('sorts biases by id', () => {
    expect(chat({ logit_bias: { '20': -1, '3': 2 } }).asked[0]?.sampling.logitBias).toEqual([
      [3, 2],
      [20, -1],
    ]);
  });

  it('names what has no effect', () => {
    expect(chat({ user: 'u', metadata: {}, anything: 1, tools: [], logprobs: false }).ignored).toEqual([
      ...['user', 'metadata', 'anything'],
    ]);
    const nothing = { response_format: { type: 'text' }, tool_choice: 'none', logprobs: false };
    expect(chat(nothing)).toEqual(chat());
  });

  it('is refused with a format that is unknown, by no more of its name than the start', () => {
    expect(failureOf(() => chat({ response_format: { type: 'x'.repeat(300) } }))).toMatchObject({
      param: 'response_format',
      message: expect.stringMatching(/"x{100}"/),
    });
  });

  it.each(['functions', 'function_call', 'audio', 'web_search_options'])(
    'is refused with %s, which would change the text or promise something about it',
    (name) => {
      const refusal = failureOf(() => chat({ [name]: { type: 'json_object' } }));
      expect(refusal).toMatchObject({ status: 400, code: 'unsupported_parameter', param: name });
    },
  );

  it.each([
    [{ temperature: -0.1 }, 'temperature'],
    [{ temperature: 2.1 }, 'temperature'],
    [{ temperature: Number.POSITIVE_INFINITY }, 'temperature'],
    [{ temperature: '1' }, 'temperature'],
    [{ top_p: 0 }, 'top_p'],
    [{ top_p: 1.1 }, 'top_p'],
    [{ top_k: -2 }, 'top_k'],
    [{ top_k: 65 }, 'top_k'],
    [{ min_p: -0.1 }, 'min_p'],
    [{ presence_penalty: -2.1 }, 'presence_penalty'],
    [{ presence_penalty: 2.1 }, 'presence_penalty'],
    [{ frequency_penalty: -2.1 }, 'frequency_penalty'],
    [{ frequency_penalty: 2.1 }, 'frequency_penalty'],
    [{ repetition_penalty: 0 }, 'repetition_penalty'],
    [{ repetition_penalty: 2.1 }, 'repetition_penalty'],
    [{ logit_bias: { '1': -101 } }, 'logit_bias.1'],
    [{ n: 0 }, 'n'],
    [{ n: 17 }, 'n'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ max_tokens: 1e12 }, 'max_tokens'],
    [{ seed: 1.5 }, 'seed'],
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    [{ logit_bias: { x: 1 } }, 'logit_bias.x'],
    [{ logit_bias: { '1': 101 } }, 'logit_bias.1'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'function', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: null }] }, 'messages[0].content'],
    [{ messages: [{ role: 'assistant' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: 3 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages[0].content'],
    [{ model: undefined }, 'model'],
  ])('is refused with %j, by the name of the field', (fields, param) => {
    expect(failureOf(() => chat(fields))).toMatchObject({ status: 400, code: 'invalid_value', param });
  });

  it.each([
    { temperature: 0, top_p: 0.01, top_k: 0, min_p: 0, presence_penalty: -2, frequency_penalty: -2, n: 1 },
    { temperature: 2, top_p: 1, top_k: 64, min_p: 0.99, presence_penalty: 2, frequency_penalty: 2, n: 16 },
    { repetition_penalty: 0.01, logit_bias: { '1': -100 }, max_tokens: 1, stop: [] },
    { repetition_penalty: 2, logit_bias: { '1': 100 }, max_tokens: limits.textTokens, stop: ['a', 'b', 'c', 'd'] },
  ])('takes the ends of its ranges: %j', (fields) => {
    expect(chat(fields).asked[0]?.sampling.temperature).toBe(fields.temperature ?? 1);
  });

  it.each([[null], [3], ['text'], [[]], [true]])('is an object, not %j', (body) => {
    expect(failureOf(() => readChatRequest(body, newSeed))).toMatchObject({ status: 400, param: '' });
  });
});

describe('a text request', () => {
  it('takes texts and token ids, one or several', () => {
    expect(text().asked[0]).toMatchObject({ prompt: { kind: 'text', text: 'Hi' }, maxTokens: 16 });
    expect(text({ prompt: [1, 2] }).asked.map(({ prompt }) => prompt)).toEqual([{ kind: 'ids', ids: [1, 2] }]);
    expect(text({ prompt: ['a', 'b'], n: 2 }).asked.map(({ prompt }) => prompt)).toEqual(
      ['a', 'a', 'b', 'b'].map((one) => ({ kind: 'text', text: one })),
    );
    expect(text({ prompt: [[1], [2, 3]] }).asked).toHaveLength(2);
  });

  it.each([[{ prompt: [] }], [{ prompt: [[]] }], [{ prompt: [1, 'a'] }], [{ prompt: [-1] }], [{ prompt: [1.5] }]])(
    'is refused with %j',
    (fields) => {
      expect(failureOf(() => text(fields))).toMatchObject({ status: 400, param: expect.stringMatching(/^prompt/) });
    },
  );

  it('is refused with more answers than it may have', () => {
    expect(failureOf(() => text({ prompt: Array.from({ length: 17 }, () => 'a') }))).toMatchObject({ param: 'prompt' });
    expect(failureOf(() => text({ prompt: ['a', 'b', 'c'], n: 6 }))).toMatchObject({ param: 'prompt' });
  });

  it('takes an echo: with logprobs of the prompt where those of the answer are asked for, and of 0 tokens', () => {
    expect(text({ echo: true, logprobs: 1, max_tokens: 1 }).asked[0]).toMatchObject({
      echo: { topLogprobs: 1 },
      topLogprobs: 1,
      maxTokens: 1,
    });
    expect(text({ echo: true, max_tokens: 0 }).asked[0]).toMatchObject({ echo: { topLogprobs: null }, maxTokens: 0 });
    for (const echo of [false, null, undefined]) expect(text({ echo }).asked[0]).not.toHaveProperty('echo');
  });

  it.each([
    [{ max_tokens: 0 }, 'invalid_value', '"max_tokens": may be 0 only with "echo": true'],
    [{ max_tokens: -1, echo: true }, 'invalid_value', '"max_tokens": must be at least 0'],
    [{ echo: 1 }, 'invalid_value', '"echo": must be a boolean'],
    [{ best_of: 2 }, 'unsupported_parameter', '"best_of" is not supported; ask for "n"'],
    [{ logprobs: 6 }, 'invalid_value', '"logprobs": must be at most 5'],
    [{ top_p: 0 }, 'invalid_value', '"top_p": must be more than 0'],
    [{ min_p: 1 }, 'invalid_value', '"min_p": must be less than 1'],
    [{ n: 1.5 }, 'invalid_value', '"n": must be a whole number'],
    [{ prompt: [] }, 'invalid_value', '"prompt": has a form that it may not have'],
    [{ model: undefined }, 'invalid_value', '"model": is missing'],
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'invalid_value', '"stop": has a form that it may not have'],
  ])('is refused with %j, in a sentence about the field', (fields, code, message) => {
    expect(failureOf(() => text(fields))).toMatchObject({ status: 400, code, message });
  });
});
