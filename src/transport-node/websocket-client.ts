// Connects to an edge from Node over the package `ws`, which gives the reason of a refused connection, checks the size of frames before it
// reads them, and can drop a connection at once. For the platform's own WebSocket see transport/websocket-client.ts.

import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { WebSocket } from 'ws';
import { OutriderError } from '../basics/errors.ts';
import { parseEdgeAddress, showAddress, unreachableEdge } from '../transport/edge-address.ts';
import { interrupted } from '../transport/endings.ts';
import { subprotocol } from '../transport/socket-connection.ts';
import type { Connect } from '../transport/transport.ts';
import { type ConnectSettings, defaultConnectTimeoutMs } from '../transport/websocket-client.ts';
import { adoptSocket, socketOptions } from './ws-socket.ts';

const maxRefusalBytes = 1000;

/**
 * Creates a connector to an edge.
 * @param url ws, wss, http or https
 * @throws OutriderError `bad-argument` if `url` is none of these; the connector throws `edge-unreachable` and `version-mismatch`
 */
export function connectWebSocket(url: string, settings: ConnectSettings = {}): Connect {
  const target = parseEdgeAddress(url);
  return (accept, options) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal?.aborted === true) {
        reject(interrupted());
        return;
      }
      const socket = new WebSocket(target, subprotocol, {
        ...socketOptions(settings.maxFrameBytes),
        handshakeTimeout: settings.timeoutMs ?? defaultConnectTimeoutMs,
      });
      const refuse = (error: OutriderError): void => {
        signal?.removeEventListener('abort', abort);
        reject(error);
        socket.on('error', () => {});
        socket.terminate();
      };
      const abort = (): void => refuse(interrupted());
      const fail = (error: Error): void => refuse(unreachable(target, error));
      signal?.addEventListener('abort', abort);
      socket.on('error', fail);
      socket.on('unexpected-response', (_request, response) => {
        readRefusal(response, (text) => refuse(refusal(target, response.statusCode ?? 0, text)));
      });
      socket.on('open', () => {
        signal?.removeEventListener('abort', abort);
        socket.off('error', fail);
        resolve(adoptSocket(socket, accept));
      });
    });
}

function readRefusal(response: IncomingMessage, done: (text: string) => void): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (part: string) => {
    text += part;
    if (text.length > maxRefusalBytes) response.destroy();
  });
  response.on('close', () => done(text.slice(0, maxRefusalBytes)));
  response.on('error', () => {});
}

function refusal(target: URL, status: number, text: string): OutriderError {
  const [line = ''] = text.split('\n');
  if (line.startsWith('version-mismatch')) return versionMismatch(target, line);
  if (status === 403 && line.startsWith('unauthorized ')) {
    const cause = `${showAddress(target)} refused: ${line.slice('unauthorized '.length)}`;
    return new OutriderError('unauthorized', cause, 'start the edge with --allow-host NAME, or --allow-origin ORIGIN');
  }
  const meaning = STATUS_CODES[status] ?? 'no known status';
  const cause = `${showAddress(target)} answered ${status} (${meaning}) instead of opening a connection`;
  return new OutriderError('edge-unreachable', cause, 'check the address: an `outrider edge` must listen there');
}

function versionMismatch(target: URL, cause?: string): OutriderError {
  const said = cause?.replace('version-mismatch ', '') ?? 'it does not name its version';
  return new OutriderError(
    'version-mismatch',
    `${showAddress(target)} does not speak ${subprotocol}: ${said}`,
    'run the same version of outrider on device and edge',
  );
}

function unreachable(target: URL, error: Error & { readonly code?: string }): OutriderError {
  if (error.message.includes('subprotocol')) return versionMismatch(target);
  return unreachableEdge(target, error.code ?? error.message, error);
}
