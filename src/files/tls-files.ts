// Certificate and key of an edge or controller on disk: either files of its owner, which another program may renew, or made once and kept.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { badArgument } from '../core/basics/errors.ts';
import { type LoadedFiles, loadFiles } from './follow-files.ts';
import { makePrivateDirectory } from './make-directory.ts';
import { replaceFile } from './private-file.ts';
import { type Certificate, makeCertificate } from './self-signed.ts';

/** Paths of PEM files. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
}

/** What a port needs, and what its owner should know. */
export interface LoadedTls extends Certificate {
  /** SHA-256 of the certificate, 64 hex digits. */
  readonly fingerprint: string;
  /** ms since 1970. */
  readonly expiresMs: number;
  /** Mode of the private key's file, as 644, where everyone on this machine may read it; null: only some may. */
  readonly openMode: string | null;
}

/** @throws OutriderError `bad-argument` if one can't be read, if they don't fit, or if the certificate has expired */
export async function loadTls(paths: TlsPaths, nowMs: number): Promise<LoadedTls> {
  const cert = await readNamed(paths.cert);
  const key = await readNamed(paths.key);
  const certificate = parsePem(paths.cert, () => new X509Certificate(cert));
  const own = parsePem(paths.key, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(own)) {
    const cause = `${paths.key} is not the key of the certificate ${paths.cert}`;
    throw badArgument(cause, 'take the two files of one certificate');
  }
  const expiresMs = Date.parse(certificate.validTo);
  if (expiresMs <= nowMs)
    throw badArgument(`the certificate ${paths.cert} expired on ${certificate.validTo}`, 'renew it');
  const mode = (await stat(paths.key)).mode & 0o777;
  const openMode = process.platform !== 'win32' && (mode & 0o004) !== 0 ? mode.toString(8) : null;
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  return { cert, key, fingerprint, expiresMs, openMode };
}

/** Who makes a certificate for itself: each has its own. */
export type CertificateOwner = 'edge' | 'controller';

/** The certificate that an edge or controller has made in this directory before, or makes now. @throws OutriderError `bad-argument` */
export async function ownCertificate(
  directory: string,
  names: readonly string[],
  nowMs: number,
  owner: CertificateOwner = 'edge',
): Promise<LoadedTls> {
  const paths = { cert: join(directory, `${owner}-certificate.pem`), key: join(directory, `${owner}-key.pem`) };
  if (!(existsSync(paths.cert) && existsSync(paths.key))) {
    makePrivateDirectory(directory);
    // A name of the machine that can stand in a certificate.
    const own = [hostname().toLowerCase()].filter((name) => /^[a-z0-9.-]{1,63}$/.test(name));
    const all = new Set(['localhost', '127.0.0.1', '::1', ...own, ...names]);
    const made = makeCertificate([...all], nowMs, owner);
    await replaceFile(paths.key, made.key);
    await replaceFile(paths.cert, made.cert);
  }
  return loadTls(paths, nowMs);
}

/** The files of a certificate that another program may renew. @throws OutriderError `bad-argument` as {@link loadTls} */
export function loadRenewable(paths: TlsPaths): Promise<LoadedFiles<LoadedTls>> {
  return loadFiles([paths.cert, paths.key], () => loadTls(paths, Date.now()));
}

/** A file that its user has named. @throws OutriderError `bad-argument` */
export async function readNamed(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw badArgument(`${path} can't be read: ${error.code ?? error}`, 'check path and permissions');
  });
}

function parsePem<Parsed>(path: string, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch {
    const remedy = 'give the certificate chain with --tls-cert, the key with --tls-key';
    throw badArgument(`${path} is not a PEM file of the right kind`, remedy);
  }
}
