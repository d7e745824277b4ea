// One plain HTTP request of a command to the port of an edge: over TLS as devices use it, and with a key only over TLS or to loopback.

import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { badArgument } from '../../core/basics/errors.ts';
import { parseEdgeAddress, showAddress } from '../../network/transport/edge-address.ts';
import { isLoopbackAddress } from '../../network/transport-node/listen-address.ts';
import { connectTrusted, parseFingerprint } from '../../network/transport-node/pinned-certificate.ts';
import { unreachable } from '../../network/transport-node/websocket-client.ts';

export interface EdgeRequest {
  /** "ws://host:port" or "wss://host:port" */
  readonly url: string;
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  /** SHA-256 of its certificate; undefined: an authority vouches for it. */
  readonly fingerprint: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EdgeAnswer {
  readonly status: number | undefined;
  readonly text: string;
}

const mostAnswerBytes = 4 * 1024 * 1024;
const answerWithinMs = 10_000;

/** @throws OutriderError `edge-unreachable`, `certificate-untrusted`, `bad-argument` */
export async function askEdge({ url, method, path, key, fingerprint, signal }: EdgeRequest): Promise<EdgeAnswer> {
  const target = parseEdgeAddress(url);
  const isSecure = target.protocol === 'wss:';
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (key !== undefined && !isSecure && host !== 'localhost' && !isLoopbackAddress(host))
    throw badArgument(
      'the key would go in clear over the network',
      'give a wss:// address, or run it on the machine of the edge',
    );
  if (fingerprint !== undefined && !isSecure)
    throw badArgument(`${showAddress(target)} has no certificate to compare`, 'write the address with wss://');
  const pin = fingerprint === undefined ? undefined : parseFingerprint(fingerprint);
  const sent = (isSecure ? requestHttps : requestHttp)({
    host,
    port: target.port === '' ? undefined : Number(target.port),
    path: `${target.pathname.replace(/\/$/, '')}${path}`,
    method,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal,
    timeout: answerWithinMs,
    ...(isSecure ? { createConnection: connectTrusted(pin, showAddress(target)) as never } : {}),
  });
  let cause: Error | null = null;
  sent.on('timeout', () => sent.destroy(new Error(`no answer in ${answerWithinMs / 1000} s`)));
  sent.on('error', (error) => {
    cause ??= error;
  });
  try {
    const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
    return { status: response.statusCode, text: await readAnswer(response) };
  } catch (error) {
    throw signal?.aborted === true ? error : unreachable(target, cause ?? (error as Error));
  }
}

async function readAnswer(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostAnswerBytes) throw new Error('its answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
