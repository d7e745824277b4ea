import { describe, expect, it } from 'vitest';
import type { HelloMessage } from '../../core/protocol/wire/messages.ts';
import type { Drafter } from '../../models/port/drafter.ts';
import { createToyTokenizer } from '../../models/port/toy-tokenizer.ts';
import type { EdgeWatch } from './edge-watch.ts';
import { writeLocally } from './local-part.ts';
import { Vocabularies } from './local-writer.ts';

const tokenizer = createToyTokenizer(49_152);
/** It is at the end of its text before anybody has read the first token. */
const drafter: Drafter = {
  draft: async () => ({ token: 500, confidence: 1 }),
  async [Symbol.asyncDispose](): Promise<void> {},
};
const writer = { tokenizer, drafter };

async function partOf(back: Promise<HelloMessage>) {
  let tokens = 0;
  const watch = { back: () => back } as unknown as EdgeWatch;
  const request = {
    ...({
      prompt: { kind: 'ids', ids: [1, 2] },
      sampling: { temperature: 0 },
      stopStrings: [],
      maxTokens: 30,
    } as const),
    isStreamed: true,
    credentials: undefined,
    signal: new AbortController().signal,
  };
  const report = await writeLocally(
    { request, writer, vocabularies: new Vocabularies(writer, writer), watch, greeted: () => {} },
    {
      begun: { ids: [], text: '' },
      isSoon: true,
      givesWay: true,
      signal: request.signal,
      wrote: (emission) => {
        tokens += emission.tokens.length;
      },
    },
  );
  return { report, tokens };
}

describe('a part that a local model writes', () => {
  it('is no answer where an edge is back before its text is taken', async () => {
    const back = new Promise<HelloMessage>((resolve) => setTimeout(() => resolve({} as HelloMessage), 100));
    expect(await partOf(back)).toEqual({ report: null, tokens: 0 });
  });

  it('is the answer where none is', async () => {
    const { report, tokens } = await partOf(new Promise(() => {}));
    expect(tokens).toBe(30);
    expect(report?.outcome).toMatchObject({ kind: 'unverified', reason: 'length' });
  });
});
