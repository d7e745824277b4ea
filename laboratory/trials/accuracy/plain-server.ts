// llama.cpp alone behind a few lines of HTTP: node-llama-cpp of the same build as the edge's, with its own tokenization, its own calls and its
// own greedy choice. Nothing of our engine, protocol or edge is used.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';

export interface PlainServer extends AsyncDisposable {
  /** "http://127.0.0.1:PORT" */
  readonly url: string;
  /** "llama.cpp v0.5.0" */
  readonly engine: string;
}

interface Question {
  readonly prompt: string;
  readonly tokens: readonly number[];
  readonly max_tokens: number;
  readonly stop?: readonly string[] | string | null;
}

/** @param path of a GGUF file @param batchSize most tokens of a call of the engine */
export async function startPlainServer(path: string, contextSize: number, batchSize: number): Promise<PlainServer> {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  const llama = await getLlama({
    build: 'never',
    skipDownload: true,
    gpu: false,
    logLevel: LlamaLogLevel.error,
    progressLogs: false,
  });
  const model = await llama.loadModel({ modelPath: path });
  // Attention as the edge computes it, and one thread, which other programs can't slow down; all else is the library's default.
  const context = await model.createContext({ sequences: 1, contextSize, batchSize, flashAttention: true, threads: 1 });
  const sequence = context.getSequence();
  // One answer after the other.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Made>(make: () => Promise<Made>): Promise<Made> => {
    const made = last.then(make, make);
    last = made.catch(() => {});
    return made;
  };
  const routes: Readonly<Record<string, (question: Question) => unknown>> = {
    'POST /v1/completions': (question) => inTurn(() => complete(model, sequence, question)),
    'POST /tokenize': ({ prompt }) => ({ tokens: model.tokenize(prompt, false) }),
    'POST /detokenize': ({ tokens }) => ({ prompt: model.detokenize(tokens as Token[], true) }),
    'GET /tokenizer_info': () => ({ eos_token: null, eos_token_id: model.tokens.eos }),
  };
  const server = createServer(async (request, response) => {
    try {
      const answer = routes[`${request.method} ${request.url}`];
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify((await answer?.(await bodyOf(request))) ?? {}));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    engine: `llama.cpp ${llama.llamaCppRelease.release}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await model.dispose();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Question> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Question;
}

/** The likeliest token each time, until an end token, a stop text or the limit. */
async function complete(model: LlamaModel, sequence: LlamaContextSequence, question: Question): Promise<object> {
  const { prompt, max_tokens: most } = question;
  const stops = typeof question.stop === 'string' ? [question.stop] : (question.stop ?? []);
  await sequence.clearHistory();
  const begun = model.tokenize(prompt, false);
  const tokens: Token[] = [];
  let text = '';
  for await (const token of sequence.evaluate(begun, { temperature: 0 })) {
    tokens.push(token);
    text = model.detokenize(tokens, false, begun);
    if (tokens.length === most || stops.some((stop) => text.includes(stop))) break;
  }
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
  return { choices: [{ index: 0, text: text.slice(0, Math.min(text.length, ...ends)), finish_reason: 'stop' }] };
}
