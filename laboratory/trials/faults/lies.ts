// Edges that lie. A device recognises some lies: `hello` out of turn or of another model, impossible commits, ends at the wrong length. Without the
// target it recognises no wrong token, nor an end at the right length for another reason than the length. And a peer at an address of no edge.

import type { VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import type { DeviceEvent, DeviceStep } from '../../../src/core/protocol/device/device-state.ts';
import { EdgeCodec } from '../../../src/core/protocol/wire/codec.ts';
import { type EdgeMessage, type HelloMessage, protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import type { Wire } from '../../../src/core/protocol/wire/wire.ts';
import { pick, tokenizerHash, vocabularySize } from './scene.ts';

const scheme = 'ws://';

/** Name of an edge that is none. */
export const falseEdge = 'thief';

export function addressOf(edge: string): string {
  return `${scheme}${edge}`;
}

/** The edge at an address; without a controller, names are addresses. */
export function nameAt(address: string): string {
  return address.startsWith(scheme) ? address.slice(scheme.length) : address;
}

function helloOf(model: string, fingerprint: string): HelloMessage {
  const target = { model, fingerprint, tokenizerHash, vocabularySize, contextLength: 4096 };
  return { kind: 'hello', version: protocolVersion, ...target, timing: { stepMs: null, edgeDraftMs: null } };
}

/** How an edge that is none behaves: it takes connections and what devices show, and writes no text. */
export const falseEdgeKinds = ['silent', 'closes', 'greets'] as const;
export type FalseEdgeKind = (typeof falseEdgeKinds)[number];

/** Takes a connection at the end of such an edge. */
export function acceptFalsely(link: VirtualLink, kind: FalseEdgeKind, fingerprint: string): void {
  const codec = new EdgeCodec();
  let isOpen = kind !== 'silent';
  link.join('edge', {
    frame: () => {
      if (!isOpen) return;
      isOpen = false;
      if (kind === 'closes') link.close('edge');
      else link.send('down', codec.encode(helloOf('toy', fingerprint)));
    },
    writable: () => {},
    closed: () => {
      isOpen = false;
    },
  });
}

/** Fingerprint of false `hello` messages. */
const liar = 'liar';

/** The false fields of a `hello`. */
export type GreetingLie = Partial<Pick<HelloMessage, 'version' | 'tokenizerHash'>>;

export const greetingLies: readonly GreetingLie[] = [{ tokenizerHash: 'cd'.repeat(32) }, { version: 255 }];

/** A wire that changes the `hello` messages of the edge while `lie` returns false fields. */
export function lyingWire(honest: Wire, lie: () => GreetingLie | null): Wire {
  return {
    ...honest,
    edge(admission) {
      const end = honest.edge(admission);
      return {
        unpack: (frame) => end.unpack(frame),
        pack(message) {
          const fields = message.kind === 'hello' ? lie() : null;
          return end.pack(fields === null ? message : ({ ...message, ...fields, fingerprint: liar } as EdgeMessage));
        },
      };
    },
  };
}

/** A random lie within a turn, for a connection of `device`. @param hasSentOpen whether the device's last attach there was an `open` */
export function lieTo(device: VirtualDevice, hasSentOpen: boolean, random: Random): EdgeMessage {
  const { turn, text } = device.state;
  const end = turn.prompt.length + turn.maxAnswerTokens;
  const account = { steps: 1, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
  const commit = { kind: 'commit', first: text.length, branch: 0, accepted: 0 } as const;
  const lies: EdgeMessage[] = [
    helloOf(liar, liar),
    { ...commit, tokens: [vocabularySize + random.integer(100)] },
    { ...commit, tokens: Array.from({ length: turn.maxAnswerTokens + 1 }, () => random.integer(vocabularySize)) },
    { ...commit, first: end, tokens: [] },
    { ...commit, branch: 9999, accepted: 1, tokens: [] },
    { kind: 'end', reason: 'length', length: end + 1, account },
    {
      kind: 'prompt-scored',
      first: turn.promptLogprobs === undefined ? 1 : turn.prompt.length,
      logprobs: [{ logprob: -1, top: [] }],
    },
  ];
  // At the largest length this end would be true.
  if (text.length < end) lies.push({ kind: 'end', reason: 'length', length: text.length, account });
  if (hasSentOpen) lies.push({ kind: 'gone' });
  return pick(random, lies);
}

/** Records the connections on which an edge has lied, and checks that devices refuse the lies. */
export class LieWatch {
  /** The lies, as JSON. */
  readonly #sent = new Map<VirtualLink, Set<string>>();
  readonly #greeted = new Set<VirtualLink>();

  sent(link: VirtualLink, message: EdgeMessage): void {
    const sent = this.#sent.get(link) ?? new Set();
    this.#sent.set(link, sent.add(JSON.stringify(message)));
  }

  /** The `hello` of this connection is false. */
  greetFalsely(link: VirtualLink): void {
    this.#greeted.add(link);
  }

  /** Whether an edge of the run has sent a false `hello`. */
  get hasGreetedFalsely(): boolean {
    return this.#greeted.size > 0;
  }

  /** Whether the device may report an error on this connection. */
  isLiar(link: VirtualLink): boolean {
    return this.#sent.has(link) || this.#greeted.has(link);
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
    if (this.#sent.get(link)?.has(JSON.stringify(message)) !== true) return null;
    // An end that the text has passed is ignored while another edge serves the turn.
    const isActedOn = effects.some(
      ({ kind }) => kind === 'emit-tokens' || kind === 'emit-prompt-logprobs' || kind === 'finish',
    );
    return isActedOn || message.kind === 'gone' ? lie : null;
  }
}

function isFalseHello(message: EdgeMessage): boolean {
  return message.kind === 'hello' && message.fingerprint === liar;
}
