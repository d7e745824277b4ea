// The rows of the table of failures.

import type { ErrorCode } from '../../src/core/basics/errors.ts';
import { tabFiles } from '../../src/processes/http/app.fixture.ts';
import type { HttpAppSettings } from '../../src/processes/http/app.ts';
import { type Ask, paths, wrong } from './ask.ts';

export interface FailureRow {
  readonly status: number;
  /** The words of `code`; none: the answer has no body. */
  readonly codes: readonly string[];
  readonly when: string;
  /** Whether an answer says when to try again. */
  readonly retries?: true;
  readonly proofs: readonly Proof[];
}

/** What leads to a failure of this row. */
export type Proof =
  | { readonly asks: Ask }
  /** The writer of the text fails. `message`: in these words; `schema`: for a request with one. */
  | { readonly fails: ErrorCode; readonly message?: string; readonly schema?: true }
  /** A stream that is kept is asked for. */
  | { readonly kept: 'from beyond its end' | 'ended while it is asked for' }
  | { readonly state: 'loading' | 'draining' | 'stalled' }
  /** The endpoint is so. */
  | {
      readonly app: Partial<HttpAppSettings>;
      readonly path?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Bytes on a port. */
  | { readonly head: string; readonly endsAfterMs?: number };

const malformed = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'thing' } } } };
const asked = 'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n';

export const failureRows: readonly FailureRow[] = [
  {
    status: 400,
    codes: ['invalid_json', 'invalid_value', 'unsupported_parameter', 'invalid_json_schema'],
    when: 'the request is wrong; `param` names the field',
    proofs: [
      { head: `${asked}Content-Length: 1\r\n\r\n{` },
      ...wrong('n', 0).map((asks) => ({ asks })),
      { asks: { body: { stop: '\uD83D' }, refused: [400, 'invalid_value', 'stop'] } },
      { asks: { body: { functions: [{}] }, refused: [400, 'unsupported_parameter', 'functions'] } },
      { asks: { body: malformed, refused: [400, 'invalid_json_schema', 'response_format.json_schema.schema'] } },
      { fails: 'bad-argument', message: 'the grammar is refused: it takes too long', schema: true },
    ],
  },
  {
    status: 400,
    codes: ['context_length_exceeded'],
    when: 'the prompt leaves no room for an answer; the message has the numbers',
    proofs: [
      { fails: 'context-full' },
      {
        asks: {
          path: paths.text,
          body: { prompt: Array.from({ length: 3000 }, () => 1) },
          refused: [400, 'context_length_exceeded', 'prompt'],
        },
      },
    ],
  },
  {
    status: 400,
    codes: ['stream_overrun'],
    when: 'the stream is not so long, or no longer kept from there on',
    proofs: [{ kept: 'from beyond its end' }],
  },
  {
    status: 401,
    codes: ['invalid_api_key'],
    when: 'no key, a wrong one, or one that is revoked or has expired',
    proofs: [
      { app: { mayUse: () => false } },
      { app: { mayUse: () => ({ status: 401, cause: 'the key "phone" has expired' }) } },
      { fails: 'unauthorized' },
    ],
  },
  {
    status: 403,
    codes: ['missing_scope', 'forbidden'],
    when: 'the key lacks the scope of the route; or a page or a host name that is not allowed',
    proofs: [
      { app: { mayUse: () => ({ status: 403, cause: 'the key "phone" does not have the scope chat' }) } },
      { app: { refuses: () => 'the edge serves no pages of https://evil.example' } },
    ],
  },
  {
    status: 404,
    codes: ['model_not_found', 'unknown_url', 'stream_unknown'],
    when: 'another model; no such route; no such stream of this key',
    proofs: [
      { asks: { body: { model: 'other' }, refused: [404, 'model_not_found', 'model'] } },
      { app: {}, path: '/v1/nowhere' },
      { app: {}, path: '/v1/stream?conv_id=nowhere' },
      { app: {}, path: '/v1/responses/nowhere' },
    ],
  },
  {
    status: 408,
    codes: [],
    when: 'the request was not complete in time',
    proofs: [{ head: `${asked}Content-Length: 9\r\n\r\n`, endsAfterMs: 300 }],
  },
  {
    status: 409,
    codes: ['stream_stopped'],
    when: 'the answer was ended by `DELETE`, by a newer request with the same id, or because nobody came back',
    proofs: [{ kept: 'ended while it is asked for' }],
  },
  {
    status: 413,
    codes: ['request_too_large'],
    when: 'a [body that is too large](#what-a-request-may-cost); the message has the limit',
    proofs: [{ head: `${asked}Content-Length: 99000000\r\n\r\n` }],
  },
  {
    status: 415,
    codes: ['unsupported_encoding'],
    when: 'a body with a `Content-Encoding`, such as `gzip`',
    proofs: [{ head: `${asked}Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n` }],
  },
  {
    status: 416,
    codes: ['range_not_satisfiable'],
    when: 'a range of [weights](tab.md) that there is not, or several ranges',
    proofs: [{ app: { tabFiles }, path: `/weights/${tabFiles.header.sha256}`, headers: { range: 'bytes=99-' } }],
  },
  {
    status: 429,
    codes: ['rate_limit_exceeded'],
    when: 'with `retry-after`: the key or the address [sends too much](#what-a-request-may-cost); the edge is full; the key has too many sessions, has used its rows of this minute, or its schemas their [processor time](../operate/operations.md#limits)',
    retries: true,
    proofs: [{ fails: 'edge-full' }, { fails: 'quota-used' }, { fails: 'rate-limited' }],
  },
  {
    status: 431,
    codes: [],
    when: 'the headers have more than 16 KiB',
    proofs: [{ head: `${asked}X-Long: ${'x'.repeat(20_000)}\r\n\r\n` }],
  },
  {
    status: 500,
    codes: ['internal', 'engine_failed'],
    when: 'the endpoint has failed, or its model computes no numbers; see the log',
    proofs: [{ fails: 'internal' }, { fails: 'engine-failed' }],
  },
  {
    status: 502,
    codes: ['edge_key_refused', 'certificate_untrusted', 'tokenizer_mismatch', 'version_mismatch'],
    when: 'the edge refuses the key of this endpoint (`--key`), or is not the one that it expects',
    proofs: [
      { fails: 'edge-key-refused' },
      { fails: 'certificate-untrusted' },
      { fails: 'tokenizer-mismatch' },
      { fails: 'version-mismatch' },
    ],
  },
  {
    status: 503,
    codes: ['overloaded'],
    when: 'no time to follow a schema; with `retry-after`',
    retries: true,
    proofs: [{ fails: 'edge-full', message: 'the grammar is not open yet', schema: true }],
  },
  {
    status: 503,
    codes: ['model_loading', 'edge_stalled'],
    when: 'the endpoint is starting, or its engine hangs; with `retry-after`',
    retries: true,
    proofs: [{ state: 'loading' }, { state: 'stalled' }],
  },
  {
    status: 503,
    codes: ['edge_unreachable', 'edge_silent', 'edge_draining', 'target_changed'],
    when: 'no edge continues; with `retry-after`',
    retries: true,
    proofs: [
      { fails: 'edge-unreachable' },
      { fails: 'edge-silent' },
      { fails: 'edge-draining' },
      { state: 'draining' },
      { fails: 'target-changed' },
    ],
  },
];
