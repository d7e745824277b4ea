// Addresses of the edges of a run, and what is at an address of none: nobody, or a peer that takes connections and what devices show, and writes
// nothing.

import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { EdgeCodec } from '../../../src/core/protocol/wire/codec.ts';
import { type HelloMessage, protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import { tokenizerHash, vocabularySize } from './scene.ts';

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

/** How such an edge behaves. */
export const falseEdgeKinds = ['silent', 'closes', 'greets'] as const;
export type FalseEdgeKind = (typeof falseEdgeKinds)[number];

/** Takes a connection at its edge's end. */
export function acceptFalsely(link: VirtualLink, kind: FalseEdgeKind, fingerprint: string): void {
  const codec = new EdgeCodec();
  const hello: HelloMessage = {
    kind: 'hello',
    version: protocolVersion,
    model: 'toy',
    fingerprint,
    tokenizerHash,
    vocabularySize,
    contextLength: 4096,
    timing: { stepMs: null, edgeDraftMs: null },
  };
  let isOpen = true;
  link.join('edge', {
    frame: () => {
      if (!isOpen) return;
      if (kind === 'closes') {
        isOpen = false;
        link.close('edge');
      } else if (kind === 'greets') {
        isOpen = false;
        link.send('down', codec.encode(hello));
      }
    },
    writable: () => {},
    closed: () => {
      isOpen = false;
    },
  });
}
