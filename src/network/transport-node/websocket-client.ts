// Connects to an edge from Node over the package `ws`, which gives the reason of a refused connection, checks the size of frames before it
// reads them, and can drop a connection at once. For the platform's own WebSocket see transport/websocket-client.ts.

import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { badArgument, isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { parseEdgeAddress, showAddress, unreachableEdge } from '../transport/edge-address.ts';
import { interrupted } from '../transport/endings.ts';
import { subprotocol } from '../transport/socket-connection.ts';
import type { Connect } from '../transport/transport.ts';
import { type ConnectSettings, defaultConnectTimeoutMs } from '../transport/websocket-client.ts';
import { connectTrusted, type PeerWord, parseFingerprint } from './pinned-certificate.ts';
import { causeIn } from './upgrade-guard.ts';
import { adoptSocket, socketOptions } from './ws-socket.ts';

const maxRefusalBytes = 1000;

/** Limits of a connection, and whom to trust. */
export interface NodeConnectSettings extends ConnectSettings {
  /** SHA-256 of the edge's certificate, 64 hex digits: this certificate is trusted, and no other. Default: what the system trusts. */
  readonly fingerprint?: string | undefined;
  /** What is at the address, for messages. Default: an edge. */
  readonly peer?: PeerWord;
}

/**
 * Creates a connector to an edge.
 * @param url ws, wss, http or https
 * @throws OutriderError `bad-argument` if `url` is none of these, or for a fingerprint without TLS; the connector throws
 * `edge-unreachable`, `certificate-untrusted`, `unauthorized` and `version-mismatch`
 */
export function connectWebSocket(url: string, settings: NodeConnectSettings = {}): Connect {
  const { peer = 'edge' } = settings;
  const target = parseEdgeAddress(url, peer === 'edge' ? undefined : 'a controller');
  const trust = trustOf(target, settings.fingerprint, peer);
  return (accept, options) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal?.aborted === true) {
        reject(interrupted());
        return;
      }
      const { timeoutMs = defaultConnectTimeoutMs } = settings;
      const limited = { ...socketOptions(settings.maxFrameBytes), handshakeTimeout: timeoutMs, ...trust };
      const socket = new WebSocket(target, subprotocol, limited);
      // The time-outs of Node and of `ws` count silence; an edge that sends a byte now and then would hold the device for ever.
      const timer = setTimeout(
        () => refuse(unreachableEdge(target, `no connection in ${timeoutMs} ms`, undefined, peer)),
        timeoutMs,
      );
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const refuse = (error: OutriderError): void => {
        leave();
        reject(error);
        socket.on('error', () => {});
        socket.terminate();
      };
      const abort = (): void => refuse(interrupted());
      const fail = (error: Error): void => refuse(unreachable(target, error, peer));
      signal?.addEventListener('abort', abort);
      socket.on('error', fail);
      socket.on('unexpected-response', (_request, response) => {
        readRefusal(response, (text) => refuse(refusal(target, response.statusCode ?? 0, text, peer)));
      });
      let isChecked = false;
      socket.on('upgrade', ({ socket: stream }) => {
        isChecked = settings.fingerprint !== undefined || (stream instanceof TLSSocket && stream.authorized);
      });
      socket.on('open', () => {
        leave();
        socket.off('error', fail);
        resolve(adoptSocket(socket, accept, { isChecked }));
      });
    });
}

/** How connections to a port with TLS are opened. */
function trustOf(target: URL, fingerprint: string | undefined, peer: PeerWord): object {
  const pin = fingerprint === undefined ? undefined : parseFingerprint(fingerprint);
  if (target.protocol === 'wss:') return { createConnection: connectTrusted(pin, showAddress(target), peer) };
  if (pin === undefined) return {};
  throw badArgument(`${showAddress(target)} has no certificate to compare`, 'write the address with wss://');
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

function refusal(target: URL, status: number, text: string, peer: PeerWord): OutriderError {
  const [line = ''] = text.split('\n');
  const mismatch = causeIn(line, 'version-mismatch');
  if (mismatch !== null) return versionMismatch(target, peer, mismatch);
  const refused = status === 403 ? causeIn(line, 'unauthorized') : null;
  if (refused !== null) {
    return new OutriderError(
      'unauthorized',
      `${showAddress(target)} refused: ${refused}`,
      `start the ${peer} with --allow-host NAME${peer === 'edge' ? ' or --allow-origin ORIGIN (`allowHosts`, `allowOrigins` in code)' : ''}`,
    );
  }
  const meaning = STATUS_CODES[status] ?? 'no known status';
  const cause = `${showAddress(target)} answered ${status} (${meaning}) instead of opening a connection`;
  return new OutriderError('edge-unreachable', cause, `check the address: an \`outrider ${peer}\` must listen there`);
}

function versionMismatch(target: URL, peer: PeerWord, said = 'it does not name its version'): OutriderError {
  return new OutriderError(
    'version-mismatch',
    `${showAddress(target)} does not speak ${subprotocol}: ${said}`,
    `run the same version of outrider on ${peer === 'edge' ? 'device and edge' : 'both sides'}`,
  );
}

/** The error for a request to an edge that has failed. */
export function unreachable(
  target: URL,
  error: Error & { readonly code?: string },
  peer: PeerWord = 'edge',
): OutriderError {
  if (isOutriderError(error)) return error;
  const { code = '' } = error;
  if (target.protocol === 'wss:') {
    if (/^EPROTO$|^ERR_SSL/.test(code)) {
      return otherKind(target, { why: 'it does not speak TLS 1.2 or newer', scheme: 'ws://', peer }, error);
    }
  } else if (/^HPE_|^ECONNRESET$/.test(code)) {
    const why = 'it closed the connection without an HTTP answer';
    return otherKind(target, { why, scheme: 'wss://', peer }, error);
  }
  if (error.message.includes('subprotocol')) return versionMismatch(target, peer);
  return unreachableEdge(target, error.code ?? error.message, error, peer);
}

interface OtherKind {
  readonly why: string;
  readonly scheme: 'ws://' | 'wss://';
  readonly peer: PeerWord;
}

/** TLS to a peer without it, or the reverse. */
function otherKind(target: URL, { why, scheme, peer }: OtherKind, error: Error): OutriderError {
  const remedy = `write the address with ${scheme} if that ${peer} runs ${scheme === 'ws://' ? 'without' : 'with'} TLS`;
  return new OutriderError('edge-unreachable', `no connection to ${showAddress(target)}: ${why}`, remedy, {
    cause: error,
  });
}
