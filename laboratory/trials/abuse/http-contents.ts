// Attacks over HTTP of someone who has a key by what a body says: as much work as possible for a byte.

import type { Attack } from './attack.ts';
import { asking, chatBody, type Post, post, posting } from './http-attacker.ts';

const list = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: Math.ceil(count) }, (_, index) => item(index));

const numbered = <Value>(count: number, prefix: string, value: Value): Record<string, Value> =>
  Object.fromEntries(list(count, (index) => [`${prefix}${index}`, value]));

const said = (content: string) => ({ role: 'user', content });

/** Posted on two connections, in three sizes. */
function body(name: string, words: string, fields: (scale: number) => object, how?: Post): Attack {
  return { name, words, run: posting(2, (scale) => chatBody(fields(scale)), how) };
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

/** One of these in turn, in each lane. */
function inTurn(name: string, words: string, lanes: number, bodies: () => readonly Buffer[]): Attack {
  return {
    name,
    words,
    run: (target) => {
      const requests = bodies().map((one) => post(target, one));
      return asking(target, lanes, (lane, round) => requests[(lane + round) % requests.length] as (typeof requests)[0]);
    },
  };
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

const grammars: readonly Attack[] = [
  {
    name: 'first-grammar',
    words: 'schemas, the first of which is the edge’s first grammar',
    run: (target) =>
      asking(target, 1, (_lane, round) =>
        post(target, fitting({ type: 'object', properties: { [`a${round}`]: { type: 'integer' } } })),
      ),
  },
  inTurn('heavy-masks', 'six answers under a grammar whose masks are dear', 6, () => [
    fitting(text('^((a|b){1,50}){1,50}$'), 200),
    fitting(text('^(.{1,30}){1,30}$'), 200),
  ]),
  {
    name: 'compile-flood',
    words: 'a schema that is not compiled yet in each request, on four connections',
    run: (target) =>
      asking(target, 4, (lane, round) => {
        const properties = numbered(10, `p${lane}-${round}-`, { type: 'string', maxLength: 50 });
        return post(target, fitting({ type: 'object', properties }, 4));
      }),
  },
  inTurn('branching-schemas', 'schemas whose parts multiply', 4, () => [
    fitting(branching()),
    fitting({ enum: list(5000, (index) => `value${index}`) }),
    fitting({ type: 'object', properties: numbered(300, 'p', { type: 'string' }) }),
  ]),
  inTurn('large-tool-lists', 'lists of 128 tools with ten parameters each', 4, () => [
    chatBody({ tools: heavyTools(), tool_choice: 'required' }),
    chatBody({ tools: heavyTools(), tool_choice: 'auto' }),
  ]),
  // Last: a product may hold it against the key for a while.
  inTurn('natural-mistakes', 'schemas that are far too dear, as they are written by mistake', 2, () =>
    [text('^.{1,5000}$'), { type: 'string', minLength: 1, maxLength: 30_000 }, { type: 'string', maxLength: 1e9 }].map(
      (schema) => fitting(schema),
    ),
  ),
];

export const httpContents: readonly Attack[] = [
  { name: 'deep-json', words: 'bodies nested 1,000,000 deep', run: posting(1, deep) },
  body('empty-messages', '80,000 empty messages', (scale) => ({ messages: list(scale * 80_000, () => said('')) })),
  body('unknown-fields', '200,000 unknown fields', (scale) => numbered(scale * 200_000, 'f', 1)),
  body('many-biases', '300,000 biases', (scale) => ({ logit_bias: numbered(scale * 300_000, '', 1) })),
  body('large-prediction', 'a prediction of 3.9 MB', (scale) => ({
    prediction: { type: 'content', content: 'ab c'.repeat(scale * 975_000) },
  })),
  body('prediction-parts', 'a prediction of 100,000 parts', (scale) => ({
    prediction: { type: 'content', content: list(scale * 100_000, () => ({ type: 'text', text: 'x' })) },
  })),
  body('large-text', 'a message of 3.9 MB', (scale) => ({ messages: [said('a '.repeat(scale * 1_950_000))] })),
  body('many-stops', '100,000 stop texts', (scale) => ({ stop: list(scale * 100_000, (index) => `x${index}`) })),
  body('long-stop', 'a stop text of 3.9 MB', (scale) => ({ stop: 'never '.repeat(scale * 650_000) })),
  body('many-tools', '40,000 tools', (scale) => ({
    tools: list(scale * 40_000, (index) => ({ type: 'function', function: { name: `f${index}` } })),
  })),
  body('many-prompts', '400,000 prompts in a request', (scale) => ({ prompt: list(scale * 400_000, () => 'x') }), {
    path: '/v1/completions',
  }),
  body(
    'responses-items',
    '60,000 items of input, and unknown fields',
    (scale) => ({
      ...{ input: list(scale * 60_000, () => said('')), ...numbered(scale * 20_000, 'f', 1) },
    }),
    { path: '/v1/responses' },
  ),
  { name: 'responses-deep', words: 'deep bodies for /v1/responses', run: posting(1, deep, { path: '/v1/responses' }) },
  body(
    'anthropic-messages',
    '60,000 empty messages for /v1/messages, and unknown fields',
    (scale) => ({
      ...{ messages: list(scale * 60_000, () => said('')), ...numbered(scale * 20_000, 'f', 1) },
    }),
    { path: '/v1/messages' },
  ),
  { name: 'anthropic-deep', words: 'deep bodies for /v1/messages', run: posting(1, deep, { path: '/v1/messages' }) },
  ...grammars,
];
