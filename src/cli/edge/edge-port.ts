// The port of `outrider edge`: open before the models are loaded, so that /health reports `loading`, and a port that is taken ends the
// command at once.

import type { RequestListener } from 'node:http';
import { OutriderError } from '../../core/basics/errors.ts';
import { retryRemedy } from '../../core/basics/retry-time.ts';
import { EdgeCodec } from '../../core/protocol/wire/codec.ts';
import type { Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import type { WebSocketListener } from '../../network/transport-node/websocket-server.ts';
import { type Edge, listenEdge } from '../../processes/edge/edge.ts';
import type { ListenEdgeSettings } from '../../processes/edge/edge-requests.ts';
import { apiErrorOf } from '../../processes/http/api-error.ts';
import { OpenRequests } from '../../processes/http/listen-http.ts';

/** Closing it before it has begun closes the port; later whoever ends the edge does. */
export interface EdgePort extends AsyncDisposable {
  readonly listener: WebSocketListener;
  /** Requests over HTTP. */
  readonly requests: OpenRequests;
  /** From now on the edge takes the connections, and `onApi` the requests over HTTP. */
  begin(edge: Edge, onApi: RequestListener): void;
}

/** @param secondsLeft until the models are loaded, about; null: not known @throws OutriderError `port-in-use`, `bad-argument` */
export async function openEdgePort(
  settings: Omit<ListenEdgeSettings, 'onApi' | 'onRequest'>,
  secondsLeft: () => number | null,
): Promise<EdgePort> {
  let begun: { readonly edge: Edge; readonly onApi: RequestListener } | null = null;
  const requests = new OpenRequests();
  const listener = await listenEdge(
    {
      accept(connection) {
        if (begun !== null) return begun.edge.accept(connection);
        return refuseConnection(connection, loadingEdge(secondsLeft()));
      },
      get status() {
        return begun?.edge.status ?? ({ state: 'loading', answering: 0, waiting: 0 } as const);
      },
      upgradeRefused: (refusal) => begun?.edge.upgradeRefused(refusal),
      setDraining: (isDraining) => begun?.edge.setDraining(isDraining),
    },
    {
      ...settings,
      onApi: requests.counting((request, response) => {
        if (begun !== null) begun.onApi(request, response);
        else refuseRequest(request, response, loadingEdge(secondsLeft()));
      }),
    },
  );
  return {
    listener,
    requests,
    begin: (edge, onApi) => {
      begun = { edge, onApi };
    },
    async [Symbol.asyncDispose]() {
      if (begun === null) await listener.close();
    },
  };
}

/** When the next attempt is worth it where the time is not known, s. */
const usualSeconds = 5;

function loadingEdge(secondsLeft: number | null): OutriderError {
  const time = secondsLeft === null ? '' : `, for about ${secondsLeft} s more`;
  const remedy = retryRemedy(1000 * (secondsLeft ?? usualSeconds), '; its first start on a machine takes minutes');
  return new OutriderError('edge-loading', `the edge still loads its model${time}`, remedy);
}

function refuseConnection(connection: Connection, { code, message: cause, remedy }: OutriderError): ConnectionHandler {
  connection.send(new EdgeCodec().encode({ kind: 'refused', code, cause, remedy }));
  connection.close(code, cause);
  return { frame: () => {}, writable: () => {}, closed: () => {} };
}

function refuseRequest(...[request, response, error]: [...Parameters<RequestListener>, OutriderError]): void {
  const { status, body, message, retryAfterSeconds } = apiErrorOf(error);
  const isPage = request.headers.accept?.includes('text/html') === true;
  response.writeHead(status, {
    'Content-Type': isPage ? 'text/plain; charset=utf-8' : 'application/json',
    'Cache-Control': 'no-store',
    'Retry-After': String(retryAfterSeconds),
    // A browser asks again by itself.
    ...(isPage ? { Refresh: String(usualSeconds) } : {}),
  });
  response.end(isPage ? `${message}\n` : JSON.stringify(body));
}
