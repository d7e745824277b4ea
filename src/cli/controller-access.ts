// Who may join a controller, and how: keys, TLS, and what must be said before it listens where others can reach it.

import { isIP } from 'node:net';
import type { JoinMessage } from '../allocation/controller/messages.ts';
import { demandStrength } from '../core/access/key-text.ts';
import { CloseStack } from '../core/basics/close-stack.ts';
import { badArgument } from '../core/basics/errors.ts';
import type { Secret } from '../core/basics/secret.ts';
import type { EdgeKey } from '../core/protocol/edge/edge-key.ts';
import { KeyRing } from '../files/key-ring.ts';
import { resolveListenAddress } from '../network/transport-node/listen-address.ts';
import type { ListenSettings, WebSocketListener } from '../network/transport-node/websocket-server.ts';
import type { ControllerOptions, RunningController } from '../processes/controller/controller-server.ts';
import type { OptionsOf } from './options/options.ts';
import { hasTls, openPortTls, type TlsFlags } from './options/port-tls.ts';
import { isTypedKey } from './options/typed-key.ts';

/** Flags of `outrider controller`, beside those of TLS. */
export const accessOptions = {
  key: {
    group: 'Access:',
    flag: '--key <key>',
    help: 'key that edges and devices must show',
    env: 'OUTRIDER_CONTROLLER_KEY',
    isSecret: true,
  },
  keys: {
    flag: '--keys <file>',
    help: 'the keys that "outrider keys" keeps: those with the scope verify are keys of devices too; edges have --edge-key',
  },
  edgeKey: {
    flag: '--edge-key <key>',
    help: 'key that edges must show instead; a device then can not join as an edge (default: that of --key)',
    env: 'OUTRIDER_EDGE_KEY',
    isSecret: true,
  },
  plain: { flag: '--plain', help: 'listen beyond this machine without TLS: keys and tickets go in clear' },
  allowHost: {
    flag: '--allow-host <name...>',
    help: 'names of this controller in the addresses of members, beside --host, localhost, IP addresses and those of the certificate',
    texts: true,
  },
} as const;

export type AccessFlags = OptionsOf<typeof accessOptions> & TlsFlags & { readonly host: string };

/** What the flags come to. */
export interface ControllerAccess extends AsyncDisposable {
  readonly listen: Pick<ListenSettings, 'host' | 'tls' | 'allowHosts'>;
  readonly keyOf: NonNullable<ControllerOptions['keyOf']>;
  readonly scheme: 'ws' | 'wss';
  /** For people, a line each. */
  readonly said: readonly string[];
  /** Follows the files: parts from members whose key is valid no more, takes a renewed certificate. */
  follow(
    controller: Pick<RunningController, 'renewKeys'>,
    listener: WebSocketListener,
    onProblem: (error: unknown) => void,
  ): void;
}

/** @throws OutriderError `bad-argument`, `keys-unreadable`: the controller must not start */
export async function openControllerAccess(flags: AccessFlags): Promise<ControllerAccess> {
  const { host, key, keys, edgeKey, allowHost = [] } = flags;
  const { address, isLoopback } = await resolveListenAddress(host);
  demandSafety(flags, isLoopback);
  await using opened = new CloseStack();
  let onProblem: (error: unknown) => void = () => {};
  let onKeys = (): void => {};
  const settings = { onChange: () => onKeys(), onProblem: (error: unknown) => onProblem(error) };
  const ring = keys === undefined ? null : await KeyRing.open(keys, settings);
  opened.defer(async () => ring?.[Symbol.dispose]());
  const tls = opened.use(await openPortTls(flags, 'controller', [...allowHost, host]));
  const known: ShownKeys = new Map();
  const kept = opened.move();
  return {
    listen: { host: address, tls: tls.identity, allowHosts: [...allowHost, ...(isIP(host) === 0 ? [host] : [])] },
    keyOf: keyCheck({ key, edgeKey }, ring, known),
    scheme: tls.scheme,
    said: tls.said,
    follow(controller, listener, report) {
      onProblem = report;
      onKeys = () => {
        const lost = loseKeys(known, (shown) => ring?.renew(shown) ?? null);
        controller.renewKeys((id) => !lost.has(id));
      };
      tls.follow(listener, report);
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

function demandSafety(flags: AccessFlags, isLoopback: boolean): void {
  const { host, key, keys, edgeKey, plain } = flags;
  const isSafe = hasTls(flags) || plain === true;
  if (keys !== undefined && key === undefined && edgeKey === undefined)
    throw badArgument('--keys is for devices, and edges have no key', 'set --edge-key (OUTRIDER_EDGE_KEY)');
  if (isLoopback) return;
  if (key === undefined && keys === undefined) {
    const remedy = 'set --key (OUTRIDER_CONTROLLER_KEY), or listen on 127.0.0.1';
    throw badArgument(`${host} can be reached by others, and no key is required`, remedy);
  }
  for (const secret of [key, edgeKey]) if (secret !== undefined) demandStrength(secret.reveal(), true);
  if (isSafe) return;
  const remedy =
    'give --tls-cert and --tls-key, or --tls-self-signed; or say --plain, for example behind a proxy with TLS';
  throw badArgument(`${host} can be reached by others, and keys and tickets would go in clear`, remedy);
}

/** The keys of the file that were shown, by their ids: two where a secret and the one before it are taken. */
type ShownKeys = Map<string, Set<EdgeKey>>;

/**
 * Keeps those that are still taken. @returns ids of which a secret is taken no more: whose it was is not known, and members with another
 * one come back at once
 */
function loseKeys(known: ShownKeys, renew: (shown: EdgeKey) => EdgeKey | null): ReadonlySet<string> {
  const lost = new Set<string>();
  for (const [id, shown] of known) {
    const renewed = [...shown].map(renew);
    if (renewed.includes(null)) lost.add(id);
    known.set(id, new Set(renewed.filter((key) => key !== null)));
  }
  return lost;
}

interface TypedKeys {
  readonly key: Secret | undefined;
  readonly edgeKey: Secret | undefined;
}

/** @param known gets the keys of the file that were shown */
function keyCheck(
  { key, edgeKey = key }: TypedKeys,
  ring: KeyRing | null,
  known: ShownKeys,
): ControllerAccess['keyOf'] {
  const typed = { device: key, edge: edgeKey };
  return (credentials: string, role: JoinMessage['role']) => {
    const expected = typed[role];
    if (expected !== undefined && isTypedKey(expected, credentials)) return '--key';
    const isFiled = role === 'device' && ring !== null;
    if (expected === undefined && !isFiled) return '';
    const found = isFiled ? ring.find(credentials, 'verify') : null;
    if (found !== null) known.set(found.id, (known.get(found.id) ?? new Set()).add(found));
    return found?.id ?? null;
  };
}
