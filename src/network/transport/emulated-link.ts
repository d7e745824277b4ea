// Emulates a slow, distant or failing network in front of a real one: frames of both directions wait at the device's end until the time
// of the link model. The edge's send buffer does not fill on a slow downlink, because its frames wait here.

import type { Clock } from '../../core/basics/clock.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { LinkSettings } from '../../core/protocol/wire/link-model.ts';
import { interrupted, lostConnection } from './endings.ts';
import { createLinkQueue, type LinkQueue } from './link-queue.ts';
import { machineClock } from './machine-clock.ts';
import { callNextTurn } from './next-turn.ts';
import { closeFrameBytes, QueuedConnection, type Wire } from './queued-connection.ts';
import type { Accept, Connect, Connection, ConnectionHandler } from './transport.ts';

/** An emulated network of one device. */
export interface EmulatedLink {
  /** All its connections share rate, queues and outages, as the connections of one device do. */
  readonly connect: Connect;
  /** Loses all connections and attempts, with the frames in flight in both directions. */
  cut(): void;
  /** Changes the rate of both directions, for frames that are sent from now on. */
  changeRate(bitsPerSecond: number): void;
}

/** Before its first frame a WebSocket needs a TCP handshake, then the HTTP upgrade and its answer; bytes of these two. */
const upgradeBytes = 300;
const upgradedBytes = 200;

/** Puts an emulated network in front of a real connection. @param clock for tests; default: the machine's */
export function createEmulatedLink(
  connect: Connect,
  settings: LinkSettings,
  clock: Clock = roundingClock,
): EmulatedLink {
  const earlyMs = clock === roundingClock ? 0.5 : 0;
  const link: Link = {
    up: createLinkQueue(settings, 'up', clock, earlyMs),
    down: createLinkQueue(settings, 'down', clock, earlyMs),
    clock,
    losable: new Set(),
  };
  return {
    connect: (accept, options) => attempt(link, connect, accept, options?.signal),
    changeRate(bitsPerSecond) {
      link.up.changeRate(bitsPerSecond);
      link.down.changeRate(bitsPerSecond);
    },
    cut() {
      link.up.drop();
      link.down.drop();
      for (const lose of [...link.losable]) lose();
    },
  };
}

interface Link {
  readonly up: LinkQueue;
  readonly down: LinkQueue;
  readonly clock: Clock;
  /** Attempts and connections that a cut ends. */
  readonly losable: Set<() => void>;
}

function attempt(link: Link, connect: Connect, accept: Accept, signal?: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let inner: Connection | undefined;
    let givenUp = signal?.aborted === true;
    const leave = (): void => {
      link.losable.delete(lose);
      signal?.removeEventListener('abort', abort);
    };
    const giveUp = (error: unknown): void => {
      leave();
      givenUp = true;
      inner?.close('edge-unreachable', 'the attempt was given up');
      reject(error);
    };
    const lose = (): void =>
      giveUp(new OutriderError('edge-unreachable', 'the emulated link was cut', 'connect again'));
    const abort = (): void => giveUp(interrupted());
    const reachEdge = (): void => {
      connect(
        (connection) => {
          inner = connection;
          const [outer, handler] = join(link, connection);
          // The edge's first frames follow directly after its answer to the upgrade.
          link.down.push(upgradedBytes, () => {
            if (givenUp) return;
            leave();
            outer.open(accept);
            resolve(outer);
          });
          if (givenUp) connection.close('edge-unreachable', 'the attempt was given up');
          return handler;
        },
        signal === undefined ? {} : { signal },
      ).catch(giveUp);
    };
    if (givenUp) return giveUp(interrupted());
    link.losable.add(lose);
    signal?.addEventListener('abort', abort);
    link.up.push(0, () => link.down.push(0, () => link.up.push(upgradeBytes, reachEdge)));
  });
}

/** The device's end of a connection, and the handler of the real connection. */
function join(link: Link, inner: Connection): [QueuedConnection, ConnectionHandler] {
  const cut = (): void => {
    link.losable.delete(cut);
    outer.stop();
    inner.close('edge-unreachable', 'the emulated link was cut');
    link.clock.after(0, () => outer.finish(lostConnection));
  };
  const wire: Wire = {
    get writable() {
      return inner.writable;
    },
    frame: (bytes) => inner.send(bytes),
    close: (code, detail) => inner.close(code, detail),
    cut,
  };
  const outer = new QueuedConnection(link.up, wire, Number.POSITIVE_INFINITY);
  link.losable.add(cut);
  return [
    outer,
    {
      frame: (bytes) => link.down.push(bytes.length, () => outer.arrive(bytes)),
      writable: () => outer.wireDrained(),
      closed(reason) {
        link.losable.delete(cut);
        link.down.push(closeFrameBytes, () => outer.finish(reason));
      },
    },
  ];
}

/**
 * The machine's clock, with timers rounded to the nearest millisecond instead of down, minus the wake-up time, so that the errors of late
 * and early frames cancel. A busy wait in the last millisecond would be exact to microseconds, but would take a sixth of a core at 100
 * frames a second, beside a draft model.
 */
const roundingClock: Clock = {
  nowMs: machineClock.nowMs,
  after(delayMs, callback) {
    const wholeMs = Math.round(delayMs - wakeUpMs);
    if (wholeMs > 0) return machineClock.after(wholeMs, callback);
    // A timer of 0 ms would take 1 ms.
    return callNextTurn(callback);
  },
};
const wakeUpMs = 0.2;
