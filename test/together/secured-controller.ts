// A controller behind a certificate that it has made itself, over real sockets, and how its members reach it.

import { createHash, X509Certificate } from 'node:crypto';
import { makeCertificate } from '../../src/files/self-signed.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import type { TlsIdentity } from '../../src/network/transport-node/websocket-server.ts';
import { type Reach, reachBy } from '../../src/processes/controller/control-client.ts';

/** For all controllers of a file of tests. */
export const identity: TlsIdentity = makeCertificate(['localhost', '127.0.0.1'], Date.now(), 'controller');
/** Its SHA-256. */
export const fingerprint: string = createHash('sha256').update(new X509Certificate(identity.cert).raw).digest('hex');

/** Where the address has TLS, its certificate must be the one above. */
export function reachSecured(url: string): Reach {
  const pin = url.startsWith('wss:') ? { fingerprint } : {};
  return reachBy(connectWebSocket(url, { ...pin, peer: 'controller' }));
}
