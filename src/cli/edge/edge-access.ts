// Who may reach an edge, and how: keys, TLS, and what must be said before it listens where others can reach it.

import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import type { KeyScope } from '../../core/access/key-book.ts';
import { demandStrength } from '../../core/access/key-text.ts';
import { CloseStack } from '../../core/basics/close-stack.ts';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import type { Secret } from '../../core/basics/secret.ts';
import { type EdgeKey, edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { defaultKeyFile } from '../../files/key-files.ts';
import { KeyRing } from '../../files/key-ring.ts';
import { resolveListenAddress } from '../../network/transport-node/listen-address.ts';
import type { ListenSettings, WebSocketListener } from '../../network/transport-node/websocket-server.ts';
import type { Edge } from '../../processes/edge/edge.ts';
import type { ListenEdgeSettings } from '../../processes/edge/edge-requests.ts';
import type { OptionsOf } from '../options/options.ts';
import { hasTls, openPortTls, type TlsFlags } from '../options/port-tls.ts';
import { isTypedKey } from '../options/typed-key.ts';

/** Flags of `outrider edge`, beside those of TLS. */
export const accessOptions = {
  key: {
    group: 'Access:',
    flag: '--key <key>',
    help: 'one key that devices must show; for more than one see --keys',
    env: 'OUTRIDER_KEY',
    isSecret: true,
  },
  keys: {
    flag: '--keys <file>',
    help: 'the keys that "outrider keys" keeps (default beyond this machine: its own file, if there is one)',
  },
  allowAnyone: { flag: '--allow-anyone', help: 'listen beyond this machine without a key' },
  plain: { flag: '--plain', help: 'listen beyond this machine without TLS: keys and texts go in clear' },
  allowOrigin: {
    flag: '--allow-origin <origin...>',
    help: 'origins of pages that may connect, as https://page.example (default: none)',
    texts: true,
  },
  allowHost: {
    flag: '--allow-host <name...>',
    help: 'names of this edge in the addresses of devices, beside --host, localhost, IP addresses and those of the certificate',
    texts: true,
  },
} as const;

export type AccessFlags = OptionsOf<typeof accessOptions> & TlsFlags & { readonly host: string };

/** In a document these would name files and hosts. */
export const unnamed = { keys: undefined, tlsCert: undefined, tlsKey: undefined, allowHost: undefined } as const;

/** What the flags come to. */
export interface EdgeAccess extends AsyncDisposable {
  readonly listen: Pick<ListenSettings, 'host' | 'tls' | 'allowOrigins' | 'allowHosts'>;
  /** Undefined: no key is asked for. */
  readonly keyOf: ((credentials: string) => EdgeKey | null) | undefined;
  /** The same for completions over HTTP. */
  readonly chatKeyOf: EdgeAccess['keyOf'];
  /** Who may make this edge drain. */
  readonly mayOrder: NonNullable<ListenEdgeSettings['mayOrder']>;
  readonly scheme: 'ws' | 'wss';
  /** SHA-256 of a certificate that the edge has made itself; null: what the system trusts, or no TLS. */
  readonly certificate: string | null;
  /** For people, a line each. */
  readonly said: readonly string[];
  /** Follows the files: ends the sessions of keys that are valid no more, takes a renewed certificate. */
  follow(edge: Pick<Edge, 'renewKeys'>, listener: WebSocketListener, onProblem: (error: unknown) => void): void;
}

/** @throws OutriderError `bad-argument`, `keys-unreadable`: the edge must not start */
export async function openAccess(flags: AccessFlags): Promise<EdgeAccess> {
  const { address, isLoopback } = await resolveListenAddress(flags.host);
  await using opened = new CloseStack();
  let onProblem: (error: unknown) => void = () => {};
  let onKeys: (ring: KeyRing) => void = () => {};
  const keyFile = keyFileOf(flags, !isLoopback);
  demandSafety(flags, keyFile, isLoopback);
  if (flags.key !== undefined) demandStrength(flags.key.reveal(), !isLoopback);
  const settings = { onChange: (changed: KeyRing) => onKeys(changed), onProblem: (error: unknown) => onProblem(error) };
  const ring = keyFile === undefined ? undefined : await KeyRing.open(keyFile, settings);
  if (ring !== undefined) opened.defer(async () => ring[Symbol.dispose]());
  const tls = opened.use(await openPortTls(flags, 'edge', [...(flags.allowHost ?? []), flags.host]));
  const names = [...(flags.allowHost ?? []), ...(isIP(flags.host) === 0 ? [flags.host] : [])];
  const kept = opened.move();
  return {
    listen: { host: address, tls: tls.identity, allowOrigins: flags.allowOrigin ?? [], allowHosts: names },
    keyOf: keyCheck(flags.key, ring, 'verify'),
    chatKeyOf: keyCheck(flags.key, ring, 'chat'),
    mayOrder: orderCheck(flags.key !== undefined, ring, isLoopback),
    scheme: tls.scheme,
    certificate: tls.certificate,
    said: [keysSaid(flags.key, ring), ...tls.said],
    follow(edge, listener, report) {
      onProblem = report;
      onKeys = (changed) => edge.renewKeys((_id, key) => (key === typedKey ? key : changed.renew(key)));
      tls.follow(listener, report);
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

const typedKey = edgeKey('--key');

function keyFileOf({ key, keys, allowAnyone }: AccessFlags, isExposed: boolean): string | undefined {
  if (keys !== undefined || key !== undefined || allowAnyone || !isExposed) return keys;
  return existsSync(defaultKeyFile()) ? defaultKeyFile() : undefined;
}

function demandSafety(flags: AccessFlags, keyFile: string | undefined, isLoopback: boolean): void {
  const { host, key, allowAnyone, plain } = flags;
  const isSafe = hasTls(flags) || plain;
  if (isLoopback) return;
  if (key === undefined && keyFile === undefined && !allowAnyone) {
    const remedy = 'make keys with "outrider keys add" (or set --key), or say --allow-anyone';
    throw badArgument(`${host} can be reached by others, and no key is required`, remedy);
  }
  if (isSafe) return;
  const remedy =
    'give --tls-cert and --tls-key, or --tls-self-signed; or say --plain, for example behind a proxy with TLS';
  throw badArgument(`${host} can be reached by others, and keys and texts would go in clear`, remedy);
}

function keyCheck(key: Secret | undefined, ring: KeyRing | undefined, scope: KeyScope): EdgeAccess['keyOf'] {
  if (key === undefined && ring === undefined) return undefined;
  return (credentials) => {
    const found = ring?.find(credentials, scope) ?? null;
    if (key !== undefined && isTypedKey(key, credentials)) return typedKey;
    const refusal = found === null ? (ring?.refusal(credentials, scope) ?? null) : null;
    if (refusal !== null) throw new OutriderError('unauthorized', refusal, 'ask the operator for another key');
    return found;
  };
}

/** A key with the scope admin; where no key is asked for, whoever is on this machine. What is told says nothing of the keys that there are. */
function orderCheck(hasKey: boolean, ring: KeyRing | undefined, isLoopback: boolean): EdgeAccess['mayOrder'] {
  return ({ credentials, isLocal }) => {
    if (!hasKey && ring === undefined && isLoopback && isLocal) return true;
    if (credentials === null || ring === undefined) return 'a key with the scope admin is needed';
    return (
      ring.find(credentials, 'admin') !== null ||
      (ring.refusal(credentials, 'admin') ?? 'the edge does not know this key')
    );
  };
}

function keysSaid(key: Secret | undefined, ring: KeyRing | undefined): string {
  if (ring === undefined) return key === undefined ? 'no key required' : 'key required';
  const count = ring.validCount;
  return `key required: ${count === 1 ? '1 key is' : `${count} keys are`} valid${key === undefined ? '' : ', and --key'}`;
}
