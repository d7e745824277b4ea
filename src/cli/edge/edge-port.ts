// The port of `outrider edge`: open before the models are loaded, so that /health reports `loading`, and a port that is taken ends the
// command at once.

import type { RequestListener } from 'node:http';
import type { WebSocketListener } from '../../network/transport-node/websocket-server.ts';
import { type Edge, listenEdge } from '../../processes/edge/edge.ts';
import type { ListenEdgeSettings } from '../../processes/edge/edge-requests.ts';
import { OpenRequests } from '../../processes/http/listen-http.ts';

/** Closing it before it has begun closes the port; later whoever ends the edge does. */
export interface EdgePort extends AsyncDisposable {
  readonly listener: WebSocketListener;
  /** Requests over HTTP. */
  readonly requests: OpenRequests;
  /** From now on the edge takes the connections, and `onApi` the requests over HTTP. */
  begin(edge: Edge, onApi: RequestListener): void;
}

/** @throws OutriderError `port-in-use`, `bad-argument` */
export async function openEdgePort(settings: Omit<ListenEdgeSettings, 'onApi' | 'onRequest'>): Promise<EdgePort> {
  let begun: { readonly edge: Edge; readonly onApi: RequestListener } | null = null;
  const requests = new OpenRequests();
  const listener = await listenEdge(
    {
      accept(connection) {
        if (begun !== null) return begun.edge.accept(connection);
        connection.close('interrupted', 'the edge is loading its models');
        return { frame: () => {}, writable: () => {}, closed: () => {} };
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
        else refuseWhileLoading(response);
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

function refuseWhileLoading(response: Parameters<RequestListener>[1]): void {
  const message = 'the models are being loaded; try again later';
  response.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '2' });
  response.end(JSON.stringify({ error: { message, type: 'server_error', param: null, code: 'model_loading' } }));
}
