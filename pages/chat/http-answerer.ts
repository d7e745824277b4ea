// Answers of the endpoint that has served this page: its own /v1/chat/completions, as a stream.

import {
  type Abilities,
  type AnswerEnd,
  type Answerer,
  AnswerFailure,
  type AnswerPart,
  type Piece,
  type Question,
} from '../parts/answerer.ts';
import { bearer } from '../parts/key-keeper.ts';
import { type OnWait, whileLoading } from '../parts/while-loading.ts';

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

interface Chunk {
  readonly error?: { readonly message?: string; readonly code?: string };
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly spec?: { readonly verified?: boolean };
  readonly outrider?: {
    readonly pieces?: readonly Piece[];
    readonly mode?: string;
    readonly edges?: readonly string[];
    readonly tokens?: number;
    readonly acceptedDrafts?: number;
    readonly rejectedDrafts?: number;
  };
}

const longestCause = 300;

export class HttpAnswerer implements Answerer {
  readonly #keyOf: () => string | null;
  readonly #fetch: Fetch;
  readonly #onWait: OnWait | undefined;
  #model = '';

  /** @param keyOf null: none is shown @param ask asks a path of this page's origin */
  constructor(keyOf: () => string | null, ask: Fetch = (path, init) => fetch(path, init), onWait?: OnWait) {
    this.#keyOf = keyOf;
    this.#fetch = ask;
    this.#onWait = onWait;
  }

  async open(): Promise<Abilities> {
    const answer = await this.#ask('/v1/models', {});
    const { data } = (await answer.json().catch(() => ({}))) as {
      readonly data?: readonly { readonly id?: unknown; readonly outrider?: Partial<Abilities> }[];
    };
    const [model] = Array.isArray(data) ? data : [];
    if (typeof model?.id !== 'string') throw new AnswerFailure('away');
    this.#model = model.id;
    const { drafts = 'unknown', emulated = {} } = model.outrider ?? {};
    return { model: model.id, drafts, emulated };
  }

  async answer(question: Question, onPart: (part: AnswerPart) => void, signal: AbortSignal): Promise<AnswerEnd> {
    if (this.#model === '') await this.open();
    const { said, seed, temperature, mostTokens, withDrafts } = question;
    const answer = await this.#ask('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(withDrafts ? {} : { 'x-outrider-mode': 'ar' }) },
      body: JSON.stringify({
        model: this.#model,
        messages: said.map(({ role, text }) => ({ role, content: text })),
        ...{ seed, temperature, max_tokens: mostTokens, stream: true },
      }),
      signal,
    });
    const reader = new AnswerReader(onPart);
    for await (const chunk of chunksOf(answer)) reader.read(chunk);
    return reader.end();
  }

  async #ask(path: string, init: RequestInit & { readonly headers?: Record<string, string> }): Promise<Response> {
    const headers = { 'x-outrider-facts': 'yes', ...init.headers, ...bearer(this.#keyOf()) };
    let answer: Response;
    try {
      answer = await whileLoading(() => this.#fetch(path, { ...init, headers }), this.#onWait, init.signal);
    } catch {
      throw new AnswerFailure('away');
    }
    if (answer.ok) return answer;
    const { error } = (await answer.json().catch(() => ({}))) as Chunk;
    throw failureOf(error, answer.status);
  }
}

function failureOf(error: Chunk['error'], status: number): AnswerFailure {
  const { message, code } = error ?? {};
  if (status === 401 || code === 'invalid_api_key' || code === 'missing_scope') return new AnswerFailure('key');
  return new AnswerFailure('refused', `${message ?? `status ${status}`}`.slice(0, longestCause));
}

/** The events of a stream, until its "[DONE]". @throws AnswerFailure `cut` where it ends before that */
async function* chunksOf({ body }: Response): AsyncGenerator<Chunk> {
  const decoder = new TextDecoder();
  const reader = body?.getReader();
  let rest = '';
  try {
    for (;;) {
      const next = await reader?.read().catch(() => undefined);
      if (next === undefined || next.done) throw new AnswerFailure('cut');
      const lines = (rest + decoder.decode(next.value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((one) => one.startsWith('data:'))) {
        const data = line.slice('data:'.length).trim();
        if (data === '[DONE]') return;
        yield chunkOf(data);
      }
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

function chunkOf(data: string): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch {
    throw new AnswerFailure('cut');
  }
}

class AnswerReader {
  readonly #onPart: (part: AnswerPart) => void;
  #verified = true;
  #reason: AnswerEnd['reason'] = 'end';
  #facts: NonNullable<Chunk['outrider']> = {};

  constructor(onPart: (part: AnswerPart) => void) {
    this.#onPart = onPart;
  }

  read({ error, choices, spec, outrider = {} }: Chunk): void {
    if (error !== undefined) throw failureOf(error, 500);
    const before = this.#verified;
    this.#verified = spec?.verified ?? before;
    const [choice] = choices ?? [];
    if (choice?.finish_reason != null) {
      this.#reason = choice.finish_reason === 'length' ? 'length' : 'end';
      this.#facts = outrider;
    }
    const text = choice?.delta?.content ?? '';
    const pieces = outrider.pieces ?? [];
    const isNews = text !== '' || pieces.length > 0 || this.#verified !== before;
    if (isNews) this.#onPart({ text, pieces, verified: this.#verified });
  }

  end(): AnswerEnd {
    const { mode = null, edges = [], tokens = null, acceptedDrafts = null, rejectedDrafts = null } = this.#facts;
    const isCounted = acceptedDrafts !== null && rejectedDrafts !== null;
    const sentDrafts = isCounted ? acceptedDrafts + rejectedDrafts : null;
    return { reason: this.#reason, mode, edges, tokens, acceptedDrafts, sentDrafts };
  }
}
