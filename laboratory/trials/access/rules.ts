// What each rule of a route means for each visit: the one table that all answers are compared with.

import type { RouteRule } from '../../../src/processes/http/app.ts';

/** Every key of the trial, each shown everywhere: a key is good where it belongs, and nowhere else. */
export const keyNames = [
  'no key',
  'wrong key',
  'revoked key',
  'expired key',
  'scope chat',
  'scope verify',
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
 * before any app: health, orders, and all else, which is told to open a WebSocket.
 */
export type Treatment = RouteRule | 'unknown' | 'port public' | 'port order' | 'port other';

/** The keys that a treatment takes. */
export const takes: Readonly<Record<Place, Readonly<Partial<Record<Treatment, readonly KeyName[]>>>>> = {
  edge: { key: ['scope chat'], unknown: ['scope chat'], 'port order': ['scope admin'] },
  device: { key: ["the endpoint's key"], unknown: ["the endpoint's key"] },
  controller: {},
};

/** What opens a session of an edge, and what joins a controller. */
export const socketTakes: Readonly<Record<SocketRole, readonly KeyName[]>> = {
  session: ['scope verify'],
  'member device': ["the controller's key"],
  'member edge': ["the controller's key for edges"],
};

/** What a connection asks to be. */
export type SocketRole = 'session' | 'member device' | 'member edge';

/** `in`: the route itself answers. `out`: it does not, whatever the refusal. */
export type Answer = number | 'in' | 'out';

/** Ways to ask beside the keys. "with": with a key that is taken; "without": without one. */
export type VisitName =
  | 'with'
  | 'without'
  | 'other origin'
  | 'allowed origin'
  | 'other host'
  | 'other method, with'
  | 'other method, without'
  | 'OPTIONS, without'
  | 'HEAD, with'
  | 'other spelling, without'
  | 'long body, with'
  | 'long body in pieces, with'
  | 'long body, without'
  | 'broken body, with'
  | 'broken body, without'
  | 'long head, with'
  | 'broken head, with';

/** For each visit, by treatment: the status of the answer. */
export const answers: Readonly<Record<Treatment, Readonly<Record<VisitName, Answer>>>> = {
  public: {
    ...{ with: 'in', without: 'in', 'other origin': 403, 'allowed origin': 'in', 'other host': 403 },
    ...{ 'other method, with': 404, 'other method, without': 401, 'OPTIONS, without': 204, 'HEAD, with': 'in' },
    'other spelling, without': 'out',
    ...{ 'long body, with': 413, 'long body in pieces, with': 413, 'long body, without': 413 },
    ...{ 'broken body, with': 400, 'broken body, without': 400, 'long head, with': 431, 'broken head, with': 400 },
  },
  key: {
    ...{ with: 'in', without: 401, 'other origin': 403, 'allowed origin': 'in', 'other host': 403 },
    ...{ 'other method, with': 404, 'other method, without': 401, 'OPTIONS, without': 204, 'HEAD, with': 'in' },
    'other spelling, without': 'out',
    ...{ 'long body, with': 413, 'long body in pieces, with': 413, 'long body, without': 401 },
    ...{ 'broken body, with': 400, 'broken body, without': 401, 'long head, with': 431, 'broken head, with': 400 },
  },
  unknown: {
    ...{ with: 404, without: 401, 'other origin': 403, 'allowed origin': 404, 'other host': 403 },
    ...{ 'other method, with': 404, 'other method, without': 401, 'OPTIONS, without': 204, 'HEAD, with': 404 },
    'other spelling, without': 'out',
    ...{ 'long body, with': 404, 'long body in pieces, with': 404, 'long body, without': 401 },
    ...{ 'broken body, with': 404, 'broken body, without': 401, 'long head, with': 431, 'broken head, with': 400 },
  },
  'port public': {
    ...{ with: 'in', without: 'in', 'other origin': 'in', 'allowed origin': 'in', 'other host': 'in' },
    ...{ 'other method, with': 426, 'other method, without': 426, 'OPTIONS, without': 426, 'HEAD, with': 'in' },
    'other spelling, without': 'out',
    ...{ 'long body, with': 'in', 'long body in pieces, with': 'in', 'long body, without': 'in' },
    ...{ 'broken body, with': 'in', 'broken body, without': 'in', 'long head, with': 431, 'broken head, with': 400 },
  },
  // No page gives orders, so no origin is allowed.
  'port order': {
    ...{ with: 'in', without: 403, 'other origin': 403, 'allowed origin': 403, 'other host': 'in' },
    ...{ 'other method, with': 426, 'other method, without': 426, 'OPTIONS, without': 426, 'HEAD, with': 426 },
    'other spelling, without': 'out',
    ...{ 'long body, with': 'in', 'long body in pieces, with': 'in', 'long body, without': 403 },
    ...{ 'broken body, with': 'in', 'broken body, without': 403, 'long head, with': 431, 'broken head, with': 400 },
  },
  'port other': {
    ...{ with: 426, without: 426, 'other origin': 426, 'allowed origin': 426, 'other host': 426 },
    ...{ 'other method, with': 426, 'other method, without': 426, 'OPTIONS, without': 426, 'HEAD, with': 426 },
    'other spelling, without': 'out',
    ...{ 'long body, with': 426, 'long body in pieces, with': 426, 'long body, without': 426 },
    ...{ 'broken body, with': 426, 'broken body, without': 426, 'long head, with': 431, 'broken head, with': 400 },
  },
};

/** What becomes of a connection: it is let in, refused with a code, or the request for it gets a status; `closed`: ended for its frames. */
export type SocketAnswer = 'in' | 'unauthorized' | 'closed' | number;

export type SocketVisit =
  | 'other origin'
  | 'allowed origin'
  | 'other host'
  | 'other method'
  | 'other protocol'
  | 'long message'
  | 'broken message';

/** With a key that is taken. A controller serves no pages. */
export const socketAnswers: Readonly<Record<'edge' | 'controller', Readonly<Record<SocketVisit, SocketAnswer>>>> = {
  edge: {
    ...{ 'other origin': 403, 'allowed origin': 'in', 'other host': 403, 'other method': 405, 'other protocol': 400 },
    ...{ 'long message': 'closed', 'broken message': 'closed' },
  },
  controller: {
    ...{ 'other origin': 403, 'allowed origin': 403, 'other host': 403, 'other method': 405, 'other protocol': 400 },
    ...{ 'long message': 'closed', 'broken message': 'closed' },
  },
};
