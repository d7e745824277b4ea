// An app over a completer that a test scripts: it may wait, fail, and be given up.

import { createHttpApp, type HttpAppSettings } from './app.ts';
import type { Completer, CompletionEnd, CompletionRequest, Round } from './completion-port.ts';
import type { RequestRecord } from './request-record.ts';
import type { TabFiles } from './tab-weights.ts';

/** What tabs may load: nine bytes. The digest is not theirs; "m" names no other part. */
export const tabFiles: TabFiles = {
  name: 'd',
  fileBytes: 9,
  tokenizerHash: 'ab',
  header: { sha256: 'm', byteLength: 9, read: async (from, to) => new Uint8Array(9).subarray(from, to) },
  weights: null,
};

export const round = (text: string): Round => ({ text, tokens: 1, acceptedDrafts: 0 });
export const end: CompletionEnd = {
  reason: 'end',
  stopText: null,
  promptTokens: 3,
  cachedTokens: 2,
  completionTokens: 2,
  acceptedDrafts: 1,
  rejectedDrafts: 4,
  fingerprints: ['0123456789abcdef00'],
};

export type Script = (request: CompletionRequest) => AsyncIterable<Round>;

export function completerOf(script: Script): Completer {
  return {
    model: 'm',
    createdSeconds: 5,
    state: 'ready',
    count: () => 3,
    async start(request) {
      let failure: unknown;
      let settle = (): void => {};
      const over = new Promise<void>((resolve) => {
        settle = resolve;
      });
      async function* rounds() {
        try {
          yield* script(request);
        } catch (error) {
          failure = error;
          throw error;
        } finally {
          settle();
        }
      }
      const ended = over.then(() => {
        if (failure !== undefined) throw failure;
        return end;
      });
      const known = { fingerprint: () => '0123456789abcdef00', cachedTokens: () => 2 };
      return { promptTokens: 3, rounds: rounds(), end: ended, ...known };
    },
  };
}

export async function* twoRounds(): AsyncGenerator<Round> {
  yield round('Hello');
  yield round(' you');
}

const dataField = 'data: ';

/** The data of each event, in their order. */
export function dataOf(events: string): readonly unknown[] {
  const lines = events.split('\n').filter((line) => line.startsWith(dataField));
  return lines.map((line) => line.slice(dataField.length)).map((data) => (data === '[DONE]' ? data : JSON.parse(data)));
}

/** @param script writes each answer */
export function appOf(
  script: Script = twoRounds,
  more: Partial<HttpAppSettings> = {},
): {
  readonly app: ReturnType<typeof createHttpApp>;
  readonly ask: (fields?: object, init?: RequestInit) => Response | Promise<Response>;
  readonly records: readonly RequestRecord[];
} {
  const records: RequestRecord[] = [];
  const app = createHttpApp({
    completer: completerOf(script),
    version: '1.2.3',
    nowMs: () => 7000,
    dateMs: () => 7000,
    randomBits: () => 1n,
    refuses: () => null,
    mayUse: () => true,
    observer: { ended: (record) => void records.push(record) },
    ...more,
  });
  const ask = (fields: object = {}, init: RequestInit = {}) =>
    app.request('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields }),
      ...init,
    });
  return { app, ask, records };
}
