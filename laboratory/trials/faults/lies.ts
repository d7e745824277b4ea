// Lies of an edge that a device can recognise: `hello` out of turn or of another model, impossible commits, ends at the wrong length. A
// device without the target cannot recognise a wrong token, nor an end at the right length for another reason than the length.

import type { VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import type { DeviceEvent, DeviceStep } from '../../../src/core/protocol/device/device-state.ts';
import { type EdgeMessage, type HelloMessage, protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import type { Wire } from '../../../src/core/protocol/wire/wire.ts';
import { pick } from './scene.ts';

/** Fingerprint of false `hello` messages. */
const liar = 'liar';

/** The false fields of a `hello`. */
export type GreetingLie = Partial<Pick<HelloMessage, 'version' | 'tokenizerHash'>>;

export const greetingLies: readonly GreetingLie[] = [{ tokenizerHash: 'cd'.repeat(32) }, { version: 255 }];

/** A wire that changes the `hello` messages of the edge while `lie` returns false fields. */
export function lyingWire(honest: Wire, lie: () => GreetingLie | null): Wire {
  return {
    device: () => honest.device(),
    edge(admission) {
      const end = honest.edge(admission);
      return {
        unpack: (frame) => end.unpack(frame),
        pack(message) {
          const told = message.kind === 'hello' ? lie() : null;
          return end.pack(told === null ? message : ({ ...message, ...told, fingerprint: liar } as EdgeMessage));
        },
      };
    },
  };
}

/** A random lie within a turn, for a connection of `device`. @param hasSentOpen whether the device's last attach there was an `open` */
export function lieTo(
  device: VirtualDevice,
  hasSentOpen: boolean,
  vocabularySize: number,
  random: Random,
): EdgeMessage {
  const { turn, text } = device.state;
  const end = turn.prompt.length + turn.maxAnswerTokens;
  const account = { steps: 1, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
  const commit = { kind: 'commit', first: text.length, branch: 0, accepted: 0 } as const;
  const timing = { stepMs: null, edgeDraftMs: null };
  const names = { model: liar, fingerprint: liar, tokenizerHash: turn.tokenizerHash };
  const lies: EdgeMessage[] = [
    { kind: 'hello', version: protocolVersion, ...names, vocabularySize, contextLength: 4096, timing },
    { ...commit, tokens: [vocabularySize + random.integer(100)] },
    { ...commit, tokens: Array.from({ length: turn.maxAnswerTokens + 1 }, () => random.integer(vocabularySize)) },
    { ...commit, first: end, tokens: [] },
    { ...commit, branch: 9999, accepted: 1, tokens: [] },
    { kind: 'end', reason: 'length', length: end + 1, account },
  ];
  // At the largest length this end would be true.
  if (text.length < end) lies.push({ kind: 'end', reason: 'length', length: text.length, account });
  if (hasSentOpen) lies.push({ kind: 'gone' });
  return pick(random, lies);
}

/** Records the connections on which an edge has lied, and checks that devices refuse the lies. */
export class LieWatch {
  /** The lies, as JSON. */
  readonly #told = new Map<VirtualLink, Set<string>>();
  readonly #greeted = new Set<VirtualLink>();

  tell(link: VirtualLink, message: EdgeMessage): void {
    const told = this.#told.get(link) ?? new Set();
    this.#told.set(link, told.add(JSON.stringify(message)));
  }

  /** The `hello` of this connection is false. */
  greetFalsely(link: VirtualLink): void {
    this.#greeted.add(link);
  }

  /** Whether an edge of the run has told of another target. */
  get hasGreetedFalsely(): boolean {
    return this.#greeted.size > 0;
  }

  /** Whether the device may report an error on this connection. */
  isLiar(link: VirtualLink): boolean {
    return this.#told.has(link) || this.#greeted.has(link);
  }

  /** A false `hello` may end the turn; no other lie may. */
  mayFail(event: DeviceEvent): boolean {
    return event.kind === 'message-received' && isFalseHello(event.message);
  }

  /** @param link of the event @returns the lie that the device has accepted; null: none */
  believed(link: VirtualLink | undefined, event: DeviceEvent, { state, effects }: DeviceStep): string | null {
    if (event.kind !== 'message-received' || link === undefined) return null;
    const { message } = event;
    const lie = `a ${message.kind} that lies`;
    if (isFalseHello(message)) return state.outcome?.kind === 'failed' ? null : lie;
    if (this.#told.get(link)?.has(JSON.stringify(message)) !== true) return null;
    // An end that the text has passed is ignored while another edge serves the turn.
    const isActedOn = effects.some(({ kind }) => kind === 'emit-tokens' || kind === 'finish');
    return isActedOn || message.kind === 'gone' ? lie : null;
  }
}

function isFalseHello(message: EdgeMessage): boolean {
  return message.kind === 'hello' && message.fingerprint === liar;
}
