// The certificate of a port that members or devices reach: its flags, its files, and what its owner is told.

import { CloseStack } from '../../core/basics/close-stack.ts';
import { badArgument } from '../../core/basics/errors.ts';
import { stateDirectory } from '../../files/state-directory.ts';
import { type CertificateOwner, type LoadedTls, loadTls, ownCertificate, watchTls } from '../../files/tls-files.ts';
import type { TlsIdentity, WebSocketListener } from '../../network/transport-node/websocket-server.ts';
import type { OptionsOf } from './options.ts';

export const tlsOptions = {
  tlsCert: { flag: '--tls-cert <file>', help: 'certificate chain, PEM; a renewed file is taken without a restart' },
  tlsKey: { flag: '--tls-key <file>', help: 'private key of the certificate, PEM' },
  tlsSelfSigned: {
    flag: '--tls-self-signed',
    help: 'a certificate that the edge makes once and keeps; devices compare its fingerprint (--edge-fingerprint)',
  },
} as const;

export type TlsFlags = OptionsOf<typeof tlsOptions>;

/** What the flags come to. */
export interface PortTls extends AsyncDisposable {
  /** Undefined: no TLS. */
  readonly identity: TlsIdentity | undefined;
  readonly scheme: 'ws' | 'wss';
  /** SHA-256 of a certificate that its owner has made itself; null: what the system trusts, or no TLS. */
  readonly certificate: string | null;
  /** For people, a line each. */
  readonly said: readonly string[];
  /** Takes a renewed certificate without a restart. */
  follow(listener: WebSocketListener, onProblem: (error: unknown) => void): void;
}

/** Whether there is a certificate. @throws OutriderError `bad-argument` for flags that do not go together */
export function hasTls({ tlsCert, tlsKey, tlsSelfSigned }: TlsFlags): boolean {
  const hasFiles = tlsCert !== undefined && tlsKey !== undefined;
  if (!hasFiles && (tlsCert ?? tlsKey) !== undefined)
    throw badArgument('--tls-cert and --tls-key belong together', 'give both files of the certificate');
  if (hasFiles && tlsSelfSigned)
    throw badArgument('--tls-self-signed does not go with --tls-cert', 'take one of the two certificates');
  return hasFiles || tlsSelfSigned === true;
}

/** @param names beside those of this machine, of a certificate that its owner makes itself @throws OutriderError `bad-argument` */
export async function openPortTls(
  { tlsCert, tlsKey, tlsSelfSigned }: TlsFlags,
  owner: CertificateOwner,
  names: readonly string[],
): Promise<PortTls> {
  const opened = new CloseStack();
  const paths = tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey };
  let tls: LoadedTls | undefined;
  if (tlsSelfSigned) tls = await ownCertificate(stateDirectory(), names, Date.now(), owner);
  else if (paths !== undefined) tls = await loadTls(paths, Date.now());
  return {
    identity: tls === undefined ? undefined : { cert: tls.cert, key: tls.key },
    scheme: tls === undefined ? 'ws' : 'wss',
    certificate: tlsSelfSigned ? (tls?.fingerprint ?? null) : null,
    said: [tlsSaid(tls), ...openKeySaid(tls, paths?.key)],
    follow(listener, onProblem) {
      if (paths === undefined) return;
      const onRenewed = ({ cert, key }: LoadedTls): void => listener.renewCertificate({ cert, key });
      const watch = watchTls(paths, { onRenewed, onProblem });
      opened.defer(async () => watch[Symbol.dispose]());
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
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
