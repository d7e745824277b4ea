// Requests each route in every way, and compares the answers with the table.

import { askRaw, type RawAnswer, type RawRequest } from '../hostile/raw-peer.ts';
import {
  type Answer,
  answerTo,
  type KeyName,
  type Keys,
  keyNames,
  knows,
  type Place,
  type Treatment,
  takes,
  type VisitName,
} from './rules.ts';

export const allowedOrigin = 'https://page.example';
const otherOrigin = 'https://evil.example';
const otherHost = 'evil.example';

/** A stream and a response that there are not. */
export const noStream = 'resp_nowhere';

/** One request, the result by the table of rules, and the actual result. */
export interface Case {
  readonly visit: string;
  readonly expected: string;
  readonly found: string;
  readonly isWrong: boolean;
}

/** A route of a place, or a path without a route. */
export interface AskedRoute {
  readonly place: Place;
  readonly port: number;
  readonly method: string;
  /** With values for its parameters. */
  readonly path: string;
  readonly treatment: Treatment;
  /** All methods of this path that have a route. */
  readonly methods: readonly string[];
}

interface Visit {
  readonly name: string;
  readonly expected: Answer;
  readonly request: RawRequest;
}

/** Larger than what any port reads. */
const longBody = 4 * 1024 * 1024 + 1;
const longHead = 'x'.repeat(20_000);
const otherMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const atOnce = 8;
const mostAttempts = 10;

