// Flags of edges and devices that join a controller.

import { randomBytes } from 'node:crypto';
import { badArgument } from '../../core/basics/errors.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { type ControlNote, type Reach, reachBy } from '../../processes/controller/control-client.ts';

export const memberOptions = {
  controller: {
    group: 'Controller:',
    flag: '--controller <address>',
    help: 'address of an "outrider controller" to join',
  },
  controllerFingerprint: {
    flag: '--controller-fingerprint <sha256>',
    help: "trust the controller's certificate with this SHA-256, and no other: that of one with --tls-self-signed",
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

/** @throws OutriderError `bad-argument` */
export function reachController({ controller = '', controllerFingerprint }: ControllerAddress): Reach {
  return reachBy(connectWebSocket(controller, { fingerprint: controllerFingerprint, peer: 'controller' }));
}

/** @throws OutriderError `bad-argument` */
export function memberName(name: string | undefined, role: 'edge' | 'device'): string {
  if (name === undefined) return `${role}-${randomBytes(4).toString('hex')}`;
  if (/^[\w.:-]{1,64}$/.test(name)) return name;
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
