// Who may join a controller, and how: keys, TLS, and what must be said before it listens where others can reach it.

import { demandStrength } from '../core/access/key-text.ts';
import { badArgument } from '../core/basics/errors.ts';
import type { OptionsOf } from '../core/options/options.ts';
import type { EdgeKey } from '../core/protocol/edge/edge-key.ts';
import { isTypedKey, type KeyRing } from '../files/key-ring.ts';
import type { WebSocketListener } from '../network/transport-node/websocket-server.ts';
import type {
  ControllerOptions,
  ControllerRole,
  RunningController,
} from '../processes/controller/controller-server.ts';
import { demandSafePort, openPortAccess, type PortAccess, type PortFlags } from './options/port-access.ts';

/** Flags of `outrider controller`, beside those of TLS. */
export const accessOptions = {
  key: {
    flag: '--key <key>',
    help: 'key that edges and devices must show',
    env: 'OUTRIDER_CONTROLLER_KEY',
    isSecret: true,
  },
  keys: {
    flag: '--keys <file>',
    help: 'the keys that "outrider keys" keeps: those with the scope verify are keys of devices too, those with the scope watch open the fleet page; edges have --edge-key',
  },
  edgeKey: {
    flag: '--edge-key <key>',
    help: 'key that edges, and the fleet page, must show instead; a device then can not join as an edge (default: that of --key)',
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

export type AccessFlags = OptionsOf<typeof accessOptions> & PortFlags;

/** What the flags come to. */
export interface ControllerAccess extends Omit<PortAccess, 'follow'> {
  readonly keyOf: NonNullable<ControllerOptions['keyOf']>;
  /** Follows the files: closes connections of members whose key is valid no more, takes a renewed certificate. */
  follow(
    controller: Pick<RunningController, 'renewKeys'>,
    listener: WebSocketListener,
    onProblem: (error: unknown) => void,
  ): void;
}

/** @throws OutriderError `bad-argument`, `keys-unreadable`: the controller must not start */
export async function openControllerAccess(flags: AccessFlags): Promise<ControllerAccess> {
  const port = await openPortAccess(flags, 'controller', (isLoopback) => checkedKeyFile(flags, isLoopback));
  const known: ShownKeys = new Map();
  return {
    ...port,
    keyOf: keyCheck(flags, port.ring, known),
    follow(controller, listener, onProblem) {
      const onKeys = (changed: KeyRing): void => {
        const lost = new Set<string>();
        for (const [proof, shown] of known) {
          if (changed.renew(shown) !== null) continue;
          // It is not known whose secret is taken no more: members with another one of this id come back at once.
          lost.add(shown.id);
          known.delete(proof);
        }
        controller.renewKeys((id) => !lost.has(id));
      };
      port.follow(listener, onKeys, onProblem);
    },
  };
}

function checkedKeyFile(flags: AccessFlags, isLoopback: boolean): string | undefined {
  const { key, keys, edgeKey } = flags;
  if (keys !== undefined && key === undefined && edgeKey === undefined)
    throw badArgument('--keys is for devices, and edges have no key', 'set --edge-key (OUTRIDER_EDGE_KEY)');
  const remedy = 'set --key (OUTRIDER_CONTROLLER_KEY), or listen on 127.0.0.1';
  const keyRemedy = key === undefined && keys === undefined ? remedy : undefined;
  demandSafePort(flags, isLoopback, { keyRemedy, sent: 'tickets' });
  if (!isLoopback) for (const secret of [key, edgeKey]) if (secret !== undefined) demandStrength(secret.reveal(), true);
  return keys;
}

/** The keys of the file that were shown, by their proofs: two of an id where a secret and the one before it are taken. */
type ShownKeys = Map<string, EdgeKey>;

/** @param known gets the keys of the file that were shown */
function keyCheck(
  { key, edgeKey = key }: Pick<AccessFlags, 'key' | 'edgeKey'>,
  ring: KeyRing | undefined,
  known: ShownKeys,
): ControllerAccess['keyOf'] {
  // A device sees itself; the whole fleet, with the places of others, is for who runs the edges.
  const typed = { device: key, edge: edgeKey, watcher: edgeKey };
  const scopes = { device: 'verify', edge: null, watcher: 'watch' } as const;
  return (credentials: string, role: ControllerRole) => {
    const expected = typed[role];
    if (expected !== undefined && isTypedKey(expected, credentials)) return '--key';
    const scope = ring === undefined ? null : scopes[role];
    if (expected === undefined && scope === null) return '';
    const found = scope === null ? null : (ring?.find(credentials, scope) ?? null);
    if (found?.proof !== undefined) known.set(found.proof.reveal(), found);
    return found?.id ?? null;
  };
}
