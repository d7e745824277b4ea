// The device of a command: the library's own, over the emulated network that the flags ask for.

import { type OpenedDevice, openDevice } from '../../api/open-device.ts';
import { badArgument } from '../../core/basics/errors.ts';
import { type Secret, withoutSecrets } from '../../core/basics/secret.ts';
import { idealLink, parseLink } from '../../core/protocol/wire/link-model-settings.ts';
import { modeOf } from '../../core/protocol/wire/mode.ts';
import { createEmulatedLink } from '../../network/transport/emulated-link.ts';
import type { Connect } from '../../network/transport/transport.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { type DeviceAgent, joinAsDevice } from '../../processes/controller/device-agent.ts';
import { withAcquireReport } from '../models/acquire-report.ts';
import { looksUpOnDevice } from '../options/look-up-place.ts';
import { type ControllerAddress, controlNoteText, memberName, reachController } from '../options/member-options.ts';
import type { AnswerFlags } from './answer-flags.ts';

/** Tokens that the draft can hold. */
export const deviceContextLength = 4096;

/** The flags that a command's device is made from. */
export type DeviceFlags = Pick<AnswerFlags, 'draft' | 'lookUp' | 'mode' | 'hedges' | 'gpu' | 'link' | 'rtt'>;

export interface CommandDevice extends OpenedDevice {
  /** Null: no controller is asked. */
  readonly agent: DeviceAgent | null;
}

/** Where the edge is, and by what its certificate is known. */
export interface EdgeAddress {
  readonly edge: string;
  readonly edgeFingerprint?: string | undefined;
}

/** The flag beside `--edge`. */
export const fingerprintOption = {
  flag: '--edge-fingerprint <sha256>',
  help: 'trust the certificate with this SHA-256, and no other: that of an edge with --tls-self-signed' as string,
} as const;

/** The same beside several. */
export const fingerprintsOption: typeof fingerprintOption & { readonly texts: true } = {
  ...fingerprintOption,
  help: `${fingerprintOption.help}; with several edges one for each, "-" for none`,
  texts: true,
};

export const edgeKeyOption = {
  flag: '--key <key>',
  help: 'key for the edge',
  env: 'OUTRIDER_KEY',
  isSecret: true,
} as const;

/** Several edges, as `device` takes them. @throws OutriderError `bad-argument` */
export function edgeAddresses(edges: readonly string[], fingerprints: readonly string[] = []): readonly EdgeAddress[] {
  if (fingerprints.length > 0 && fingerprints.length !== edges.length) {
    const cause = `--edge-fingerprint is given ${fingerprints.length} times, --edge ${edges.length} times`;
    throw badArgument(cause, 'give one for each edge, in the same order; "-" where the system trusts the certificate');
  }
  return edges.map((edge, index) => {
    const pin = fingerprints[index];
    return pin === undefined || pin === '-' ? { edge } : { edge, edgeFingerprint: pin };
  });
}

/** How many alternatives the device's draft needs room for: none in modes that don't hedge. */
export function hedgesOf({ mode, hedges }: Pick<AnswerFlags, 'mode' | 'hedges'>): number {
  return mode === 'auto' || (mode !== 'local' && modeOf(mode).mayHedge) ? hedges : 0;
}

/** @param target gives the tokenizer where the draft brings none (ngram, none) */
export async function openCommandDevice(
  addresses: EdgeAddress | readonly EdgeAddress[],
  target: string,
  flags: DeviceFlags,
): Promise<CommandDevice> {
  const options = {
    edge: [addresses].flat().map((address) => ({
      edge: connectThrough(address, flags),
      name: withoutSecrets(address.edge),
    })),
    draft: flags.draft,
    target,
    lookUp: looksUpOnDevice(flags.lookUp),
    contextLength: deviceContextLength,
    hedges: hedgesOf(flags),
    gpu: flags.gpu,
  };
  const device = await withAcquireReport((acquiring) => openDevice({ ...options, ...acquiring }));
  return { ...device, agent: null };
}

/** Where a controller is, and how a device joins it. */
interface DeviceMembership extends ControllerAddress {
  readonly controllerKey?: Secret | undefined;
  readonly name?: string | undefined;
  readonly cell?: string | undefined;
}

/** A device that a controller sends to edges. @param own its own edges, used where the controller names none */
export async function openControlledDevice(
  membership: DeviceMembership,
  own: readonly EdgeAddress[],
  target: string,
  flags: AnswerFlags,
  note: (line: string) => void,
): Promise<CommandDevice> {
  const { controllerKey, name, cell } = membership;
  const id = memberName(name, 'device');
  const device = await openCommandDevice(own.length > 0 ? own : [{ edge: unusedAddress }], target, flags);
  const agent = joinAsDevice({
    reach: reachController(membership),
    id,
    cell,
    credentials: controllerKey?.reveal(),
    tokenizerHash: device.tokenizer.hash,
    drafts: device.drafter !== null,
    connectEdge: ({ address, certificate }) =>
      connectThrough({ edge: address, edgeFingerprint: certificate ?? undefined }, flags),
    ...(own.length > 0 ? { own: device.edges } : {}),
    allowsOtherTarget: flags.allowOtherTarget === true,
    ...(flags.battery === undefined ? {} : { battery: () => (flags.battery ?? 100) / 100 }),
    note: (event) => note(controlNoteText(event)),
    onAssigned: (_edge, reason) => note(reason),
  });
  const close = async (): Promise<void> => {
    agent.close();
    await device.close();
  };
  return { ...device, edges: agent.edges, agent, close, [Symbol.asyncDispose]: close };
}

/** Nothing connects there: the controller names the edges. */
const unusedAddress = 'ws://127.0.0.1:1';

function connectThrough({ edge, edgeFingerprint }: EdgeAddress, flags: DeviceFlags): Connect {
  const direct = connectWebSocket(edge, { fingerprint: edgeFingerprint });
  if (flags.link === undefined && flags.rtt === 0) return direct;
  const settings = flags.link === undefined ? { ...idealLink, roundTripMs: flags.rtt } : parseLink(flags.link);
  return createEmulatedLink(direct, settings).connect;
}
