// What an edge answers to plain HTTP on its port: its health, and the operator's orders. Any other request needs a WebSocket.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isLoopbackAddress } from '../../network/transport-node/listen-address.ts';
import { peerAddress } from '../../network/transport-node/port-limits.ts';
import { refusalLine, type UpgradeGuard, type UpgradeRefusal } from '../../network/transport-node/upgrade-guard.ts';
import { demandUpgrade, type ListenSettings } from '../../network/transport-node/websocket-server.ts';

export interface OrderGiver {
  /** The key of `Authorization: Bearer`; null: none. */
  readonly credentials: string | null;
  /** The request comes from a loopback address, and no header shows that a proxy has forwarded it. */
  readonly isLocal: boolean;
}

export interface ListenEdgeSettings extends Omit<ListenSettings, 'maxFrameBytes'> {
  /**
   * Whether this one may make the edge drain (POST /drain, DELETE /drain); a text is the reason why not, and is sent. Without effect where
   * `onRequest` is given. Default: no one may.
   */
  readonly mayOrder?: (giver: OrderGiver) => true | string;
  /**
   * Answers requests whose path begins with "/v1/", and those for "/metrics", and decides who may ask. Without effect where `onRequest` is
   * given. Default: nothing.
   */
  readonly onApi?: RequestListener | undefined;
}

/** The answer to an order, as JSON: fields of an edge's status. */
export interface OrderAnswer {
  /** `loading`: it has not started yet. */
  readonly state: 'loading' | 'serving' | 'stalled' | 'draining' | 'closed';
  readonly answering: number;
  readonly waiting: number;
  /** Sessions wait for an engine in another process. */
  readonly engineAway?: boolean;
}

/** The part of an edge that plain requests concern. */
export interface Asked {
  readonly status: OrderAnswer;
  setDraining(isDraining: boolean): void;
}

export const drainPath = '/drain';

/** Every route of the edge's own, and who may use it: `public`: anybody; `order`: whom {@link ListenEdgeSettings.mayOrder} lets. */
export const edgeRoutes: Readonly<Record<string, 'public' | 'order'>> = {
  'GET /health': 'public',
  [`POST ${drainPath}`]: 'order',
  [`DELETE ${drainPath}`]: 'order',
};

type Refused = (refusal: UpgradeRefusal) => void;

export function answerRequests(
  edge: Asked,
  { mayOrder, onApi }: { readonly [Name in 'mayOrder' | 'onApi']: ListenEdgeSettings[Name] | undefined },
  refused: Refused,
): NonNullable<ListenSettings['onRequest']> {
  return (request, response, guard) => {
    const { method, url, socket } = request;
    const path = url?.split('?')[0];
    const route = `${method === 'HEAD' ? 'GET' : method} ${path}`;
    const rule = edgeRoutes[route] ?? null;
    if (rule === 'public') answerHealth(edge, guard, request, response);
    else if (onApi !== undefined && isForApi(path)) onApi(request, response);
    else if (rule === 'order' && mayOrder !== undefined)
      takeOrder({ edge, mayOrder, guard, refused }, request, response);
    else {
      const address = peerAddress(socket.remoteAddress);
      refused({ reason: 'plain', address, detail: 'a request that asks for no connection' });
      demandUpgrade(request, response);
    }
  };
}

/** Whether {@link ListenEdgeSettings.onApi} answers requests for this path. */
export function isForApi(path: string | undefined): boolean {
  if (path === undefined) return false;
  const isBelow = ['/v1/', '/pages/', '/weights/'].some((folder) => path.startsWith(folder));
  return isBelow || ['/', '/metrics', '/version', '/weights'].includes(path);
}

/** 200 while the edge takes new sessions, otherwise 503; the words of an endpoint's own /health. Sessions wait for an engine that is away. */
function answerHealth(
  { status: { state, engineAway } }: Asked,
  guard: UpgradeGuard,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method } = request;
  const refusal = guard(request);
  // Probes name the host as they like; a page is refused as by an endpoint.
  if (refusal?.reason === 'origin') {
    forbid(response, refusal.cause);
    return;
  }
  const status = state === 'serving' ? 'ready' : state;
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  response.writeHead(status === 'ready' ? 200 : 503, headers);
  response.end(
    method === 'HEAD'
      ? undefined
      : `${JSON.stringify(engineAway === true ? { status, engine: 'waiting' } : { status })}\n`,
  );
}

interface Orders {
  readonly edge: Asked;
  readonly mayOrder: NonNullable<ListenEdgeSettings['mayOrder']>;
  readonly guard: UpgradeGuard;
  readonly refused: Refused;
}

function takeOrder(
  { edge, mayOrder, guard, refused }: Orders,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { headers, socket, method } = request;
  // A browser names an origin with each such request: no page may give orders, wherever it comes from.
  const foreign = headers.origin === undefined ? guard(request) : pageRefusal;
  const word = foreign === null ? wordOf(mayOrder, request) : foreign.cause;
  if (word !== true) {
    refused({ reason: 'plain', address: peerAddress(socket.remoteAddress), detail: `an order to drain: ${word}` });
    forbid(response, word);
    return;
  }
  edge.setDraining(method === 'POST');
  const { state, answering, waiting } = edge.status;
  const answer: OrderAnswer = { state, answering, waiting };
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(answer)}\n`);
}

const pageRefusal = { cause: 'no page of a browser may give orders' } as const;

function forbid(response: ServerResponse, cause: string): void {
  response.writeHead(403, { 'Content-Type': 'text/plain' });
  response.end(`${refusalLine({ code: 'unauthorized', cause })}\n`);
}

/** Thrown in an event of the server, an error of the user's function would end the process. */
function wordOf(mayOrder: Orders['mayOrder'], request: IncomingMessage): true | string {
  try {
    return mayOrder({ credentials: bearerOf(request), isLocal: isLocal(request) });
  } catch {
    return 'the edge has a fault';
  }
}

function bearerOf({ headers }: IncomingMessage): string | null {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

function isLocal({ headers, socket }: IncomingMessage): boolean {
  const isForwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'].some((name) => headers[name] !== undefined);
  return !isForwarded && isLoopbackAddress(socket.remoteAddress ?? '');
}
