// Certificate and key of an edge or controller on disk: given by its owner and renewed by whatever renews them, or made once and kept.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { badArgument, type OutriderError } from '../core/basics/errors.ts';
import { replaceFile } from './key-files.ts';
import { type Certificate, makeCertificate } from './self-signed.ts';
import { makePrivateDirectory } from './state-directory.ts';

/** Paths of PEM files. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
}

/** What a port needs, and what its owner is told. */
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
  const [cert, key] = [await readPem(paths.cert), await readPem(paths.key)];
  const certificate = parsePem(paths.cert, () => new X509Certificate(cert));
  const own = parsePem(paths.key, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(own)) {
    throw refusal(
      `${paths.key} is not the key of the certificate ${paths.cert}`,
      'take the two files of one certificate',
    );
  }
  const expiresMs = Date.parse(certificate.validTo);
  if (expiresMs <= nowMs) throw refusal(`the certificate ${paths.cert} expired on ${certificate.validTo}`, 'renew it');
  const mode = (await stat(paths.key)).mode & 0o777;
  const openMode = process.platform !== 'win32' && (mode & 0o004) !== 0 ? mode.toString(8) : null;
  return { cert, key, fingerprint: fingerprintOf(certificate), expiresMs, openMode };
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
    const made = makeCertificate(
      [...new Set(['localhost', '127.0.0.1', '::1', ...ownNames(), ...names])],
      nowMs,
      owner,
    );
    await replaceFile(paths.key, made.key);
    await replaceFile(paths.cert, made.cert);
  }
  return loadTls(paths, nowMs);
}

/** A name that can stand in a certificate. */
function ownNames(): string[] {
  return [hostname().toLowerCase()].filter((name) => /^[a-z0-9.-]{1,63}$/.test(name));
}

export interface TlsWatch {
  readonly onRenewed: (tls: LoadedTls) => void;
  /** Called once for each state of the files that can't be used; the port keeps what it has. */
  readonly onProblem: (error: unknown) => void;
  readonly everyMs?: number;
}

/** Looks whether the files have changed until it is disposed of. */
export function watchTls(paths: TlsPaths, { onRenewed, onProblem, everyMs = 10_000 }: TlsWatch): Disposable {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  let stamp: string | undefined;
  const look = async (): Promise<void> => {
    const now = await stampOf(paths);
    const hasChanged = stamp !== undefined && now !== stamp;
    stamp = now;
    if (hasChanged) await loadTls(paths, Date.now()).then((tls) => isOver || onRenewed(tls), onProblem);
    if (!isOver) timer = setTimeout(() => void look(), everyMs).unref();
  };
  void look();
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}

async function stampOf({ cert, key }: TlsPaths): Promise<string> {
  const states = await Promise.all([cert, key].map((path) => stat(path, { bigint: true }).catch(() => null)));
  return states.map((state) => (state === null ? '' : `${state.ino} ${state.size} ${state.mtimeNs}`)).join();
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw refusal(
      `${path} can't be read: ${(error as NodeJS.ErrnoException).code ?? error}`,
      'check path and permissions',
    );
  }
}

function parsePem<Parsed>(path: string, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch {
    throw refusal(
      `${path} is not a PEM file of the right kind`,
      'give the certificate chain with --tls-cert, the key with --tls-key',
    );
  }
}

function refusal(cause: string, remedy: string): OutriderError {
  return badArgument(cause, remedy);
}
