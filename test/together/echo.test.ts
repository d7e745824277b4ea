// /v1/completions with "echo", as lm-eval asks it: through the port of a real edge with a toy target.

import { beforeAll, describe, expect, it } from 'vitest';
import { type ApiEdge, startApiEdge } from './api-edge.ts';

interface Choice {
  readonly text: string;
  readonly finish_reason: string | null;
  readonly logprobs: {
    readonly tokens: readonly string[];
    readonly token_logprobs: readonly (number | null)[];
    readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
    readonly text_offset: readonly number[];
  } | null;
}

const prompt = 'Once upon a time';
const written = 12;
let edge: ApiEdge;

beforeAll(async () => {
  edge = await startApiEdge();
  return () => edge[Symbol.asyncDispose]();
});

function post(fields: object): Promise<Response> {
  const body = JSON.stringify({ model: edge.model, prompt, temperature: 0, ...fields });
  const headers = { 'content-type': 'application/json' };
  return fetch(`${edge.baseURL}/completions`, { method: 'POST', headers, body });
}

async function ask(fields: object): Promise<readonly Choice[]> {
  const answer = await post(fields);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { readonly choices: readonly Choice[] }).choices;
}

const askOne = async (fields: object): Promise<Choice> => (await ask(fields))[0] as Choice;

/** The ids of a text of whole tokens, by their texts. */
function idsOf(tokens: readonly string[]): readonly number[] {
  const { vocabularySize, bytes } = edge.target.tokenizer;
  const byText = new Map<string, number>();
  for (let id = vocabularySize - 1; id >= 0; id -= 1) byText.set(new TextDecoder().decode(bytes(id)), id);
  return tokens.map((one) => byText.get(one) as number);
}

describe('an echo', () => {
  it('has the logprobs that the same tokens have as an answer, bit for bit', async () => {
    const { text, logprobs: own } = await askOne({ max_tokens: written, logprobs: 3 });
    const begun = edge.target.tokenizer.encode(prompt);
    const ids = [...begun, ...idsOf(own?.tokens ?? [])];
    const repeated = await askOne({ prompt: ids, max_tokens: 1, logprobs: 3, echo: true });
    const { tokens = [], token_logprobs: values = [], top_logprobs: tops = [] } = repeated.logprobs ?? {};
    expect(repeated.text.startsWith(prompt + text)).toBe(true);
    // The last one is the token that was written after it.
    expect(tokens).toHaveLength(ids.length + 1);
    expect([values[0], tops[0]]).toEqual([null, null]);
    expect(values.slice(begun.length, -1)).toEqual(own?.token_logprobs);
    expect(tops.slice(begun.length, -1)).toEqual(own?.top_logprobs);
    expect(repeated.logprobs?.text_offset).toEqual(tokens.map((_, at) => tokens.slice(0, at).join('').length));
  });

  it('is the same as chunks', async () => {
    const asked = { max_tokens: 3, logprobs: 2, echo: true };
    const whole = await askOne(asked);
    const events = (await (await post({ ...asked, stream: true })).text()).split('\n\n').filter(Boolean);
    expect(events.at(-1)).toBe('data: [DONE]');
    const parts = events.slice(0, -1).map((one) => JSON.parse(one.replace('data: ', '')).choices[0] as Choice);
    expect(parts[0]?.text).toBe(prompt);
    expect(parts.map(({ text }) => text).join('')).toBe(whole.text);
    const all = <Key extends keyof NonNullable<Choice['logprobs']>>(key: Key) =>
      parts.flatMap(({ logprobs }): readonly unknown[] => logprobs?.[key] ?? []);
    for (const key of ['tokens', 'token_logprobs', 'top_logprobs', 'text_offset'] as const)
      expect(all(key)).toEqual(whole.logprobs?.[key]);
  });

  it('of 0 tokens is the prompt alone, of each prompt, with logprobs or without', async () => {
    const { logprobs, ...bare } = await askOne({ max_tokens: 0, echo: true });
    expect({ bare, logprobs }).toEqual({ bare: { index: 0, text: prompt, finish_reason: 'length' }, logprobs: null });
    const answer = await post({ prompt: [[40], [40, 41]], max_tokens: 0, echo: true, logprobs: 0 });
    const { choices, usage } = (await answer.json()) as { choices: Choice[]; usage: object };
    expect(choices.map((one) => one.logprobs?.token_logprobs)).toEqual([[null], [null, expect.any(Number)]]);
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 });
  });

  it('with text that ends at once has one token after the prompt, as clients count', async () => {
    const [end] = edge.target.tokenizer.endIds;
    const ending = await askOne({ max_tokens: 1, logprobs: 1, echo: true, logit_bias: { [`${end}`]: 100 } });
    expect(ending).toMatchObject({ text: prompt, finish_reason: 'stop' });
    expect(ending.logprobs?.token_logprobs).toHaveLength(edge.target.tokenizer.encode(prompt).length + 1);
  });

  it('fills the context to its last token, and no further', async () => {
    const length = 1024;
    const ids = Array.from({ length }, (_, at) => 300 + (at % 200));
    const full = await askOne({ prompt: ids.slice(1), max_tokens: 1, logprobs: 1, echo: true });
    expect(full.logprobs?.token_logprobs).toHaveLength(length);
    const beyond = await post({ prompt: [...ids, 300], max_tokens: 0, echo: true });
    expect(beyond.status).toBe(400);
    expect(await beyond.json()).toMatchObject({ error: { code: 'context_length_exceeded' } });
  });
});
