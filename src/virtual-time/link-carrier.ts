// One side of a virtual link as the rules of connections see it: what a socket is to a live process.

import type { FrameConnection, FrameHandler } from '../protocol/wire.ts';
import type { LinkEnd, VirtualLink } from './link.ts';
import type { VirtualProcess } from './process.ts';

export class LinkCarrier<Said> implements FrameConnection<Said> {
  readonly link: VirtualLink;
  readonly #side: 'device' | 'edge';
  readonly #bytesAlong: ((message: Said) => number) | undefined;
  /** As far as the process has been told. */
  writable = true;

  /** @param bytesAlong bytes on the air that go with a message and that no codec writes; default: none */
  constructor(link: VirtualLink, side: 'device' | 'edge', bytesAlong?: (message: Said) => number) {
    this.link = link;
    this.#side = side;
    this.#bytesAlong = bytesAlong;
  }

  send(frame: Parameters<FrameConnection<Said>['send']>[0], message: Said): void {
    this.link.send(this.#side === 'device' ? 'up' : 'down', frame, this.#bytesAlong?.(message));
  }

  close(): void {
    this.link.close(this.#side);
  }
}

/** What a process hears of a link whose carrier and handler exist only once the link does. */
export interface PendingEnd<Said> {
  readonly end: LinkEnd;
  attach(carrier: LinkCarrier<Said>, handler: FrameHandler): void;
}

export function listenOn<Said>(process: VirtualProcess): PendingEnd<Said> {
  let carrier: LinkCarrier<Said> | undefined;
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
