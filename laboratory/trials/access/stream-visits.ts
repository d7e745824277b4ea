// A stream of one key, asked for with another: every answer must be the one for a stream that there is not.

import type { RawAnswer, RawRequest } from '../hostile/raw-peer.ts';
import { askPatiently, type Case, noStream } from './http-visits.ts';
import type { KeyName } from './rules.ts';
import type { AccessScene } from './scene.ts';

const id = 'kept-stream';

/** @returns what each key got for a stream of the first key with the scope `chat`, and whether that key still has it */
export async function visitStreams({ keys, edge: { port }, model }: AccessScene): Promise<readonly Case[]> {
  const ask = (name: KeyName, method: string, path: string, body?: object): Promise<RawAnswer | null> => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const key = keys[name] === undefined ? [] : [`Authorization: Bearer ${keys[name]}`];
    const lines = [...key, `X-Conversation-Id: ${id}`, `Content-Length: ${Buffer.byteLength(text)}`];
    return askPatiently(port, { method, path, lines, body: [text] } satisfies RawRequest);
  };
  const owner = 'scope chat';
  const messages = [{ role: 'user', content: 'hi' }];
  const begun = await ask(owner, 'POST', '/v1/chat/completions', { model, messages, max_tokens: 8, stream: true });
  const cases = [caseOf('its own key begins it', '200', `${begun?.status}`)];
  const others = (Object.keys(keys) as KeyName[]).filter((name) => name !== owner);
  for (const name of others) {
    const both = (method: string, path: (id: string) => string, body?: (id: string) => object) =>
      Promise.all([id, noStream].map((one) => ask(name, method, path(one), body?.(one))));
    const pairs = {
      GET: await both('GET', (one) => `/v1/stream?conv_id=${one}`),
      lookup: await both(
        'POST',
        () => '/v1/streams/lookup',
        (one) => ({ conversation_ids: [one] }),
      ),
      DELETE: await both('DELETE', (one) => `/v1/stream?conv_id=${one}`),
      'as a response': await both('GET', (one) => `/v1/responses/${one}`),
    };
    for (const [what, [found, unknown]] of Object.entries(pairs))
      cases.push(caseOf(`${what}, ${name}`, wordsOf(unknown), wordsOf(found)));
  }
  const again = await ask(owner, 'GET', `/v1/stream?conv_id=${id}`);
  cases.push(caseOf('its own key reads it again', begun?.body ?? '', again?.body ?? 'no answer'));
  return cases;
}

function wordsOf(answer: RawAnswer | null | undefined): string {
  return answer == null ? 'no answer' : `${answer.status} ${answer.body}`;
}

function caseOf(visit: string, expected: string, found: string): Case {
  return { visit, expected, found, isWrong: found !== expected || found === 'no answer' };
}
