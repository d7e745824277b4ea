// One side of a virtual link as a carrier of frames, in the role that a socket has in a live process.

import type { FrameConnection, FrameHandler } from '../protocol/wire.ts';
import type { LinkEnd, VirtualLink } from './link.ts';
import type { VirtualProcess } from './process.ts';

export class LinkCarrier<Sent> implements FrameConnection<Sent> {
  readonly link: VirtualLink;
  readonly #side: 'device' | 'edge';
  readonly #bytesAlong: ((message: Sent) => number) | undefined;
  /** As last reported to the process. */
  writable = true;

  /** @param bytesAlong additional bytes on the air with a message, beyond its frame; default: none */
  constructor(link: VirtualLink, side: 'device' | 'edge', bytesAlong?: (message: Sent) => number) {
    this.link = link;
    this.#side = side;
    this.#bytesAlong = bytesAlong;
  }

  send(frame: Parameters<FrameConnection<Sent>['send']>[0], message: Sent): void {
    this.link.send(this.#side === 'device' ? 'up' : 'down', frame, this.#bytesAlong?.(message));
  }

  close(): void {
    this.link.close(this.#side);
  }
}

/** The end of a link for its process. Carrier and handler are attached when the link exists. */
export interface PendingEnd<Sent> {
  readonly end: LinkEnd;
  attach(carrier: LinkCarrier<Sent>, handler: FrameHandler): void;
}

export function listenOn<Sent>(process: VirtualProcess): PendingEnd<Sent> {
  let carrier: LinkCarrier<Sent> | undefined;
  let handler: FrameHandler | undefined;
  const end = process.listen({
    frame: (frame) => handler?.frame(frame),
    writable(isWritable) {
      if (carrier !== undefined) carrier.writable = isWritable;
      handler?.writable(isWritable);
    },
    closed: () => handler?.closed(),
  });
  return {
    end,
    attach(ofLink, ofRules) {
      carrier = ofLink;
      handler = ofRules;
    },
  };
}
