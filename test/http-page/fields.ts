// The rows of the table of fields.

import { type Ask, paths, wrong } from './ask.ts';

export interface FieldRow {
  /** First cell; every name in it is a field of a request below. */
  readonly fields: string;
  readonly effect: string;
  readonly asks: readonly Ask[];
}

const tool = { name: 'now', description: 'the time' };
const chatTool = { type: 'function', function: tool };
const lampFormat = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };
const ebnf = { grammar: { kind: 'ebnf' } };
const unsupported = (path: string, field: string, value: unknown = 'x'): Ask => ({
  path,
  body: { [field]: value },
  refused: [400, 'unsupported_parameter', field],
});
const sampled = {
  temperature: 0.5,
  top_p: 0.4,
  top_k: 7,
  min_p: 0.1,
  presence_penalty: 1,
  frequency_penalty: -1,
  repetition_penalty: 1.5,
  logit_bias: { 9: -5 },
};
const sampling = {
  ...{ temperature: 0.5, topP: 0.4, topK: 7, minP: 0.1, presencePenalty: 1, frequencyPenalty: -1 },
  ...{ repetitionPenalty: 1.5, logitBias: [[9, -5]] },
};

export const fieldRows: readonly FieldRow[] = [
  {
    fields: '`model`',
    effect: 'must be the model that `/v1/models` has',
    asks: [{ body: { model: 'other' }, refused: [404, 'model_not_found', 'model'] }],
  },
  {
    fields: '`messages`',
    effect:
      'roles `system`, `developer` (as `system`), `user`, `assistant`, `tool`; text, or parts of type `text`; `tool_calls`',
    asks: [
      {
        body: {
          messages: [
            { role: 'developer', content: 'a' },
            { role: 'user', content: [{ type: 'text', text: 'b' }] },
            { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] },
            { role: 'tool', content: 'c' },
          ],
        },
        writes: [
          {
            prompt: {
              kind: 'chat',
              messages: [{ role: 'system' }, { role: 'user' }, { role: 'assistant' }, { role: 'user' }],
            },
          },
        ],
      },
      {
        body: { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
        refused: [400, 'invalid_value', 'messages[0].content'],
      },
    ],
  },
  {
    fields: '`prompt`',
    effect: 'a text, token ids, or a list of either',
    asks: [
      { path: paths.text, body: { prompt: 'a' }, writes: [{ prompt: { kind: 'text', text: 'a' } }] },
      { path: paths.text, body: { prompt: [1, 2] }, writes: [{ prompt: { kind: 'ids', ids: [1, 2] } }] },
      {
        path: paths.text,
        body: { prompt: ['a', 'b'] },
        writes: [{ prompt: { text: 'a' } }, { prompt: { text: 'b' } }],
      },
      { path: paths.text, body: { prompt: [[1], [2]] }, writes: [{ prompt: { ids: [1] } }, { prompt: { ids: [2] } }] },
    ],
  },
  {
    fields: '`echo` (`/v1/completions`)',
    effect: 'the answer begins with its prompt, its `logprobs` with [those of the prompt](#log-probabilities)',
    asks: [
      { path: paths.text, body: { echo: true, logprobs: 2 }, writes: [{ echo: { topLogprobs: 2 } }] },
      { path: paths.text, body: { echo: true }, writes: [{ echo: { topLogprobs: null } }] },
      ...wrong('echo', 'yes').map((one) => ({ ...one, path: paths.text })),
    ],
  },
  {
    fields: '`max_tokens`, `max_completion_tokens`',
    effect: 'default: what the context holds; 16 for `/v1/completions`. 0 with `echo`: the prompt alone',
    asks: [
      { path: paths.text, body: { echo: true, max_tokens: 0 }, writes: [{ maxTokens: 0 }] },
      { path: paths.text, body: { max_tokens: 0 }, refused: [400, 'invalid_value', 'max_tokens'] },
      { body: {}, writes: [{ maxTokens: null }] },
      { body: { max_tokens: 5 }, writes: [{ maxTokens: 5 }] },
      { body: { max_tokens: 5, max_completion_tokens: 7 }, writes: [{ maxTokens: 7 }] },
      { path: paths.text, body: {}, writes: [{ maxTokens: 16 }] },
    ],
  },
  {
    fields:
      '`temperature` (default 1), `top_p`, `top_k`, `min_p`, `presence_penalty`, `frequency_penalty`, `repetition_penalty`, `logit_bias`',
    effect: 'exact, also with drafts; sampling is among the 64 most likely tokens',
    asks: [
      { body: {}, writes: [{ sampling: { temperature: 1, topP: 1, topK: 0, minP: 0, logitBias: [] } }] },
      { body: sampled, writes: [{ sampling }] },
      { path: paths.text, body: sampled, writes: [{ sampling }] },
      ...wrong('temperature', -0.1, 2.1),
      ...wrong('top_p', 0, 1.1),
      ...wrong('top_k', -2, 65),
      ...wrong('min_p', -0.1, 1),
      ...wrong('presence_penalty', -2.1, 2.1),
      ...wrong('frequency_penalty', -2.1, 2.1),
      ...wrong('repetition_penalty', 0, 2.1),
    ],
  },
  {
    fields: '`seed`',
    effect: 'a whole number up to 2^53 - 1, or its negative; default: random. Choice k of `n` has the seed plus k',
    asks: [
      { body: { seed: 2 ** 53 - 1 }, writes: [{ sampling: { seed: 2n ** 53n - 1n } }] },
      { body: { seed: 4, n: 2 }, writes: [{ sampling: { seed: 4n } }, { sampling: { seed: 5n } }] },
      ...wrong('seed', 2 ** 53, 0.5),
    ],
  },
  {
    fields: '`n`',
    effect: 'up to 16 answers to a request, prompts times choices. Each takes a place of the edge or waits for one',
    asks: [
      { body: { n: 16 }, writes: Array.from({ length: 16 }, () => ({})) },
      ...wrong('n', 0, 17),
      { path: paths.text, body: { prompt: ['a', 'b', 'c'], n: 6 }, refused: [400, 'invalid_value', 'prompt'] },
    ],
  },
  {
    fields: '`stop`',
    effect: 'a text or up to four, each up to 64 bytes; found across tokens, never part of the answer',
    asks: [
      { body: { stop: 'x'.repeat(64) }, writes: [{ stopStrings: ['x'.repeat(64)] }] },
      { body: { stop: ['a', 'b', 'c', 'd'] }, writes: [{ stopStrings: ['a', 'b', 'c', 'd'] }] },
      ...wrong('stop', '', 'x'.repeat(65), ['a', 'b', 'c', 'd', 'e']),
    ],
  },
  {
    fields: '`prediction` (`/v1/chat/completions`)',
    effect: '`{"type": "content", "content": ...}`: a text that the answer will probably repeat; its tokens are drafts',
    asks: [
      {
        body: { prediction: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
        writes: [{ prediction: 'a' }],
      },
      { path: paths.text, body: { prediction: { type: 'content', content: 'a' } }, ignores: ['prediction'] },
    ],
  },
  {
    fields: '`stream`, `stream_options.include_usage`',
    effect: 'chunks in the order that the official clients require',
    asks: [{ body: { stream: true, stream_options: { include_usage: true } }, writes: [{ isStreamed: true }] }],
  },
  {
    fields: '`background` (`/v1/responses`)',
    effect: 'the answer [outlives its connection](#streams-that-outlive-their-connection)',
    asks: [{ path: paths.responses, body: { background: true, stream: true }, writes: [{ isStreamed: true }] }],
  },
  {
    fields: '`user`, `metadata`, `store`, and others that change no text',
    effect: 'no effect; named in the header `x-ignored-params`',
    asks: [
      {
        body: { user: 'a', metadata: { a: 'b' }, store: true, service_tier: 'auto' },
        ignores: ['user', 'metadata', 'store', 'service_tier'],
      },
    ],
  },
  {
    fields: '`response_format` (`/v1/chat/completions`), `text.format` (`/v1/responses`)',
    effect: '`text`, `json_object`, `json_schema`: [structured output](#structured-output)',
    asks: [
      { body: { response_format: { type: 'text' } }, writes: [{}] },
      ...[{ type: 'json_object' }, lampFormat].map((format) => ({
        body: { response_format: format },
        writes: [ebnf],
      })),
      ...[{ type: 'json_object' }, { type: 'json_schema', name: 'x', schema: { type: 'object' } }].map((format) => ({
        path: paths.responses,
        body: { text: { format } },
        writes: [ebnf],
      })),
      {
        body: { response_format: { type: 'grammar' } },
        refused: [400, 'unsupported_parameter', 'response_format'],
      },
      unsupported(paths.text, 'response_format', lampFormat),
    ],
  },
  {
    fields: '`tools`, `tool_choice`, `parallel_tool_calls`',
    effect: 'functions that the model may call: [tools](#tools); not with `/v1/completions`',
    asks: [
      {
        body: { tools: [chatTool], tool_choice: 'required', parallel_tool_calls: false },
        writes: [ebnf],
      },
      {
        path: paths.responses,
        body: { tools: [{ type: 'function', ...tool }] },
        writes: [{ grammar: { kind: 'structural-tag' } }],
      },
      {
        path: paths.messages,
        body: { tools: [{ ...tool, input_schema: {} }], tool_choice: { type: 'any' } },
        writes: [ebnf],
      },
      unsupported(paths.text, 'tools', [chatTool]),
    ],
  },
  {
    fields: '`logprobs`, `top_logprobs`, `include` (`/v1/responses`)',
    effect: '[log probabilities](#log-probabilities)',
    asks: [
      { body: { logprobs: true, top_logprobs: 20 }, writes: [{ topLogprobs: 20 }] },
      ...wrong('top_logprobs', 21, 3),
      { path: paths.text, body: { logprobs: 5 }, writes: [{ topLogprobs: 5 }] },
      {
        path: paths.responses,
        body: { include: ['message.output_text.logprobs'], top_logprobs: 2 },
        writes: [{ topLogprobs: 2 }],
      },
      { path: paths.responses, body: { include: ['reasoning.encrypted_content'] }, ignores: ['include'] },
      { path: paths.messages, body: { logprobs: true }, refused: [400, 'unsupported_parameter', 'logprobs'] },
    ],
  },
  {
    fields: '`input`, `instructions`, `max_output_tokens` (`/v1/responses`)',
    effect: 'a text, or messages of text, calls and their results',
    asks: [
      {
        path: paths.responses,
        body: {
          instructions: 'a',
          input: [
            { role: 'user', content: 'b' },
            { type: 'function_call', name: 'f', arguments: '{}' },
            { type: 'function_call_output', output: 'c' },
          ],
          max_output_tokens: 5,
        },
        writes: [
          {
            maxTokens: 5,
            prompt: { messages: [{ role: 'system' }, { role: 'user' }, { role: 'assistant' }, { role: 'user' }] },
          },
        ],
      },
    ],
  },
  {
    fields: '`system`, `max_tokens`, `stop_sequences` (`/v1/messages`)',
    effect: 'as Anthropic has them; `seed` works too',
    asks: [
      {
        path: paths.messages,
        body: { system: 'a', max_tokens: 5, stop_sequences: ['b'], seed: 3 },
        writes: [{ maxTokens: 5, stopStrings: ['b'], sampling: { seed: 3n }, prompt: { messages: [{}, {}] } }],
      },
      {
        path: paths.messages,
        body: { stop_sequences: ['a', 'b', 'c', 'd', 'e'] },
        refused: [400, 'invalid_value', 'stop_sequences'],
      },
    ],
  },
  {
    fields: '`functions`, `audio`, `suffix`, `thinking`, `previous_response_id`, ...',
    effect: '400 `unsupported_parameter`',
    asks: [
      unsupported(paths.chat, 'functions', [tool]),
      unsupported(paths.chat, 'audio', { voice: 'x' }),
      unsupported(paths.text, 'suffix'),
      unsupported(paths.messages, 'thinking', { type: 'enabled' }),
      unsupported(paths.responses, 'previous_response_id'),
    ],
  },
];
