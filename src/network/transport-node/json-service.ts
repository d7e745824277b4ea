// Requests to an HTTP service with JSON bodies: with a time limit, a size limit for answers, and a bearer token that is never sent in clear
// over a network. It is not specific to a service; bandwidth adapters use it.

import { isIP } from 'node:net';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';

export interface JsonServiceSettings {
  /** http or https, with its path: "https://network.example/bwm/v1". */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  /** Until the whole answer is here. Default 2000. */
  readonly timeoutMs?: number | undefined;
}

export interface JsonAnswer {
  readonly status: number;
  /** Undefined: the answer has no body. */
  readonly body: unknown;
  /** Header `Location`. */
  readonly location: string | null;
}

export type JsonMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

const defaultTimeoutMs = 2000;
const mostBytes = 65_536;
const mostWords = 160;

export class JsonService {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;

  /** @throws OutriderError `bad-argument` for an address that is none, or a token that would go in clear over a network */
  constructor({ url, token, timeoutMs = defaultTimeoutMs }: JsonServiceSettings) {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target === undefined || !/^https?:$/.test(target.protocol) || target.username !== '') {
      throw badArgument(
        'the address of the service is no http or https address',
        'Write it as https://host/path, without a user.',
      );
    }
    if (token !== undefined && target.protocol === 'http:' && !isLoopback(target.hostname)) {
      throw badArgument('the token would go in clear over the network', 'Give an https address.');
    }
    this.#url = target.href.replace(/\/$/, '');
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws OutriderError `bandwidth-refused` without an answer in time, or with one that is no JSON */
  async request(method: JsonMethod, path: string, body?: object): Promise<JsonAnswer> {
    const what = `${method} ${path.replace(/[0-9a-f-]{36}/g, '...')}`;
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(this.#timeoutMs),
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await readText(response);
      return { status: response.status, body: parse(text), location: response.headers.get('location') };
    } catch (error) {
      throw refused(`${what}: ${this.#reasonOf(error)}`, { cause: error });
    }
  }

  #reasonOf(error: unknown): string {
    if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer in ${this.#timeoutMs} ms`;
    if (error instanceof SyntaxError) return 'the answer is no JSON';
    const { cause } = error as { readonly cause?: unknown };
    return plainWords((cause as Error | undefined)?.message ?? (error as Error).message);
  }
}

/** The error for an answer that is not the expected one. @param what "POST /sessions" */
export function refusal(what: string, { status, body }: JsonAnswer): OutriderError {
  const fields = isRecord(body) ? ['code', 'title', 'message', 'detail'].map((name) => body[name]) : [];
  const words = fields.filter((field) => typeof field === 'string').join(', ');
  return refused(`${what}: status ${status}${words === '' ? '' : ` (${plainWords(words)})`}`);
}

export function refused(cause: string, options?: ErrorOptions): OutriderError {
  const remedy = 'sessions go on at the rate that the network gives them; look at its address, token and limits';
  return new OutriderError('bandwidth-refused', `the network did not take a bandwidth: ${cause}`, remedy, options);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

async function readText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > mostBytes) throw new Error(`the answer has more than ${mostBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}

/** Words of another machine, on one line and not long. */
function plainWords(words: string): string {
  return words.replace(/[^\x20-\x7e]+/g, ' ').slice(0, mostWords);
}
