// A device that is driven by hand, at an edge without sockets: it sends what a test passes it, and keeps what it receives.

import { testOpening } from '../../core/protocol/edge/edge-session.fixture.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from '../../core/protocol/wire/messages.ts';
import { byteWire } from '../../core/protocol/wire/wire.ts';
import type { Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import type { Edge } from './edge.ts';

export class RawDevice {
  readonly received: EdgeMessage[] = [];
  /** Bytes of frames. */
  frameBytes = 0;
  /** Code and detail of the close. */
  closed: string | null = null;
  readonly #wire = byteWire.device();
  readonly #handler: ConnectionHandler;
  #noticed: (() => void)[] = [];

  constructor(edge: Edge) {
    const connection: Connection = {
      writable: true,
      sentBytes: 0,
      receivedBytes: 0,
      sentFrames: 0,
      receivedFrames: 0,
      send: (bytes) => {
        this.received.push(this.#wire.unpack(bytes));
        this.frameBytes += bytes.length;
        this.#notice();
      },
      close: (code, detail) => {
        this.closed = `${code}: ${detail}`;
        this.#notice();
      },
    };
    this.#handler = edge.accept(connection);
  }

  say(message: DeviceMessage): this {
    this.#handler.frame(this.#wire.pack(message) as Uint8Array);
    return this;
  }

  /** Opens a session that has no drafter. */
  open(edge: { readonly tokenizer: { readonly hash: string } }, changes: Partial<OpenMessage>): this {
    return this.say(testOpening({ tokenizerHash: edge.tokenizer.hash, ...changes }));
  }

  /** The committed tokens, none of which may be a draft. */
  get text(): number[] {
    return this.received.flatMap((message) => (message.kind === 'commit' ? message.tokens : []));
  }

  /** Resolves when the condition holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#noticed.push(resolve));
  }

  async ended(): Promise<void> {
    await this.until(
      () => this.closed !== null || this.received.some(({ kind }) => kind === 'end' || kind === 'refused'),
    );
  }

  #notice(): void {
    for (const notice of this.#noticed.splice(0)) notice();
  }
}
