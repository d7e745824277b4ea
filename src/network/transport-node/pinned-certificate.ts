// TLS to an edge: an authority vouches for its certificate, or it is known by its fingerprint, as a self-signed one that the edge has made.
// The connection is handed over only when the certificate is right, so that nothing is sent to anybody else.

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

const comparing = (peer: PeerWord): string => `compare with the fingerprint that the ${peer} prints`;

/** @param address for messages */
function untrusted(address: string, why: string, remedy: string): OutriderError {
  return new OutriderError('certificate-untrusted', `${address} is not trusted: ${why}`, remedy);
}

/** Node's code for a certificate, in words; with a remedy where a fingerprint is none. */
const faults: Readonly<Record<string, { readonly why: string; readonly remedy?: string }>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: { why: 'is self-signed' },
  ERR_TLS_CERT_ALTNAME_INVALID: { why: 'is for another name' },
  CERT_HAS_EXPIRED: {
    why: 'has expired',
    remedy: 'whoever runs it has to renew it; a renewed file is taken without a restart (check also the clock here)',
  },
  CERT_NOT_YET_VALID: {
    why: 'is not valid yet',
    remedy: 'check the clock of this machine, and that of the machine that made the certificate',
  },
};

/** @param code for which Node does not trust it @param fingerprint of the certificate that was shown */
export function distrust(address: string, code: string, fingerprint: string, peer: PeerWord = 'edge'): OutriderError {
  const { why, remedy } = faults[code] ?? { why: 'is signed by no authority that this machine trusts' };
  if (remedy !== undefined) return untrusted(address, `its certificate ${why}`, remedy);
  return untrusted(
    address,
    `its certificate ${why} (${code}), and has the fingerprint ${fingerprint}`,
    `${comparing(peer)}, on its own screen; if it is the same, add --${peer}-fingerprint ${fingerprint}`,
  );
}

type Connected = (error: Error | null, socket?: TLSSocket) => void;

/**
 * For `createConnection` of a request: calls back with a socket only if the certificate is trusted.
 * @param pin fingerprint of the only certificate that is; undefined: what Node trusts
 */
export function connectTrusted(
  pin: string | undefined,
  address: string,
  peer: PeerWord = 'edge',
): (options: ConnectionOptions, done: Connected) => void {
  return (options, done) => {
    const { host = '' } = options;
    const servername = isIP(host) === 0 ? host : '';
    const names = { host, port: options.port, servername, ALPNProtocols: ['http/1.1'] };
    // Node would close it before the fingerprint can be read. The verdict of Node is checked below, before anything is sent.
    const socket = connect({ ...names, minVersion: 'TLSv1.2', rejectUnauthorized: false });
    const timer = setTimeout(() => fail(new Error('no TLS connection in time')), options.timeout);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      done(error);
    };
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      const found = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase() ?? 'none';
      if (pin !== undefined && found !== pin) {
        const why = `its certificate has the fingerprint ${found}, not the one that was given`;
        fail(untrusted(address, why, `${comparing(peer)}, and pass that with --${peer}-fingerprint`));
        return;
      }
      // With this variable Node checks nothing.
      if (pin === undefined && !socket.authorized && process.env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') {
        // A code, whatever its type says.
        fail(distrust(address, String(socket.authorizationError), found, peer));
        return;
      }
      socket.off('error', fail);
      clearTimeout(timer);
      done(null, socket);
    });
  };
}
