// Connections to a controller in virtual time: each side as the connection of a transport, so that members and controllers are those of
// live processes.

import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import type { VirtualProcess } from '../../../simulator/virtual-time/process.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../../../src/network/transport/transport.ts';

/** The side of the member is that of a device. */
type Side = 'device' | 'edge';

/** Observes what arrives. */
export interface Hearing {
  /** @param connection over which it comes */
  before(bytes: Uint8Array, connection: Connection): void;
  /** @param isClosed whether this side has closed the connection by now */
  after(isClosed: boolean): void;
  /** The connection is about to be closed. @returns to be called when it is */
  closing(): () => void;
}

const closedByPeer: CloseReason = { by: 'peer', code: 'done', detail: 'the other side has closed it' };

export class VirtualConnection implements Connection {
  readonly #link: VirtualLink;
  readonly #side: Side;
  readonly #process: VirtualProcess;
  readonly #hearing: Hearing | undefined;
  #isClosed = false;
  /** Set before anything arrives. */
  handler: ConnectionHandler | null = null;
  readonly writable = true;
  readonly isPeerChecked: boolean;
  sentBytes = 0;
  sentFrames = 0;
  receivedBytes = 0;
  receivedFrames = 0;

  constructor(link: VirtualLink, side: Side, process: VirtualProcess, hearing?: Hearing, isPeerChecked = false) {
    this.isPeerChecked = isPeerChecked;
    this.#link = link;
    this.#side = side;
    this.#process = process;
    const end = process.listen({
      frame: (frame) => {
        if (this.#isClosed) return;
        const bytes = frame as Uint8Array;
        this.receivedBytes += bytes.length;
        this.receivedFrames += 1;
        hearing?.before(bytes, this);
        this.handler?.frame(bytes);
        hearing?.after(this.#isClosed);
      },
      writable: () => {},
      closed: () => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#tell(closedByPeer);
      },
    });
    this.#hearing = hearing;
    link.join(side, end);
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.sentBytes += bytes.length;
    this.sentFrames += 1;
    this.#link.send(this.#side === 'device' ? 'up' : 'down', bytes);
  }

  close(code: CloseReason['code'], detail: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.close(this.#side);
    this.#process.after(1, () => this.#tell({ by: 'us', code, detail }));
  }

  #tell(reason: CloseReason): void {
    const closed = this.#hearing?.closing();
    this.handler?.closed(reason);
    closed?.();
  }
}
