// What the agent of "bench serve" does: a task over several turns with tools, as coding agents write them. The model chooses the calls; the
// results are given, so that each run has the same length.

import type { Message } from '../../../src/models/port/model.ts';
import { readChatRequest } from '../../../src/processes/http/openai-requests.ts';

const files = ['README.md', 'package.json', 'src/clock.ts', 'src/queue.ts', 'src/server.ts', 'test/queue.test.ts'];
const path = { type: 'string', enum: files, description: 'Path of the file, from the root of the repository' };

const system = `You are a coding agent that works in a terminal, in the repository of a small server that is written in TypeScript.
Look at the files before you change them, change as little as the task asks for, and run the tests when you have changed something.
Keep the style of the code around a change. Do not add dependencies, and do not touch files that have nothing to do with the task.
Say in one or two sentences what you have found when you are done.`;

const task = `Requests that are sent while the server closes get no answer: their clients wait until they give up. Find out why, and mend it
so that each of them is answered with the status 503. The queue of src/queue.ts is said to forget them.`;

const tool = (name: string, description: string, properties: object): object => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
  },
});

const tools = [
  tool('read_file', 'Returns the text of a file.', { path }),
  tool('search', 'Returns the lines of all files in which a word occurs, with their numbers.', {
    word: { type: 'string', enum: ['close', 'drain', 'queue', 'status', 'pending'], description: 'The word' },
  }),
  tool('run_tests', 'Runs the tests of a file and returns what they print.', { path }),
];

const results = [
  `README.md\npackage.json\nsrc/clock.ts\nsrc/queue.ts\nsrc/server.ts\ntest/queue.test.ts\n6 files, 412 lines; the last change was made
two days ago: "Close the server when its queue is empty".`,
  `export class Queue<Item> {
  readonly #waiting: Item[] = [];
  #isClosed = false;

  push(item: Item): boolean {
    if (this.#isClosed) return false;
    this.#waiting.push(item);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }
}`,
  `src/server.ts:41: const isTaken = this.#queue.push({ request, response });
src/server.ts:42: if (isTaken) this.#wake();
src/server.ts:67: async close(): Promise<void> {
src/server.ts:68:   this.#queue.close();
src/server.ts:69:   await this.#listener.close();
test/queue.test.ts:12: it('takes nothing after it was closed', () => {`,
  `  async close(): Promise<void> {
    this.#queue.close();
    await this.#listener.close();
  }

  #answer({ request, response }: Pending): void {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(this.#handle(request));
  }`,
  ` test/queue.test.ts (4 tests) 12ms
   x a queue > returns what it has not handed out when it is closed
     expected [] to equal ['first', 'second']
 Tests: 1 failed, 3 passed (4)`,
];

/** Requests of the agent: one more than there are results. */
export const agentTurns: number = results.length + 1;

/** What a client keeps of an answer. */
export interface AgentSaid {
  readonly content: string;
  readonly call: { readonly id: string; readonly name: string; readonly arguments: string } | null;
}

/** The body of a turn's request, after the answers so far. Each turn calls one tool; the last may end the task. */
export function agentBody(model: string, said: readonly AgentSaid[]): object {
  const before = said.flatMap(({ content, call }, turn): readonly object[] => {
    const result = results[turn] ?? '';
    if (call === null)
      return [
        { role: 'assistant', content },
        { role: 'user', content: result },
      ];
    const { id, name, arguments: json } = call;
    const tool_calls = [{ id, type: 'function', function: { name, arguments: json } }];
    return [
      { role: 'assistant', content: content === '' ? null : content, tool_calls },
      { role: 'tool', tool_call_id: id, content: result },
    ];
  });
  return {
    model,
    messages: [{ role: 'system', content: system }, { role: 'user', content: task }, ...before],
    tools,
    tool_choice: said.length === results.length ? 'auto' : 'required',
    parallel_tool_calls: false,
    temperature: 0,
    max_tokens: 64,
  };
}

/** The messages that the model gets of such a body. */
export function messagesOf(body: object): readonly Message[] {
  const [asked] = readChatRequest(body, () => 0n).asked;
  if (asked?.prompt.kind !== 'chat') throw new Error('the body of an agent is no chat');
  return asked.prompt.messages;
}
