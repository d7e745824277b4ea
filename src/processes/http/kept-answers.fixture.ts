// An app with keys, whose answers outlive their connections, and whose clock a test sets.

import { defaultKeptLimits } from '../../core/protocol/wire/kept-streams.ts';
import { appOf, round, type Script, twoRounds } from './app.fixture.ts';
import type { HttpAppSettings } from './app.ts';
import { AnswerKeeper } from './kept-answers.ts';

export const keptMs: number = defaultKeptLimits.keptMs;

export interface KeptBed {
  readonly clock: { ms: number; sleptMs: number };
  readonly keeper: AnswerKeeper;
  readonly app: ReturnType<typeof appOf>['app'];
  readonly records: ReturnType<typeof appOf>['records'];
  readonly asked: (path: string, init?: RequestInit, key?: string) => Answering;
  /** Asks for a stream. */
  readonly begin: (id: string, fields?: object, key?: string) => Answering;
  readonly read: (id: string, from?: number | string, key?: string) => Answering;
  /** Asks for a response in the background. */
  readonly respond: (fields: object) => Answering;
}

type Answering = Response | Promise<Response>;

export function bedOf(
  script: Script = twoRounds,
  limits: Partial<typeof defaultKeptLimits> = {},
  mostAnswers = 20,
): KeptBed {
  const clock = { ms: 1_000_000, sleptMs: 0 };
  const nowMs = () => clock.ms;
  const dateMs = () => clock.ms + clock.sleptMs;
  const keeper = new AnswerKeeper(nowMs, { ...defaultKeptLimits, ...limits }, dateMs);
  const settings: Partial<HttpAppSettings> = {
    nowMs,
    dateMs,
    keeper,
    accountOf: (key) => ({ keyId: key ?? null, mostAnswers }),
  };
  const { app, ask, records } = appOf(script, settings);
  const asked = (path: string, init: RequestInit = {}, key = 'one') =>
    app.request(path, { ...init, headers: { 'x-api-key': key, ...init.headers } });
  const begin = (id: string, fields: object = {}, key = 'one') =>
    ask({ stream: true, ...fields }, { headers: { 'x-api-key': key, 'x-conversation-id': id } });
  const read = (id: string, from: number | string = 0, key = 'one') =>
    asked(`/v1/stream?conv_id=${id}&from=${from}`, {}, key);
  const respond = (fields: object) => {
    const body = JSON.stringify({ model: 'm', input: 'Hi', background: true, ...fields });
    return asked('/v1/responses', { method: 'POST', body });
  };
  return { app, clock, keeper, records, asked, begin, read, respond };
}

/** A writer that shows when it is given up, and waits after its first text for `open`. */
export function gated(): {
  readonly script: Script;
  readonly signals: readonly AbortSignal[];
  readonly open: () => void;
} {
  const signals: AbortSignal[] = [];
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const script: Script = async function* ({ signal }) {
    signals.push(signal);
    yield round('Hello');
    await Promise.race([promise, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
    if (!signal.aborted) yield round(' you');
  };
  return { script, signals, open };
}

export const leave = async (answer: Response): Promise<void> => {
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
};

export async function errorOf(answer: Response): Promise<{ readonly code: string; readonly message: string }> {
  return ((await answer.json()) as { readonly error: { readonly code: string; readonly message: string } }).error;
}

export const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
