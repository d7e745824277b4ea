// OpenAI's client for Python, in a process of its own: python/openai-client/calls.py, one line of JSON for each call.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { defaultCacheDirectory } from '../../../src/models/files/cache.ts';
import { shippedPath } from '../../../src/models/files/shipped-path.ts';
import {
  type ApiCall,
  type ApiClient,
  type ApiPlace,
  type Asked,
  callsBy,
  demand,
  type Read,
  stopFromText,
  type ToolCall,
} from './call.ts';
import { read, tools } from './light.ts';
import { type ChatAsked, chatAsked, chatFields, formAsked, responseFields, textAsked, textFields } from './requests.ts';

/** The client, or in words why it can't be called. Disposing of it ends its process. */
export async function openPythonClient(): Promise<(ApiClient & Disposable) | { readonly missing: string }> {
  const folder = shippedPath('python/openai-client');
  const list = join(folder, 'requirements.txt');
  if (!existsSync(list)) return { missing: 'a clone of the repository has it; this package does not' };
  const mark = createHash('sha256').update(readFileSync(list)).digest('hex').slice(0, 12);
  const environment = join(defaultCacheDirectory(), 'openai-client', `python-${mark}`);
  if (!existsSync(join(environment, 'complete')))
    return { missing: 'it is not installed; "python3 python/openai-client/setup.py" does that (20 MB)' };
  const interpreter = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const child = spawn(interpreter, ['-I', join(folder, 'calls.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  // The process may not start, or end before it has read: then there is no line.
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<Line> => {
    const { value, done } = await lines.next();
    return done === true ? { error: 'the Python process has ended' } : (JSON.parse(value) as Line);
  };
  const { version, error: missing } = await nextLine();
  demand(version !== undefined, `${missing}`);
  // It answers in the order of the requests.
  const ask: AskPython = async (kind, { baseUrl, key }, fields) => {
    child.stdin.write(`${JSON.stringify({ kind, baseUrl, key, fields })}\n`);
    const { text = '', error } = await nextLine();
    demand(error === undefined, `${error}`);
    return text;
  };
  const name = 'openai for Python';
  return { name, version, calls: callsOf(ask), [Symbol.dispose]: () => child.stdin.end() };
}

interface Line {
  readonly version?: string;
  readonly text?: string;
  readonly error?: string;
}

/** @throws Error in the client's words */
type AskPython = (kind: string, place: ApiPlace, fields: object) => Promise<string>;

/** The name of each call is also its kind in calls.py. */
function callsOf(ask: AskPython): readonly ApiCall[] {
  const make = <Own extends Asked>(fieldsOf: (place: ApiPlace, asked: Own) => object) => {
    const call = callsBy((place) => place, fieldsOf);
    return (kind: string, asked: Own, more: object = {}, read?: Read) =>
      call(kind, asked, async (place, fields) => ({ text: await ask(kind, place, fields) }), more, read);
  };
  const chat = make(chatFields);
  const text = make(textFields);
  // The client takes a field that it does not know in `extra_body` only.
  const response = make((place, asked: ChatAsked) => {
    const { seed, ...fields } = responseFields(place, asked);
    return { ...fields, extra_body: { seed } };
  });
  const models: ApiCall = {
    name: 'models',
    async run(place) {
      const id = await ask('models', place, {});
      demand(id === place.model, `the model is ${id}`);
      return [];
    },
  };
  return [
    models,
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

const oneCall = {
  tools: tools.map((one) => ({ type: 'function', function: one })),
  parallel_tool_calls: false,
  tool_choice: 'required',
};

/** The answers that have a form come as JSON. In Python the schema is a model of pydantic; it is the same as here. */
const readLamp: Read = ({ text }) => read.lamp({ text, parsed: JSON.parse(text) });
const readCall: Read = ({ text }) => read.oneCall({ text, calls: JSON.parse(text) as ToolCall[] });
