// One side of a virtual link as a carrier of frames, in the role that a socket has in a live process.

import type { Frame, FrameConnection, FrameHandler } from '../../src/core/protocol/wire/wire.ts';
import type { LinkEnd, VirtualLink } from './link.ts';

export class LinkCarrier<Sent> implements FrameConnection<Sent> {
  readonly #side: 'device' | 'edge';
  readonly #bytesAlong: ((message: Sent) => number) | undefined;
  readonly address: string | undefined;
  /** Set before the first frame is sent. */
  link!: VirtualLink;
  /** Set before the first frame arrives. */
  handler: FrameHandler | undefined;
  /** As last reported to the process. */
  writable = true;
  /** What the link reports to. */
  readonly end: LinkEnd = {
    frame: (frame) => {
      // Only an address has limits of bytes.
      if (this.address !== undefined) this.handler?.arriving?.(frame.length);
      this.handler?.frame(frame);
    },
    writable: (isWritable) => {
      this.writable = isWritable;
      this.handler?.writable(isWritable);
    },
    closed: () => this.handler?.closed(),
  };

  /**
   * @param bytesAlong additional bytes on the air with a message, beyond its frame; default: none
   * @param address of the peer, for an edge that limits its connections
   */
  constructor(side: 'device' | 'edge', bytesAlong?: (message: Sent) => number, address?: string) {
    this.#side = side;
    this.address = address;
    this.#bytesAlong = bytesAlong;
  }

  send(frame: Frame, message: Sent): void {
    this.link.send(this.#side === 'device' ? 'up' : 'down', frame, this.#bytesAlong?.(message));
  }

  close(): void {
    this.link.close(this.#side);
  }
}
