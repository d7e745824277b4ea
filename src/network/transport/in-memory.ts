// Connections within one process, for tests and virtual time. They behave as a WebSocket does, over an ideal network or one that follows a
// link model. A close is sent as a frame; `cut` loses everything in flight.

import type { Clock } from '../../core/basics/clock.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { LinkSettings } from '../../core/protocol/wire/link-model.ts';
import { idealLink } from '../../core/protocol/wire/link-model-settings.ts';
import { interrupted, lostConnection } from './endings.ts';
import { createLinkQueue, type LinkQueue } from './link-queue.ts';
import { callNextTurn } from './next-turn.ts';
import { closeFrameBytes, QueuedConnection } from './queued-connection.ts';
import type { Accept, Connect, Connection } from './transport.ts';

/** Time and link of connections within the process. Default: an ideal network. */
export interface InMemorySettings {
  /** Default: no clock, and every frame arrives in the next turn of the event loop. */
  readonly clock?: Clock;
  /** The device's uplink and downlink. */
  readonly link?: LinkSettings;
  readonly maxFrameBytes?: number;
}

export interface InMemoryPair {
  readonly device: Connection;
  readonly edge: Connection;
  /** Loses the connection and everything in flight. */
  cut(): void;
}

/** See {@link createInMemoryNetwork}. */
export interface InMemoryNetwork {
  readonly connect: Connect;
  /** Connections that at least one side takes for open. */
  readonly connectionCount: number;
  /** Loses all connections; new ones can be made. */
  cut(): void;
  /** Refuses new connections and cuts the others. */
  close(): void;
}

/**
 * Both `accept` functions are called before this returns, the edge's first.
 * @param ended called once, when both ends know that the connection is over
 */
export function connectInMemory(
  device: Accept,
  edge: Accept,
  settings: InMemorySettings = {},
  ended: () => void = () => {},
): InMemoryPair {
  let openEnds = 2;
  const finished = (): void => {
    openEnds -= 1;
    if (openEnds === 0) ended();
  };
  const clock = settings.clock ?? timelessClock;
  const link = settings.link ?? idealLink;
  const queues = { up: createLinkQueue(link, 'up', clock), down: createLinkQueue(link, 'down', clock) };
  const cut = (): void => {
    for (const queue of [queues.up, queues.down]) queue.drop();
    for (const end of [deviceEnd, edgeEnd]) {
      end.stop();
      clock.after(0, () => end.finish(lostConnection));
    }
  };
  const end = (outgoing: LinkQueue, incoming: LinkQueue, peer: () => QueuedConnection): QueuedConnection => {
    const close = (code: Parameters<Connection['close']>[0], detail: string): void => {
      peer().finish({ by: 'peer', code, detail } as const);
      // The peer's answer to this side's close.
      incoming.push(closeFrameBytes, () => self.finish(lostConnection));
    };
    const self = new QueuedConnection(
      outgoing,
      { writable: true, frame: (bytes) => peer().arrive(bytes), close, cut, finished },
      settings.maxFrameBytes,
    );
    return self;
  };
  const deviceEnd: QueuedConnection = end(queues.up, queues.down, () => edgeEnd);
  const edgeEnd: QueuedConnection = end(queues.down, queues.up, () => deviceEnd);
  edgeEnd.open(edge);
  deviceEnd.open(device);
  return { device: deviceEnd, edge: edgeEnd, cut };
}

/** Connects devices to an edge in the same process. @param edge called for each connection */
export function createInMemoryNetwork(edge: Accept, settings: InMemorySettings = {}): InMemoryNetwork {
  const pairs = new Set<InMemoryPair>();
  let listening = true;
  const cut = (): void => {
    for (const pair of pairs) pair.cut();
    pairs.clear();
  };
  return {
    async connect(device, options) {
      if (options?.signal?.aborted === true) throw interrupted();
      if (!listening) {
        throw new OutriderError('edge-unreachable', 'no edge listens in this process', 'start the edge first');
      }
      const pair = connectInMemory(device, edge, settings, () => pairs.delete(pair));
      pairs.add(pair);
      return pair.device;
    },
    get connectionCount() {
      return pairs.size;
    },
    cut,
    close() {
      listening = false;
      cut();
    },
  };
}

const timelessClock: Clock = {
  nowMs: () => 0,
  after: (_delayMs, callback) => callNextTurn(callback),
};
