// Who may reach an edge, and how: keys, TLS, and what must be said before it listens where others can reach it.

import { existsSync } from 'node:fs';
import type { KeyScope } from '../../core/access/key-book.ts';
import { demandStrength } from '../../core/access/key-text.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { Secret } from '../../core/basics/secret.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { type EdgeKey, edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { defaultKeyFile } from '../../files/key-files.ts';
import { isTypedKey, type KeyRing } from '../../files/key-ring.ts';
import type { ListenSettings, WebSocketListener } from '../../network/transport-node/websocket-server.ts';
import type { Edge } from '../../processes/edge/edge.ts';
import type { ListenEdgeSettings } from '../../processes/edge/edge-requests.ts';
import type { KeyRefusal } from '../../processes/http/app.ts';
import type { RouteScope } from '../../processes/http/route-rules.ts';
import { demandSafePort, openPortAccess, type PortAccess, type PortFlags } from '../options/port-access.ts';

/** Flags of `outrider edge`, beside those of TLS. */
export const accessOptions = {
  key: {
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

export type AccessFlags = OptionsOf<typeof accessOptions> & PortFlags;

/** In a document these would name files and hosts. */
export const unnamed = {
  keys: undefined,
  usage: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
  allowHost: undefined,
} as const;

/** What the flags come to. */
export interface EdgeAccess extends Omit<PortAccess, 'listen' | 'follow'> {
  readonly listen: Pick<ListenSettings, 'host' | 'tls' | 'allowOrigins' | 'allowHosts'>;
  /** Undefined: no key is asked for. */
  readonly keyOf: ((credentials: string) => EdgeKey | null) | undefined;
  /** The same for completions over HTTP. */
  readonly chatKeyOf: EdgeAccess['keyOf'];
  /** Keys by what a route over HTTP asks of them. Undefined: none is asked for. */
  readonly routeKeys: RouteKeys | undefined;
  /** Who may make this edge drain. */
  readonly mayOrder: NonNullable<ListenEdgeSettings['mayOrder']>;
  /** Follows the files: ends the sessions of keys that are valid no more, takes a renewed certificate. */
  follow(edge: Pick<Edge, 'renewKeys'>, listener: WebSocketListener, onProblem: (error: unknown) => void): void;
}

/** The keys of an edge as its routes ask for them. */
export interface RouteKeys {
  /** Null: the key is unknown. */
  find(shown: string, scope: RouteScope): EdgeKey | KeyRefusal | null;
  /** Name of a key, whatever it may be used for; null: it is unknown. */
  nameOf(shown: string): string | null;
}

/** @throws OutriderError `bad-argument`, `keys-unreadable`: the edge must not start */
export async function openAccess(flags: AccessFlags): Promise<EdgeAccess> {
  const { key } = flags;
  const port = await openPortAccess(flags, 'edge', (isLoopback) => checkedKeyFile(flags, isLoopback));
  const { ring, isLoopback } = port;
  return {
    ...port,
    listen: { ...port.listen, allowOrigins: flags.allowOrigin ?? [] },
    keyOf: keyCheck(key, ring, 'verify'),
    chatKeyOf: keyCheck(key, ring, 'chat'),
    routeKeys: routeKeys(key, ring),
    mayOrder: orderCheck(key !== undefined, ring, isLoopback),
    said: [keysSaid(key, ring), ...port.said],
    follow(edge, listener, onProblem) {
      const onKeys = (changed: KeyRing): void =>
        edge.renewKeys((id, one) => (id === typedKey.id ? one : changed.renew(one)));
      port.follow(listener, onKeys, onProblem);
    },
  };
}

const typedKey = edgeKey('--key');

function checkedKeyFile(flags: AccessFlags, isLoopback: boolean): string | undefined {
  const { key, keys, allowAnyone } = flags;
  const takesOwn = keys === undefined && key === undefined && !allowAnyone && !isLoopback;
  const keyFile = takesOwn && existsSync(defaultKeyFile()) ? defaultKeyFile() : keys;
  const isNamed = key !== undefined || keyFile !== undefined || allowAnyone;
  const keyRemedy = isNamed ? undefined : 'make keys with "outrider keys add" (or set --key), or say --allow-anyone';
  demandSafePort(flags, isLoopback, { keyRemedy, sent: 'texts' });
  if (key !== undefined) demandStrength(key.reveal(), !isLoopback);
  return keyFile;
}

function keyCheck(key: Secret | undefined, ring: KeyRing | undefined, scope: KeyScope): EdgeAccess['keyOf'] {
  if (key === undefined && ring === undefined) return undefined;
  return (credentials) => {
    const found = ring?.find(credentials, scope) ?? null;
    if (key !== undefined && isTypedKey(key, credentials)) return typedKey;
    const refusal = found === null ? (ring?.refusal(credentials, scope) ?? null) : null;
    if (refusal !== null) throw new OutriderError('unauthorized', refusal.cause, 'ask the operator for another key');
    return found;
  };
}

function routeKeys(key: Secret | undefined, ring: KeyRing | undefined): RouteKeys | undefined {
  if (key === undefined && ring === undefined) return undefined;
  const isTyped = (shown: string): boolean => key !== undefined && isTypedKey(key, shown);
  return {
    find(shown, scope) {
      // The one key of an edge sees in metrics only what it has asked itself; beside a file of keys it would see others.
      if (isTyped(shown)) return scope === 'metrics' && ring !== undefined ? typedRefusal : typedKey;
      const found = ring?.find(shown, scope) ?? null;
      const refused = found === null ? (ring?.refusal(shown, scope) ?? null) : null;
      return refused === null ? found : { status: refused.state === 'valid' ? 403 : 401, cause: refused.cause };
    },
    nameOf: (shown) => (isTyped(shown) ? typedKey.name : (ring?.nameOf(shown) ?? null)),
  };
}

const typedRefusal: KeyRefusal = { status: 403, cause: 'the key of --key does not have the scope metrics' };

/** A key with the scope admin; where no key is asked for, whoever is on this machine. The refusal shows nothing of the keys that there are. */
function orderCheck(hasKey: boolean, ring: KeyRing | undefined, isLoopback: boolean): EdgeAccess['mayOrder'] {
  return ({ credentials, isLocal }) => {
    if (!hasKey && ring === undefined && isLoopback && isLocal) return true;
    if (credentials === null || ring === undefined) return 'a key with the scope admin is needed';
    return (
      ring.find(credentials, 'admin') !== null ||
      (ring.refusal(credentials, 'admin')?.cause ?? 'the edge does not know this key')
    );
  };
}

function keysSaid(key: Secret | undefined, ring: KeyRing | undefined): string {
  if (ring === undefined) return key === undefined ? 'no key required' : 'key required';
  const count = ring.validCount;
  return `key required: ${count === 1 ? '1 key is' : `${count} keys are`} valid${key === undefined ? '' : ', and --key'}`;
}
