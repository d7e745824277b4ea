// The fleet page at the port of a controller. All other plain requests are asked to open a WebSocket.

import { Hono } from 'hono';
import { refusalLine } from '../../network/transport-node/upgrade-guard.ts';
import { demandUpgrade, type ListenSettings } from '../../network/transport-node/websocket-server.ts';
import { ApiError } from './api-error.ts';
import { requestListenerOf } from './listen-http.ts';
import { addPage, addPageFiles, type PageFiles } from './pages.ts';

export const fleetPath = '/fleet';
/** What a controller answers to everybody, as routes. */
export const controllerRoutes: readonly string[] = [`GET ${fleetPath}`, 'GET /pages/:file'];

export function fleetPageOf(files: PageFiles): NonNullable<ListenSettings['onRequest']> {
  const app = new Hono();
  addPage(app, files, fleetPath, 'fleet');
  addPageFiles(app, files);
  app.onError((error, { text }) => (error instanceof ApiError ? text(`${error.message}\n`, 404) : text('', 500)));
  const answer = requestListenerOf(app);
  return (request, response, guard) => {
    const path = request.url?.split('?')[0] ?? '';
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || !(path === fleetPath || path.startsWith('/pages/'))) {
      demandUpgrade(request, response);
      return;
    }
    const refusal = guard(request);
    if (refusal === null) answer(request, response);
    else response.writeHead(403, { 'Content-Type': 'text/plain' }).end(`${refusalLine(refusal)}\n`);
  };
}
