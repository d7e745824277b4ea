// A certificate that an edge of a test has made for itself, and what it is known by.

import { X509Certificate } from 'node:crypto';
import { makeCertificate } from '../../src/files/self-signed.ts';

export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256, 64 hex digits. */
  readonly fingerprint: string;
}

export function ownCertificate(): OwnCertificate {
  const made = makeCertificate(['localhost', '127.0.0.1'], Date.now());
  const fingerprint = new X509Certificate(made.cert).fingerprint256.replaceAll(':', '').toLowerCase();
  return { ...made, fingerprint };
}
