// A scripted completer for tests: it answers with a given text or error, and records the requests.

import type { OutriderError } from '../../../src/core/basics/errors.ts';
import type {
  AnswerToken,
  Completer,
  CompletionEnd,
  CompletionRequest,
} from '../../../src/processes/http/completion-port.ts';

export const model = 'scripted';

/** What the next answers are, and what was asked for. */
let script: { text: string; reason: CompletionEnd['reason']; fails?: OutriderError } = { text: '', reason: 'end' };
export let asked: CompletionRequest[] = [];

const encoder = new TextEncoder();
const tokenOf = (text: string, count: number): AnswerToken => {
  const others = [encoder.encode(text), encoder.encode('x')].slice(0, count);
  const top = others.map((_, rank) => ({ id: rank, logprob: -0.5 - rank }));
  return { id: 7, logprob: -0.5, bytes: encoder.encode(text), top, topBytes: others };
};

export const completer: Completer = {
  model,
  createdSeconds: 5,
  state: 'ready',
  count: ({ kind }) => (kind === 'chat' ? 40 : 3),
  async start(request) {
    asked.push(request);
    const { text, reason, fails } = script;
    if (fails !== undefined) throw fails;
    async function* rounds() {
      // Three characters at a time, so that tags and JSON are split everywhere.
      for (const piece of text.match(/.{1,3}/gsu) ?? []) {
        const { topLogprobs } = request;
        const logprobs = topLogprobs === undefined ? {} : { logprobs: [tokenOf(piece, topLogprobs)] };
        yield { text: piece, tokens: 1, acceptedDrafts: 0, ...logprobs };
      }
    }
    const counts = { promptTokens: 40, completionTokens: 9, acceptedDrafts: 0, rejectedDrafts: 0 };
    const end = Promise.resolve({ reason, stopText: null, ...counts, fingerprints: ['ab'] });
    return { promptTokens: 40, rounds: rounds(), end, fingerprint: () => 'ab' };
  },
};

/** The next answer. */
export function writes(text: string, reason: CompletionEnd['reason'] = 'end'): void {
  script = { text, reason };
  asked = [];
}

/** The next answer is this failure. */
export function fails(error: OutriderError): void {
  script = { text: '', reason: 'end', fails: error };
  asked = [];
}
