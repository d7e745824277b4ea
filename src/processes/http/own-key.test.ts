import { describe, expect, it } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { apiErrorOf } from './api-error.ts';
import type { Completer, Completion, CompletionRequest, Round } from './completion-port.ts';
import { withOwnKey } from './own-key.ts';

const refused = new OutriderError('unauthorized', 'the edge does not know this key', 'give a key');
const full = new OutriderError('edge-full', 'no place', 'later');
const request: CompletionRequest = {
  prompt: { kind: 'text', text: 'a' },
  sampling: neutralSampling,
  stopStrings: [],
  isStreamed: false,
  maxTokens: 1,
  credentials: 'of-the-client',
  signal: new AbortController().signal,
};

function completerOf(start: Completer['start']): Completer {
  return {
    model: 'm',
    createdSeconds: 0,
    state: 'ready',
    contextTokens: 2048,
    count: () => 0,
    start,
  };
}

async function* failing(error: Error): AsyncGenerator<Round> {
  yield { text: 'a', tokens: 1, acceptedDrafts: 0 };
  throw error;
}

function begun(error: Error): Completion {
  const end = Promise.reject(error);
  end.catch(() => {});
  return { promptTokens: 1, rounds: failing(error), end, fingerprint: () => null };
}

async function read(completion: Completion): Promise<void> {
  for await (const _ of completion.rounds) void 0;
}

describe('an endpoint with a key of its own', () => {
  it.each([
    ['unauthorized', refused, 'edge-key-refused', 502],
    ['edge-full', full, 'edge-full', 429],
  ])('tells %s of an edge, at once, in the text and at its end', async (_name, error, code, status) => {
    const later = await withOwnKey(completerOf(async () => begun(error))).start(request);
    const atOnce = withOwnKey(completerOf(() => Promise.reject(error))).start(request);
    for (const failure of [atOnce, read(later), later.end]) await expect(failure).rejects.toMatchObject({ code });
    expect(apiErrorOf((await later.end.catch((one) => one)) as OutriderError).status).toBe(status);
  });
});
