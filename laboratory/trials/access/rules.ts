// The expected result of each visit under each rule of a route: the one table that all answers are compared with.

import type { RouteRule } from '../../../src/processes/http/route-rules.ts';

/** Every key of the trial. Each is tried at every place, and must be valid only where it belongs. */
export const keyNames = [
  'no key',
  'wrong key',
  'revoked key',
  'expired key',
  'scope chat',
  'scope chat, another',
  'scope verify',
  'scope metrics',
  'scope watch',
  'scope admin',
  "the endpoint's key",
  "the controller's key",
  "the controller's key for edges",
] as const;

/** One of {@link keyNames}. */
export type KeyName = (typeof keyNames)[number];
export type Keys = Readonly<Record<KeyName, string | undefined>>;

/** What listens: the port of `outrider edge`, `outrider serve`, the port of `outrider controller`. */
export type Place = 'edge' | 'device' | 'controller';

/**
 * How a path is treated. Of the app: rules of its routes, and paths that it does not have. `port ...`: what edge and controller answer
 * before any app: health, orders, pages, and all else, which is asked to open a WebSocket.
 */
export type Treatment = RouteRule | 'unknown' | 'port public' | 'port order' | 'port page' | 'port other';

/** The keys that a treatment takes. */
export const takes: Readonly<Record<Place, Readonly<Partial<Record<Treatment, readonly KeyName[]>>>>> = {
  edge: {
    chat: ['scope chat', 'scope chat, another'],
    metrics: ['scope metrics', 'scope admin'],
    verify: ['scope verify'],
    unknown: ['scope chat', 'scope chat, another'],
    'port order': ['scope admin'],
  },
  device: { chat: ["the endpoint's key"], metrics: ["the endpoint's key"], unknown: ["the endpoint's key"] },
  controller: {},
};

/** Keys that a place knows, and takes for other things. */
export const knows: Readonly<Record<Place, readonly KeyName[]>> = {
  edge: ['scope chat', 'scope chat, another', 'scope verify', 'scope metrics', 'scope watch', 'scope admin'],
  device: [],
  controller: [],
};

/** What opens a session of an edge, and what joins a controller. */
export const socketTakes: Readonly<Record<SocketRole, readonly KeyName[]>> = {
  session: ['scope verify'],
  'member device': ["the controller's key", 'scope verify'],
  'member edge': ["the controller's key for edges"],
  watcher: ["the controller's key for edges", 'scope watch', 'scope admin'],
};

/** What a connection asks to be. */
export type SocketRole = 'session' | 'member device' | 'member edge' | 'watcher';

/** `in`: the route itself answers. `out`: it does not, whatever the refusal. */
export type Answer = number | 'in' | 'out';

/** The columns of {@link answers}. Those that begin with "port" answer before any app. */
const columns: Readonly<Record<Treatment, number>> = {
  public: 0,
  chat: 1,
  metrics: 1,
  verify: 1,
  unknown: 2,
  'port public': 3,
  'port order': 4,
  'port other': 5,
  'port page': 6,
};

/**
 * For each way to ask, by treatment: the status of the answer. "with": with a key that is taken; "without": without one; "with another
 * scope": with one that is known and not taken here. No page gives orders, so no origin is allowed there.
 */
const answers = {
  with: ['in', 'in', 404, 'in', 'in', 426, 'in'],
  without: ['in', 401, 401, 'in', 403, 426, 'in'],
  'with another scope': ['in', 403, 403, 'in', 403, 426, 'in'],
  'other origin': [403, 403, 403, 403, 403, 426, 403],
  'allowed origin': ['in', 'in', 404, 'in', 403, 426, 403],
  'other host': [403, 403, 403, 'in', 403, 426, 403],
  'other method, with': [404, 404, 404, 426, 426, 426, 426],
  'other method, without': [401, 401, 401, 426, 426, 426, 426],
  'OPTIONS, without': [204, 204, 204, 426, 426, 426, 426],
  'HEAD, with': ['in', 'in', 404, 'in', 426, 426, 'in'],
  'other spelling, without': ['out', 'out', 'out', 'out', 'out', 'out', 'out'],
  'long body, with': [413, 413, 404, 'in', 'in', 426, 426],
  'long body in pieces, with': [413, 413, 404, 'in', 'in', 426, 426],
  'long body, without': [413, 401, 401, 'in', 403, 426, 426],
  'broken body, with': [400, 400, 404, 'in', 'in', 426, 426],
  'broken body, without': [400, 401, 401, 'in', 403, 426, 426],
  'long head, with': [431, 431, 431, 431, 431, 431, 431],
  'broken head, with': [400, 400, 400, 400, 400, 400, 400],
} as const;
export type VisitName = keyof typeof answers;

export function answerTo(visit: VisitName, treatment: Treatment): Answer {
  return answers[visit][columns[treatment]] as Answer;
}

/** What becomes of a connection: it is let in, refused with a code, or the request for it gets a status; `closed`: ended for its frames. */
export type SocketAnswer = 'in' | 'unauthorized' | 'closed' | number;

/** By the way to ask, with a key that is taken. A controller serves no pages. */
export const socketAnswers = {
  'other origin': { edge: 403, controller: 403 },
  'allowed origin': { edge: 'in', controller: 403 },
  'other host': { edge: 403, controller: 403 },
  'other method': { edge: 405, controller: 405 },
  'other protocol': { edge: 400, controller: 400 },
  'long message': { edge: 'closed', controller: 'closed' },
  'broken message': { edge: 'closed', controller: 'closed' },
} as const;

export type SocketVisit = keyof typeof socketAnswers;
