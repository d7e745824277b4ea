// Errors in the shape that OpenAI's clients read: {"error": {message, type, param, code}} with a status that shows whether to try again.

import { defined } from '../../core/basics/defined.ts';
import type { ErrorCode, OutriderError } from '../../core/basics/errors.ts';
import { retrySecondsOf } from '../../core/basics/retry-time.ts';

/** Types that both APIs have. */
export const errorTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

/** What a request is answered with instead of text. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly type: string;
  readonly code: string;
  readonly param: string | null;
  /** Seconds after which a new attempt may succeed; null: none will. */
  readonly retryAfterSeconds: number | null;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly param?: string | null; readonly retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.type = errorTypes[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
    this.param = more.param ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }

  get body(): { readonly error: { message: string; type: string; param: string | null; code: string } } {
    const { message, type, param, code } = this;
    return { error: { message, type, param, code } };
  }
}

export function invalid(param: string, what: string): ApiError {
  return new ApiError(400, 'invalid_value', param === '' ? `the body: ${what}` : `"${param}": ${what}`, { param });
}

/** Status of each failure that is not the bug of this program; seconds: when to try again. */
const answers: { readonly [Code in ErrorCode]?: readonly [status: number, code: string, seconds?: number] } = {
  'bad-argument': [400, 'invalid_value'],
  'context-full': [400, 'context_length_exceeded'],
  unauthorized: [401, 'invalid_api_key'],
  'edge-full': [429, 'rate_limit_exceeded', 2],
  'quota-used': [429, 'rate_limit_exceeded', 2],
  'target-refused': [429, 'rate_limit_exceeded', 2],
  'rate-limited': [429, 'rate_limit_exceeded', 2],
  'edge-draining': [503, 'edge_draining', 5],
  'edge-loading': [503, 'model_loading', 5],
  'edge-unreachable': [503, 'edge_unreachable', 5],
  'edge-silent': [503, 'edge_silent', 5],
  'target-changed': [503, 'target_changed', 1],
  'edge-key-refused': [502, 'edge_key_refused'],
  'certificate-untrusted': [502, 'certificate_untrusted'],
  'tokenizer-mismatch': [502, 'tokenizer_mismatch'],
  'version-mismatch': [502, 'version_mismatch'],
};

/**
 * Cause and remedy of a failure as one message; of a bug only that there is one: its words are for the log.
 * @param param field of the request that it comes from
 */
export function apiErrorOf({ code, message, remedy }: OutriderError, param: string | null = null): ApiError {
  if (code === 'internal')
    return new ApiError(500, 'internal', 'the endpoint has failed, not the request; its log says more');
  const [status, name, usualSeconds] = answers[code] ?? [500, code.replaceAll('-', '_')];
  // What the edge has sent is better than the usual value.
  const retryAfterSeconds = usualSeconds === undefined ? undefined : (retrySecondsOf(remedy) ?? usualSeconds);
  return new ApiError(status, name, `${message}; ${remedy}`, { param, ...defined({ retryAfterSeconds }) });
}