/** @returns all cases of this route */
export async function visitRoute(asked: AskedRoute, keys: Keys): Promise<readonly Case[]> {
  const visits = [...visitsByKey(asked, keys), ...otherVisits(asked, keys)];
  const cases: Case[] = [];
  const left = visits.entries();
  const work = async (): Promise<void> => {
    for (const [index, visit] of left)
      cases[index] = judge(asked, visit, await askPatiently(asked.port, visit.request));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return cases;
}

/** All visits come from one address and exceed its rate limit: a visit that is refused for that is repeated after `retry-after`. */
export async function askPatiently(port: number, request: RawRequest): Promise<RawAnswer | null> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await askRaw(port, request);
    const seconds = answer?.status === 429 ? Number(answer.headers['retry-after']) : Number.NaN;
    if (Number.isNaN(seconds) || attempt === mostAttempts) return answer;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

/** Each key by each header that clients use: one that is taken by the one is taken by the other, too. */
function visitsByKey({ place, treatment, method, path }: AskedRoute, keys: Keys): Visit[] {
  const taken = takes[place][treatment] ?? [];
  const answerOf = (name: KeyName): Answer => {
    const refused = knows[place].includes(name) ? 'with another scope' : 'without';
    return answerTo(taken.includes(name) ? 'with' : refused, treatment);
  };
  // Orders are no affair of clients: they come by the one header that the command sends.
  const headers = treatment === 'port order' ? (['authorization'] as const) : (['authorization', 'x-api-key'] as const);
  return keyNames.flatMap((name) =>
    headers.map((header) => ({
      name: `${name} (${header})`,
      expected: answerOf(name),
      request: plain(method, path, keyLines(keys[name], header)),
    })),
  );
}

function otherVisits(asked: AskedRoute, keys: Keys): Visit[] {
  const { place, treatment, method, path, methods } = asked;
  const [goodName] = takes[place][treatment] ?? takes[place].chat ?? [];
  const good = keyLines(goodName === undefined ? undefined : keys[goodName]);
  // Another method makes a path that there is not.
  const [unknownName = goodName] = takes[place].unknown ?? [];
  const goodElsewhere = keyLines(unknownName === undefined ? undefined : keys[unknownName]);
  const visit = (name: VisitName, request: RawRequest, more = ''): Visit => ({
    name: `${name}${more}`,
    expected: answerTo(name, treatment),
    request,
  });
  const others = otherMethods.filter((other) => !methods.includes(other));
  return [
    visit('other origin', plain(method, path, [...good, `Origin: ${otherOrigin}`])),
    visit('other origin', plain(method, path, [...good, 'Origin: null']), ' (null)'),
    visit('allowed origin', plain(method, path, [...good, `Origin: ${allowedOrigin}`])),
    visit('other host', { ...plain(method, path, good), host: otherHost }),
    ...others.map((other) => visit('other method, with', plain(other, path, goodElsewhere), `: ${other}`)),
    ...others.map((other) => visit('other method, without', plain(other, path, []), `: ${other}`)),
    visit('OPTIONS, without', plain('OPTIONS', path, [])),
    ...(method === 'GET' ? [visit('HEAD, with', plain('HEAD', path, good))] : []),
    ...(treatment === 'public' || treatment === 'port public' || treatment === 'port page'
      ? []
      : spellings(path).map((other) => visit('other spelling, without', plain(method, other, []), ` ${other}`))),
    visit('long head, with', plain(method, path, [...good, `X-Long: ${longHead}`])),
    visit('broken head, with', plain(method, path, [...good, 'no header line'])),
    ...(method === 'POST' ? bodyVisits(asked, good, visit) : []),
  ];
}

function bodyVisits(
  { method, path, treatment }: AskedRoute,
  good: readonly string[],
  visit: (name: VisitName, request: RawRequest) => Visit,
): Visit[] {
  const announced = `Content-Length: ${longBody}`;
  const pieces = ['400000\r\n', Buffer.alloc(longBody - 1, 32), '\r\n1\r\n \r\n'];
  const broken = { method, path, body: ['{'] };
  const inPieces = { method, path, lines: [...good, 'Transfer-Encoding: chunked'], body: pieces };
  // A server that closes a connection with unread bytes may take its own answer back: asked only where the body is read.
  const isRead = answerTo('long body in pieces, with', treatment) === 413;
  return [
    visit('long body, with', { method, path, lines: [...good, announced] }),
    visit('long body, without', { method, path, lines: [announced] }),
    ...(isRead ? [visit('long body in pieces, with', inPieces)] : []),
    visit('broken body, with', { ...broken, lines: [...good, 'Content-Length: 1'] }),
    visit('broken body, without', { ...broken, lines: ['Content-Length: 1'] }),
  ];
}

/** The same path for whoever normalises it, and another for whoever does not. */
function spellings(path: string): readonly string[] {
  const coded = path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return [`/${path}`, `${path}/`, path.toUpperCase(), coded, `/x/..${path}`, `/.${path}`, `${path}?key=x`, `${path};x`];
}

/** POST needs a body; this one is none of a request, so the route refuses it, but it is the route that does. */
function plain(method: string, path: string, lines: readonly string[]): RawRequest {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return { method, path, lines };
  return { method, path, lines: [...lines, 'Content-Type: application/json', 'Content-Length: 2'], body: ['{}'] };
}

function keyLines(key: string | undefined, header: 'authorization' | 'x-api-key' = 'authorization'): readonly string[] {
  if (key === undefined) return [];
  return [header === 'authorization' ? `Authorization: Bearer ${key}` : `X-Api-Key: ${key}`];
}

function judge(asked: AskedRoute, { name, expected, request }: Visit, answer: RawAnswer | null): Case {
  const wanted = String(expected);
  if (answer === null) return { visit: name, expected: wanted, found: 'no answer', isWrong: true };
  const { status } = answer;
  const fault = faultOf(asked, request, answer);
  if (fault !== null) return { visit: name, expected: wanted, found: `${status}, ${fault}`, isWrong: true };
  // What is posted is no request of the route, so a route may refuse it as such.
  const isKnown = status === 200 || status === 204 || (asked.method === 'POST' && status === 400);
  const isIn = isKnown || (status === 404 && saysNone(request, answer));
  const isOut = [400, 401, 403, 404, 426].includes(status);
  const isRight = expected === 'out' ? isOut : expected === 'in' ? isIn : status === expected;
  return { visit: name, expected: wanted, found: String(status), isWrong: !isRight };
}

/** A route that was asked for something that there is not; HEAD gets no words. */
function saysNone({ method, path = '' }: RawRequest, { body }: RawAnswer): boolean {
  return path.includes(noStream) && (method === 'HEAD' || body.includes('"stream_unknown"'));
}

/** What an answer must not be, whatever its status. */
function faultOf({ treatment }: AskedRoute, { lines = [] }: RawRequest, answer: RawAnswer): string | null {
  const { status, headers, body } = answer;
  const origin = headers['access-control-allow-origin'];
  if (origin === '*' || origin === otherOrigin || origin === 'null') return 'lets foreign pages read it';
  const key = /^(?:Authorization: Bearer|X-Api-Key:) (.+)$/.exec(lines[0] ?? '')?.[1];
  if (key !== undefined && body.includes(key)) return 'shows the key';
  // Before there is a request, no app answers; and what stands before the app has no shape of clients.
  if (treatment.startsWith('port ') || status < 400 || status === 426 || status === 431 || body === '') return null;
  return hasErrorShape(body) ? null : "has not the clients' shape";
}

function hasErrorShape(body: string): boolean {
  try {
    const { error } = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as { error?: unknown };
    const { message, type } = (error ?? {}) as { readonly message?: unknown; readonly type?: unknown };
    return typeof message === 'string' && message !== '' && typeof type === 'string';
  } catch {
    return false;
  }
}
