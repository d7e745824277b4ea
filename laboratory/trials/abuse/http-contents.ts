// Attacks over HTTP with a valid key, by the content of a body: the most work for each byte.

import type { Attack, Attacks } from './attack.ts';
import { asking, inTurn, posting } from './floods.ts';
import { chatBody, type Post, post } from './requests.ts';

const list = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: Math.ceil(count) }, (_, index) => item(index));

const numbered = <Value>(count: number, prefix: string, value: Value): Record<string, Value> =>
  Object.fromEntries(list(count, (index) => [`${prefix}${index}`, value]));

const said = (content: string) => ({ role: 'user', content });

/** Posted on two connections, in three sizes. */
function body(words: string, fields: (scale: number) => object, how?: Post): Attack {
  return { words, run: posting(2, (scale) => chatBody(fields(scale)), how) };
}

/** Bodies nested as deep as they are read. */
function nested(words: string, how?: Post): Attack {
  return { words, run: posting(1, deep, how) };
}

function deep(scale: number): Buffer {
  const depth = Math.ceil(scale * 1e6);
  return Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
}

/** An answer that has to fit a schema. */
function fitting(schema: object, maxTokens = 8): Buffer {
  const format = { type: 'json_schema', json_schema: { name: 's', schema } };
  return chatBody({ response_format: format, max_tokens: maxTokens });
}

/** Posts one of these bodies after the other, in each lane. */
function bodies(words: string, lanes: number, bodiesOf: () => readonly Buffer[]): Attack {
  return { words, run: asking(lanes, (target) => inTurn(bodiesOf().map((one) => post(target, one)))) };
}

const text = (pattern: string): object => ({ type: 'string', pattern });

function heavyTools(): object[] {
  const properties = numbered(10, 'p', { type: 'string', maxLength: 50 });
  const parameters = { type: 'object', properties };
  return list(128, (index) => ({ type: 'function', function: { name: `f${index}`, parameters } }));
}

/** 4,096 ways to be an object. */
function branching(): object {
  const alternatives = (index: number): object[] =>
    [`k${index}`, `l${index}`].map((name) => ({ type: 'object', properties: { [name]: {} } }));
  return { allOf: list(12, (index) => ({ anyOf: alternatives(index) })) };
}

/** Messages without a text, and fields that no route has. */
const emptyItems = (name: string, scale: number): object => ({
  [name]: list(scale * 60_000, () => said('')),
  ...numbered(scale * 20_000, 'f', 1),
});

const grammars: Attacks = {
  'first-grammar': {
    words: 'schemas, the first of which is the edge’s first grammar',
    run: asking(1, (target) => (_lane, round) => {
      const properties = { [`a${round}`]: { type: 'integer' } };
      return post(target, fitting({ type: 'object', properties }));
    }),
  },
  'heavy-masks': bodies('six answers under a grammar whose masks are dear', 6, () => [
    fitting(text('^((a|b){1,50}){1,50}$'), 200),
    fitting(text('^(.{1,30}){1,30}$'), 200),
  ]),
  'compile-flood': {
    words: 'a schema that is not compiled yet in each request, on four connections',
    run: asking(4, (target) => (lane, round) => {
      const properties = numbered(10, `p${lane}-${round}-`, { type: 'string', maxLength: 50 });
      return post(target, fitting({ type: 'object', properties }, 4));
    }),
  },
  'branching-schemas': bodies('schemas whose parts multiply', 4, () => [
    fitting(branching()),
    fitting({ enum: list(5000, (index) => `value${index}`) }),
    fitting({ type: 'object', properties: numbered(300, 'p', { type: 'string' }) }),
  ]),
  'large-tool-lists': bodies('lists of 128 tools with ten parameters each', 4, () => [
    chatBody({ tools: heavyTools(), tool_choice: 'required' }),
    chatBody({ tools: heavyTools(), tool_choice: 'auto' }),
  ]),
  // Last: a product may hold it against the key for a while.
  'natural-mistakes': bodies('schemas that are far too dear, as they are written by mistake', 2, () => [
    fitting(text('^.{1,5000}$')),
    fitting({ type: 'string', minLength: 1, maxLength: 30_000 }),
    fitting({ type: 'string', maxLength: 1e9 }),
  ]),
};

export const httpContents: Attacks = {
  'deep-json': nested('bodies nested 1,000,000 deep'),
  'empty-messages': body('80,000 empty messages', (scale) => ({ messages: list(scale * 80_000, () => said('')) })),
  'unknown-fields': body('200,000 unknown fields', (scale) => numbered(scale * 200_000, 'f', 1)),
  'many-biases': body('300,000 biases', (scale) => ({ logit_bias: numbered(scale * 300_000, '', 1) })),
  'large-prediction': body('a prediction of 3.9 MB', (scale) => ({
    prediction: { type: 'content', content: 'ab c'.repeat(scale * 975_000) },
  })),
  'prediction-parts': body('a prediction of 100,000 parts', (scale) => ({
    prediction: { type: 'content', content: list(scale * 100_000, () => ({ type: 'text', text: 'x' })) },
  })),
  'large-text': body('a message of 3.9 MB', (scale) => ({ messages: [said('a '.repeat(scale * 1_950_000))] })),
  'many-stops': body('100,000 stop texts', (scale) => ({ stop: list(scale * 100_000, (index) => `x${index}`) })),
  'long-stop': body('a stop text of 3.9 MB', (scale) => ({ stop: 'never '.repeat(scale * 650_000) })),
  'many-tools': body('40,000 tools', (scale) => ({
    tools: list(scale * 40_000, (index) => ({ type: 'function', function: { name: `f${index}` } })),
  })),
  'many-prompts': body('400,000 prompts in a request', (scale) => ({ prompt: list(scale * 400_000, () => 'x') }), {
    path: '/v1/completions',
  }),
  'responses-items': body('60,000 items of input, and unknown fields', (scale) => emptyItems('input', scale), {
    path: '/v1/responses',
  }),
  'responses-deep': nested('deep bodies for /v1/responses', { path: '/v1/responses' }),
  'anthropic-messages': body(
    '60,000 empty messages for /v1/messages, and unknown fields',
    (scale) => emptyItems('messages', scale),
    { path: '/v1/messages' },
  ),
  'anthropic-deep': nested('deep bodies for /v1/messages', { path: '/v1/messages' }),
  ...grammars,
};
