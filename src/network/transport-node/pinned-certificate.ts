// TLS to an edge whose certificate is known by its fingerprint: a self-signed one that the edge has made. The
// connection is handed over only when the fingerprint is right, so that nothing is sent to anybody else.

import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';

/** SHA-256 of the certificate, 64 hex digits in lower case. @throws OutriderError `bad-argument` */
export function parseFingerprint(text: string): string {
  const digits = text
    .replace(/^sha-?256[:/ ]/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw badArgument(
    'the fingerprint is not 64 hex digits',
    'take the line "certificate SHA-256" that is printed where it listens',
  );
}

/** What listens at an address, for messages. */
export type PeerWord = 'edge' | 'controller';

interface Distrust {
  readonly cause?: unknown;
  /** Default: to compare the fingerprint. */
  readonly remedy?: string;
  readonly peer?: PeerWord;
}

/** @param address for messages */
export function untrusted(
  address: string,
  why: string,
  { cause, remedy, peer = 'edge' }: Distrust = {},
): OutriderError {
  const compare = `compare with the fingerprint that the ${peer} prints, and pass that with --${peer}-fingerprint`;
  return new OutriderError('certificate-untrusted', `${address} is not trusted: ${why}`, remedy ?? compare, { cause });
}

type Connected = (error: Error | null, socket?: TLSSocket) => void;

/** For `createConnection` of a request: calls back with a socket only if the certificate has this fingerprint. */
export function connectPinned(
  fingerprint: string,
  address: string,
  peer: PeerWord = 'edge',
): (options: ConnectionOptions, done: Connected) => void {
  return (options, done) => {
    const { host = '' } = options;
    const servername = isIP(host) === 0 ? host : '';
    const names = { host, port: options.port, servername, ALPNProtocols: ['http/1.1'] };
    // No authority is asked: the fingerprint alone decides, below.
    const socket = connect({ ...names, minVersion: 'TLSv1.2', rejectUnauthorized: false });
    const timer = setTimeout(() => fail(new Error('no TLS connection in time')), options.timeout);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      done(error);
    };
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      const found = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase();
      if (found !== fingerprint) {
        const why = `its certificate has the fingerprint ${found ?? 'none'}, not the one that was given`;
        fail(untrusted(address, why, { peer }));
        return;
      }
      socket.off('error', fail);
      clearTimeout(timer);
      done(null, socket);
    });
  };
}
