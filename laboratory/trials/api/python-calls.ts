// OpenAI's client for Python, in a process of its own: python/openai-client/calls.py, one line of JSON for each call.

import { type ChildProcess, spawn } from 'node:child_process';
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
  type ChatAsked,
  chatAsked,
  demand,
  sampled,
  textAsked,
  withStop,
} from './call.ts';
import { bothTools, type CallHeard, callsText, formTokens, lampText } from './light.ts';

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
  const python = new PythonProcess(
    spawn(interpreter, ['-I', join(folder, 'calls.py')], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  return {
    name: 'openai for Python',
    version: await python.version,
    calls: callsOf(python),
    [Symbol.dispose]: () => python.close(),
  };
}

interface Line {
  readonly id?: number;
  readonly version?: string;
  readonly text?: string;
  readonly error?: string;
}

class PythonProcess {
  readonly version: Promise<string>;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (line: Line) => void>();
  #lastId = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    // It may end before it has read.
    child.stdin?.on('error', () => {});
    this.version = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => {
        reject(new Error('the Python process has ended'));
        for (const tell of this.#asked.values()) tell({ error: 'the Python process has ended' });
      });
      if (child.stdout === null) return;
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as Line;
        if (line.version !== undefined) resolve(line.version);
        this.#asked.get(line.id ?? 0)?.(line);
        this.#asked.delete(line.id ?? 0);
      });
    });
  }

  /** @throws Error in the client's words */
  async ask(kind: string, { baseUrl, key }: ApiPlace, fields: object): Promise<string> {
    const id = ++this.#lastId;
    const line = await new Promise<Line>((resolve) => {
      this.#asked.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ id, kind, baseUrl, key, fields })}\n`);
    });
    if (line.error !== undefined) throw new Error(line.error);
    return line.text ?? '';
  }

  close(): void {
    this.#child.stdin?.end();
  }
}

function callsOf(python: PythonProcess): readonly ApiCall[] {
  const call = (kind: string, asked: Asked, fields: object): ApiCall => ({
    name: kind,
    run: async (place) => [{ asked, text: await python.ask(kind, place, { model: place.model, ...fields }) }],
  });
  const chat = (kind: string, number: number): ApiCall => call(kind, chatAsked(number), chatFields(chatAsked(number)));
  const text = (kind: string, number: number): ApiCall => {
    const asked = textAsked(number);
    return call(kind, asked, { prompt: asked.prompt.text, ...sampled(asked) });
  };
  const responses = (kind: string, number: number): ApiCall => {
    const asked = chatAsked(number);
    const { temperature, topP: top_p = 1, maxTokens: max_output_tokens, seed, prompt } = asked;
    const [system, ...input] = prompt.messages;
    const fields = { instructions: system?.content, input, temperature, top_p, max_output_tokens };
    return call(kind, asked, { ...fields, extra_body: { seed } });
  };
  return [
    {
      name: 'models',
      async run(place) {
        const id = await python.ask('models', place, {});
        demand(id === place.model, `the model is ${id}`);
        return [];
      },
    },
    ...[chat('chat', 40), chat('chat, stream', 41), streamHelper(python)],
    ...[text('completions', 43), text('completions, stream', 44)],
    ...[responses('responses', 45), responses('responses, stream', 46)],
    ...formCalls(python),
  ];
}

/** In Python the schema is a model of pydantic; it is the same as here. */
function formCalls(python: PythonProcess): readonly ApiCall[] {
  const tools = bothTools.map((one) => ({ type: 'function', function: one }));
  const call = (kind: string, number: number, fields: object, textOf: (text: string) => string): ApiCall => ({
    name: kind,
    async run(place) {
      const asked = chatFields(chatAsked(number, { maxTokens: formTokens }));
      const text = await python.ask(kind, place, { model: place.model, ...asked, ...fields });
      return [{ asked: null, text: textOf(text) }];
    },
  });
  const lampOf = (text: string): string => lampText(JSON.parse(text));
  const callsOf = (text: string): string => callsText(JSON.parse(text) as CallHeard[], 1);
  const one = { tools, parallel_tool_calls: false, tool_choice: 'required' };
  return [
    call('chat parse, pydantic', 250, {}, lampOf),
    call('chat stream helper, pydantic', 251, {}, lampOf),
    call('chat, tools', 252, one, callsOf),
    call('chat, tools, stream helper', 253, one, callsOf),
    {
      name: 'responses parse, pydantic',
      async run(place) {
        const { temperature, top_p, max_tokens, seed } = sampled(chatAsked(254, { maxTokens: formTokens }));
        const [, input] = chatAsked(254).prompt.messages;
        const fields = { input: [input], temperature, top_p, max_output_tokens: max_tokens, extra_body: { seed } };
        const text = await python.ask('responses parse, pydantic', place, { model: place.model, ...fields });
        return [{ asked: null, text: lampOf(text) }];
      },
    },
  ];
}

/** It takes an answer that ends at its limit for a failure, so this one ends by a stop text. */
function streamHelper(python: PythonProcess): ApiCall {
  const kind = 'chat, stream helper';
  return {
    name: kind,
    async run(place) {
      const asked = { ...chatAsked(42), stop: [await withStop(place, chatAsked(42))] };
      const fields = { model: place.model, ...chatFields(asked) };
      return [{ asked, text: await python.ask(kind, place, fields) }];
    },
  };
}

function chatFields(asked: ChatAsked): object {
  return { messages: asked.prompt.messages, ...sampled(asked) };
}
