// Flags of edges and devices that join a controller.

import { randomBytes } from 'node:crypto';
import { badArgument } from '../../core/basics/errors.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { type ControlNote, type Reach, reachBy, reachInTurn } from '../../processes/controller/control-client.ts';
import { cellForm } from '../../processes/controller/fleet-controller.ts';

/** Controllers of a fleet take no other names of cells. */
function checkedCell(text: string): string {
  if (cellForm.test(text)) return text;
  throw badArgument(`--cell is "${text.slice(0, 40)}"`, 'give up to 64 letters, digits, _ and -');
}

export const memberOptions = {
  controller: {
    flag: '--controller <address>',
    help: 'address of an "outrider controller" to join; of several, with commas between them, the first that leads its cell',
  },
  cell: {
    flag: '--cell <name>',
    help: 'cell that it belongs to (default: that of controllers that name none)',
    parse: checkedCell as (text: string) => string,
  },
  controllerFingerprint: {
    flag: '--controller-fingerprint <sha256>',
    help: "trust the controller's certificate with this SHA-256, and no other: that of one with --tls-self-signed; of several controllers, in the order of their addresses",
  },
  controllerKey: {
    flag: '--controller-key <key>',
    help: 'key for the controller',
    env: 'OUTRIDER_CONTROLLER_KEY',
    isSecret: true,
  },
  name: {
    flag: '--name <name>',
    help: 'what the controller calls it: letters, digits, and . _ : - (default: drawn at random)',
  },
} as const;

/** How a member reaches its controller. */
export interface ControllerAddress {
  readonly controller?: string | undefined;
  readonly controllerFingerprint?: string | undefined;
}

/** As {@link reachInTurn}. @throws OutriderError `bad-argument` */
export function reachController({ controller = '', controllerFingerprint }: ControllerAddress): Reach {
  const addresses = controller.split(',');
  const fingerprints = controllerFingerprint?.split(',') ?? [];
  if (fingerprints.length > 1 && fingerprints.length !== addresses.length)
    throw badArgument(
      `--controller-fingerprint has ${fingerprints.length} digests for ${addresses.length} addresses`,
      'give one for all, or one for each address in their order',
    );
  const ways = addresses.map((address, index) => {
    const fingerprint = fingerprints[index] ?? fingerprints[0];
    return { address, reach: reachBy(connectWebSocket(address, { fingerprint, peer: 'controller' })) };
  });
  return reachInTurn(ways);
}

/** Most characters of a member's name. */
export const mostNameLength = 64;

/** @throws OutriderError `bad-argument` */
export function memberName(name: string | undefined, role: 'edge' | 'device'): string {
  if (name === undefined) return `${role}-${randomBytes(4).toString('hex')}`;
  if (/^[\w.:-]+$/.test(name) && name.length <= mostNameLength) return name;
  throw badArgument(`--name is "${name.slice(0, 40)}"`, 'give up to 64 letters, digits, and . _ : -');
}

/** For people. */
export function controlNoteText(note: ControlNote): string {
  if (note.kind === 'connected') return 'joined the controller';
  if (note.kind === 'lost') return 'the controller is gone; going on without it';
  if (note.kind === 'older')
    return `a controller with a lower epoch (${note.epoch}) is not obeyed within a minute of one with a higher epoch; end one of the two`;
  if (note.kind === 'failed') return `an order or a report failed: ${note.error.message}`;
  const { message, remedy, code } = note.error;
  const fault = note.kind === 'unreached' ? 'no controller yet' : 'not with this controller';
  return `${fault}: ${message} (${remedy}) [${code}]`;
}
