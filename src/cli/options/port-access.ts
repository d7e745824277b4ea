// A port that members or devices reach: its address, its certificate and its file of keys, and which flags its owner must set before it
// listens on a network.

import { isIP } from 'node:net';
import { CloseStack } from '../../core/basics/close-stack.ts';
import { badArgument } from '../../core/basics/errors.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { KeyRing } from '../../files/key-ring.ts';
import { stateDirectory } from '../../files/make-directory.ts';
import { type CertificateOwner, type LoadedTls, loadRenewable, ownCertificate } from '../../files/tls-files.ts';
import { resolveListenAddress } from '../../network/transport-node/listen-address.ts';
import type { ListenSettings, WebSocketListener } from '../../network/transport-node/websocket-server.ts';

export const tlsOptions = {
  tlsCert: { flag: '--tls-cert <file>', help: 'certificate chain, PEM; a renewed file is taken without a restart' },
  tlsKey: { flag: '--tls-key <file>', help: 'private key of the certificate, PEM' },
  tlsSelfSigned: {
    flag: '--tls-self-signed',
    help: 'a certificate that the edge makes once and keeps; devices compare its fingerprint (--edge-fingerprint)',
  },
} as const;

type TlsFlags = OptionsOf<typeof tlsOptions>;

/** The flags of a port beside its keys. */
export type PortFlags = TlsFlags & {
  readonly host: string;
  readonly allowHost: readonly string[] | undefined;
  readonly plain: boolean;
};

/** The result of the flags. */
export interface PortAccess extends AsyncDisposable {
  readonly listen: Pick<ListenSettings, 'host' | 'tls' | 'allowHosts'>;
  /** Undefined: there is no file of keys. */
  readonly ring: KeyRing | undefined;
  readonly isLoopback: boolean;
  readonly scheme: 'ws' | 'wss';
  /** "wss://box.example:8642". */
  readonly urlOf: (port: number) => string;
  /** SHA-256 of a certificate that its owner has made itself; null: what the system trusts, or no TLS. */
  readonly certificate: string | null;
  /** For people, a line each. */
  readonly said: readonly string[];
  /** Takes changed keys and a renewed certificate without a restart. */
  follow(listener: WebSocketListener, onKeys: (ring: KeyRing) => void, onProblem: (error: unknown) => void): void;
}

/** Whether there is a certificate. @throws OutriderError `bad-argument` for flags that do not go together */
function hasTls({ tlsCert, tlsKey, tlsSelfSigned }: TlsFlags): boolean {
  const hasFiles = tlsCert !== undefined && tlsKey !== undefined;
  if (!hasFiles && (tlsCert ?? tlsKey) !== undefined)
    throw badArgument('--tls-cert and --tls-key belong together', 'give both files of the certificate');
  if (hasFiles && tlsSelfSigned)
    throw badArgument('--tls-self-signed does not go with --tls-cert', 'take one of the two certificates');
  return hasFiles || tlsSelfSigned === true;
}

/**
 * What must be said before a port listens where others can reach it.
 * @param keyRemedy undefined: somebody who may come was named @param sent what would go in clear without TLS
 * @throws OutriderError `bad-argument`
 */
export function demandSafePort(
  flags: PortFlags,
  isLoopback: boolean,
  { keyRemedy, sent }: { readonly keyRemedy: string | undefined; readonly sent: string },
): void {
  const { host, plain } = flags;
  const isSafe = hasTls(flags) || plain;
  if (isLoopback) return;
  if (keyRemedy !== undefined) throw badArgument(`${host} can be reached by others, and no key is required`, keyRemedy);
  if (isSafe) return;
  const remedy =
    'give --tls-cert and --tls-key, or --tls-self-signed; or say --plain, for example behind a proxy with TLS';
  throw badArgument(`${host} can be reached by others, and keys and ${sent} would go in clear`, remedy);
}

/**
 * @param owner of a certificate that it makes itself @param checked refuses an unsafe port, and names the file of keys
 * @throws OutriderError `bad-argument`, `keys-unreadable`
 */
export async function openPortAccess(
  flags: PortFlags,
  owner: CertificateOwner,
  checked: (isLoopback: boolean) => string | undefined,
): Promise<PortAccess> {
  const { host, allowHost = [], tlsCert, tlsKey } = flags;
  const { address, isLoopback } = await resolveListenAddress(host);
  await using opened = new CloseStack();
  const keyFile = checked(isLoopback);
  const ring = keyFile === undefined ? undefined : await KeyRing.load(keyFile);
  opened.defer(async () => ring?.[Symbol.dispose]());
  const paths = tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey };
  const renewable = paths === undefined ? undefined : await loadRenewable(paths);
  const tls = flags.tlsSelfSigned
    ? await ownCertificate(stateDirectory(), [...allowHost, host], Date.now(), owner)
    : renewable?.first;
  const identity = tls === undefined ? undefined : { cert: tls.cert, key: tls.key };
  const scheme = tls === undefined ? 'ws' : 'wss';
  const kept = opened.move();
  return {
    listen: { host: address, tls: identity, allowHosts: isIP(host) === 0 ? [...allowHost, host] : allowHost },
    ring,
    isLoopback,
    scheme,
    urlOf: (port) => `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    certificate: flags.tlsSelfSigned ? (tls?.fingerprint ?? null) : null,
    said: [tlsSaid(tls), ...openKeySaid(tls, paths?.key)],
    follow(listener, onChange, onProblem) {
      ring?.follow({ onChange, onProblem });
      const checked = (renewed: LoadedTls | null): void => {
        if (renewed !== null) listener.renewCertificate({ cert: renewed.cert, key: renewed.key });
      };
      const following = renewable?.follow({ checked, onProblem, everyMs: 10_000 });
      kept.defer(async () => following?.[Symbol.dispose]());
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** A warning: whoever reads the private key can pass for its owner. */
function openKeySaid(tls: LoadedTls | undefined, keyPath: string | undefined): readonly string[] {
  const { openMode = null } = tls ?? {};
  if (openMode === null) return [];
  const file = keyPath ?? 'its own key';
  return [`warning: everyone on this machine may read the private key ${file} (mode ${openMode}); chmod 600 it`];
}

function tlsSaid(tls: LoadedTls | undefined): string {
  if (tls === undefined) return 'no TLS';
  return `certificate SHA-256 ${tls.fingerprint}, valid until ${new Date(tls.expiresMs).toISOString().slice(0, 10)}`;
}
