// The calls of the clients for Python: driven by a module of python/api-clients each.

import { isDeepStrictEqual } from 'node:util';
import {
  type ApiCall,
  type ApiPlace,
  type Asked,
  callsBy,
  demand,
  type Read,
  type ReceivedText,
  stopFromText,
  type ToolCall,
} from './call.ts';
import { lampJsonSchema, oneLamp, oneLampJsonSchema, read, tools } from './light.ts';
import type { AskPython, PythonClient } from './python-client.ts';
import { type ChatAsked, chatAsked, chatFields, formAsked, responseFields, textAsked, textFields } from './requests.ts';

/** Makes calls to one route; the name of each call is also its kind in the module. */
function maker<Own extends Asked>(ask: AskPython, fieldsOf: (place: ApiPlace, asked: Own) => object) {
  const call = callsBy((place) => place, fieldsOf);
  return (kind: string, asked: Own, more: object = {}, read?: Read) =>
    call(kind, asked, async (place, fields) => ({ text: await ask(kind, place, fields) }), more, read);
}

function openaiCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  const text = maker(ask, textFields);
  const response = maker(ask, responseBody);
  return [
    modelCall(ask, 'models'),
    chat('chat', chatAsked(40)),
    chat('chat, stream', chatAsked(41)),
    // The helper takes an answer that ends at its limit for a failure, so this one ends by a stop text.
    chat('chat, stream helper', chatAsked(42, { stop: stopFromText })),
    text('completions', textAsked(43)),
    text('completions, stream', textAsked(44)),
    response('responses', chatAsked(45)),
    response('responses, stream', chatAsked(46)),
    chat('chat parse, pydantic', formAsked(250), {}, readLamp),
    chat('chat stream helper, pydantic', formAsked(251), {}, readLamp),
    chat('chat, tools', formAsked(252), oneCall, readCall),
    chat('chat, tools, stream helper', formAsked(253), oneCall, readCall),
    response('responses parse, pydantic', formAsked(254), {}, readLamp),
  ];
}

/** A call that gives the name of the model. */
function modelCall(ask: AskPython, name: string): ApiCall {
  const run: ApiCall['run'] = async (place) => {
    const id = await ask(name, place, {});
    demand(id === place.model, `the model is ${id}`);
    return [];
  };
  return { name, run };
}

const oneCall = {
  tools: tools.map((one) => ({ type: 'function', function: one })),
  parallel_tool_calls: false,
  tool_choice: 'required',
};

/** The answers that have a form come as JSON. In Python the schema is a model of pydantic; it is the same as here. */
const readLamp: Read = ({ text }) => read.lamp({ text, parsed: JSON.parse(text) });
const readCall: Read = ({ text }) => read.oneCall({ text, calls: JSON.parse(text) as ToolCall[] });

const llmFields = (place: ApiPlace, asked: ChatAsked): object => ({
  ...chatFields(place, asked),
  schema: lampJsonSchema,
});
const nextQuestion = 'And why is it red in the evening?';

/** The command prints a text, or two of one conversation as JSON. */
function llmCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, llmFields);
  const talk = callsBy((place) => place, llmFields);
  const conversation = async (place: ApiPlace, fields: object, asked: ChatAsked): Promise<readonly ReceivedText[]> => {
    const printed = await ask('prompt, then -c', place, { ...fields, next: nextQuestion });
    const [first = '', second = ''] = JSON.parse(printed) as readonly string[];
    const { messages } = asked.prompt;
    const said = [{ role: 'assistant', content: first } as const, { role: 'user', content: nextQuestion } as const];
    const then = { ...asked, prompt: { messages: [...messages, ...said] } };
    return [
      { asked, text: first },
      { asked: then, text: second },
    ];
  };
  return [
    chat('prompt', chatAsked(60)),
    chat('prompt --no-stream', chatAsked(61)),
    talk('prompt, then -c', chatAsked(62), conversation),
    chat('prompt --schema', formAsked(260), {}, readLamp),
    chat('prompt --functions', chatAsked(63), {}, read.textAndCount),
    maker(ask, textFields)('completion model', textAsked(64)),
  ];
}

/** These clients take a field that they do not know in `extra_body`. */
function responseBody(place: ApiPlace, asked: ChatAsked): object {
  const { seed, ...fields } = responseFields(place, asked);
  return { ...fields, extra_body: { seed } };
}

function litellmCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  const response = maker(ask, responseBody);
  // Its translation for Anthropic knows no seed.
  const message = maker(ask, (place, asked: ChatAsked) => {
    const { model, messages, max_tokens } = chatFields(place, asked);
    return { model, messages, max_tokens, temperature: 0 };
  });
  return [
    chat('openai/ chat', chatAsked(65)),
    chat('openai/ chat, stream', chatAsked(66)),
    chat('hosted_vllm/ chat', chatAsked(67)),
    chat('openai/ tools', formAsked(261), oneCall, readCall),
    chat('openai/ response_format, pydantic', formAsked(262), {}, readLamp),
    maker(ask, textFields)('text_completion', textAsked(68)),
    response('responses', chatAsked(69)),
    response('responses, stream', chatAsked(73)),
    message('anthropic/ chat', chatAsked(76, { temperature: 0, topP: 1 })),
  ];
}

function agentsCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  return [
    chat('chat', chatAsked(74)),
    chat('chat, stream', chatAsked(75)),
    chat('chat, tools', formAsked(263), {}, readLoop),
    chat('chat, output_type', formAsked(264), {}, readLamp),
    // It takes an answer of this route that ends at its limit for a failure: these end by themselves.
    chat('responses, tools', formAsked(265), {}, readLoop),
    chat('responses, output_type', formAsked(266), {}, readLamp),
  ];
}

/** The calls that were made, and the last words; null: it ended with the call. */
const readLoop: Read = ({ text }) => {
  const [called, said] = JSON.parse(text) as [ToolCall[], string | null];
  return `${read.lampCall({ text, calls: called })}${said}`;
};

function instructorCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  return [
    chat('TOOLS', formAsked(267), { parallel_tool_calls: false }, readLamp),
    chat('JSON_SCHEMA', formAsked(268), {}, readLamp),
    chat('JSON_SCHEMA, partial', formAsked(269), {}, readLamp),
  ];
}

function pydanticCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  return [
    chat('chat', chatAsked(77)),
    chat('chat, stream', chatAsked(78)),
    chat('chat, tool output', formAsked(270), {}, readLamp),
    chat('chat, native output', formAsked(271), {}, readLamp),
    chat('chat, tool loop', formAsked(272), {}, read.textAndCount),
    chat('responses', chatAsked(79)),
    chat('responses, native output', formAsked(273), {}, readLamp),
  ];
}

/** It writes the system message, and asks at temperature 0. */
function aiderCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  return [
    chat('ask', chatAsked(80), {}, ({ text }) => text),
    chat('ask --no-stream', chatAsked(80), {}, ({ text }) => text),
  ];
}

/** It sends neither a seed nor a limit: the schema leaves it one text. */
function codexCalls(ask: AskPython): readonly ApiCall[] {
  const exec = maker(ask, (place, asked: ChatAsked) => ({
    ...chatFields(place, asked),
    schema: oneLampJsonSchema,
    next: nextQuestion,
  }));
  return [
    exec('exec', chatAsked(81), {}, ({ text }) => readOneLamp(text, 1)),
    exec('exec, then resume', chatAsked(81), {}, ({ text }) => readOneLamp(text, 2)),
  ];
}

/** Texts as JSON. @throws Error where they are not as many, or one is not that of the schema */
function readOneLamp(texts: string, count: number): string {
  const values = (JSON.parse(texts) as readonly string[]).map((text) => JSON.parse(text) as unknown);
  const expected = values.map(() => oneLamp);
  demand(isDeepStrictEqual(values, expected) && values.length === count, `the turns end with ${texts}`);
  return texts;
}

function guidellmCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  return [
    chat('/v1/chat/completions', chatAsked(82)),
    chat('/v1/chat/completions, four at once', chatAsked(83)),
    chat('/v1/responses', chatAsked(84)),
    maker(ask, textFields)('/v1/completions', textAsked(85)),
  ];
}

function openWebuiCalls(ask: AskPython): readonly ApiCall[] {
  const chat = maker(ask, chatFields);
  return [modelCall(ask, 'test of a connection'), chat('chat', chatAsked(86)), chat('chat, stream', chatAsked(87))];
}

/** Those of every run. */
export const pythonClients: readonly PythonClient[] = [
  { name: 'openai for Python', list: 'openai', module: 'openai_calls', callsOf: openaiCalls },
  { name: 'llm', list: 'agents', module: 'llm_calls', callsOf: llmCalls },
  { name: 'litellm', list: 'agents', module: 'litellm_calls', callsOf: litellmCalls },
  { name: 'openai-agents', list: 'agents', module: 'agents_calls', callsOf: agentsCalls },
];

/** Those of the night: they take minutes to install. */
export const nightClients: readonly PythonClient[] = [
  { name: 'instructor', list: 'structured', module: 'instructor_calls', callsOf: instructorCalls },
  { name: 'pydantic-ai', list: 'structured', module: 'pydantic_ai_calls', callsOf: pydanticCalls },
  { name: 'aider', list: 'aider', module: 'aider_calls', callsOf: aiderCalls },
  { name: 'codex', list: 'codex', module: 'codex_calls', callsOf: codexCalls },
  { name: 'guidellm', list: 'guidellm', module: 'guidellm_calls', callsOf: guidellmCalls },
  { name: 'open-webui', list: 'open-webui', module: 'open_webui_calls', callsOf: openWebuiCalls },
];
