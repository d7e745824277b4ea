// The same stream by different ways: each gives the parts of the text as they come, and how it ended.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { interpreterOf } from '../api/python-client.ts';

/** What is asked, and where. */
export interface CutAsk {
  readonly model: string;
  readonly fields: {
    readonly messages: readonly { readonly role: 'user'; readonly content: string }[];
    readonly temperature: number;
    readonly seed: number;
    readonly max_tokens: number;
  };
}

/** @returns the reason of the end, or what the client says of the failure */
export type Stream = (ask: CutAsk, bases: readonly string[], onDelta: (text: string) => void) => Promise<string>;

export interface Way {
  readonly name: string;
  readonly stream: Stream;
}

/** By OpenAI's own client, from the first of the bases. */
export const plainStream: Stream = async ({ model, fields }, [baseURL = ''], onDelta) => {
  const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 });
  let end = 'none';
  try {
    const { messages, ...more } = fields;
    const request = { ...more, model, messages: [...messages], stream: true as const };
    for await (const { choices } of await client.chat.completions.create(request)) {
      const [choice] = choices;
      if (choice?.delta.content) onDelta(choice.delta.content);
      end = choice?.finish_reason ?? end;
    }
    return end;
  } catch (error) {
    return failedBy(error instanceof Error ? error.message : String(error));
  }
};

/** A process with litellm, which takes long to start. */
export interface Litellm extends AsyncDisposable {
  /** By its Router, whose fallback is the second of the bases. @param continues whether it asks that one to continue what was sent */
  streamOf(continues: boolean): Stream;
}

type Said = { readonly id: number } & Readonly<Record<'delta' | 'end' | 'error', string | undefined>>;

export function openLitellm(): Litellm | { readonly missing: string } {
  const found = interpreterOf('agents');
  if ('missing' in found) return found;
  const child = spawn(found.interpreter, ['-I', join(found.folder, 'litellm_cut.py')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const closed = once(child, 'close');
  const waiting = new Map<number, (said: Said) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as Said;
    waiting.get(said.id)?.(said);
  });
  let lastId = 0;
  const gone = closed.then(() => failedBy('the Python process has ended'));
  return {
    streamOf: (continues) => (ask, bases, onDelta) => {
      lastId += 1;
      const id = lastId;
      const ended = new Promise<string>((resolve) => {
        waiting.set(id, ({ delta, end, error }) => {
          if (delta !== undefined) onDelta(delta);
          if (error !== undefined) resolve(failedBy(error));
          if (end !== undefined) resolve(end);
        });
      });
      child.stdin.write(`${JSON.stringify({ ...ask, id, bases, key: 'none', continues })}\n`);
      return Promise.race([ended, gone]).finally(() => waiting.delete(id));
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}

function failedBy(cause: string): string {
  return `error: ${cause.replaceAll(/\s+/g, ' ').slice(0, 160)}`;
}
