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

/** A name of a way, and the way; or why it can't be gone. */
export interface Way {
  readonly name: string;
  readonly stream: Stream | { readonly missing: string };
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

/** By litellm's Router, whose fallback is the second of the bases. @param continues whether it asks that one to continue what was sent */
export function litellmStream(continues: boolean): Way['stream'] {
  const found = interpreterOf('agents');
  if ('missing' in found) return found;
  return async (ask, bases, onDelta) => {
    const child = spawn(found.interpreter, ['-I', join(found.folder, 'litellm_cut.py')], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    const closed = once(child, 'close');
    child.stdin.end(`${JSON.stringify({ ...ask, bases, key: 'none', continues })}\n`);
    let end = failedBy('the Python process has ended');
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as Readonly<Record<'delta' | 'end' | 'error', string | undefined>>;
      if (said.delta !== undefined) onDelta(said.delta);
      if (said.error !== undefined) end = failedBy(said.error);
      if (said.end !== undefined) end = said.end;
    }
    await closed;
    return end;
  };
}

function failedBy(cause: string): string {
  return `error: ${cause.replaceAll(/\s+/g, ' ').slice(0, 160)}`;
}
