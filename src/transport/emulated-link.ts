// A slow, distant or failing network in front of a real one: frames wait at the device's end, in both directions, until the
// link model lets them pass. The edge's own send buffer does not notice the slow downlink: what it has sent waits here.

import type { Clock } from '../basics/clock.ts';
import { OutriderError } from '../basics/errors.ts';
import { invariant } from '../basics/invariant.ts';
import type { LinkSettings } from '../protocol/link-model.ts';
import { interrupted, lostConnection } from './endings.ts';
import { createLinkQueue, type LinkQueue } from './link-queue.ts';
import { machineClock } from './machine-clock.ts';
import { goodbyeBytes, QueuedConnection, type Wire } from './queued-connection.ts';
import type { Accept, Connect, ConnectionHandler } from './transport.ts';

export interface EmulatedLink {
  /** All connections made with it share rate, queues and outages, as those of one device do. */
  readonly connect: Connect;
  /** Loses all connections and attempts, with what is in flight in both directions. */
  cut(): void;
}

/** The exchanges that a WebSocket needs before its first frame, bytes up and down: TCP, then the HTTP upgrade. */
const handshakes = [
  [0, 0],
  [300, 200],
] as const;

export function createEmulatedLink(
  connect: Connect,
  settings: LinkSettings,
  clock: Clock = roundingClock,
): EmulatedLink {
  const earlyMs = clock === roundingClock ? 0.5 : 0;
  const up = createLinkQueue(settings, 'up', clock, earlyMs);
  const down = createLinkQueue(settings, 'down', clock, earlyMs);
  const losable = new Set<() => void>();

  function join(accept: Accept, inner: Parameters<Accept>[0]): [QueuedConnection, ConnectionHandler] {
    const cut = (): void => {
      losable.delete(cut);
      outer.stop();
      inner.close('edge-unreachable', 'the emulated link was cut');
      clock.after(0, () => outer.finish(lostConnection));
    };
    const wire: Wire = {
      get writable() {
        return inner.writable;
      },
      frame: (bytes) => inner.send(bytes),
      goodbye: (code, detail) => inner.close(code, detail),
      cut,
    };
    const outer = new QueuedConnection(up, wire, Number.POSITIVE_INFINITY);
    losable.add(cut);
    outer.open(accept);
    const handler: ConnectionHandler = {
      frame: (bytes) => down.push(bytes.length, () => outer.arrive(bytes)),
      writable: () => outer.wireDrained(),
      closed: (reason) => {
        losable.delete(cut);
        down.push(goodbyeBytes, () => outer.finish(reason));
      },
    };
    return [outer, handler];
  }

  return {
    async connect(accept, options) {
      await shakeHands(up, down, losable, options?.signal);
      let outer: QueuedConnection | undefined;
      await connect((inner) => {
        const [connection, handler] = join(accept, inner);
        outer = connection;
        return handler;
      }, options);
      invariant(outer !== undefined, 'a connection was made without being accepted');
      return outer;
    },
    cut() {
      up.drop();
      down.drop();
      for (const lose of [...losable]) lose();
    },
  };
}

function shakeHands(
  up: LinkQueue,
  down: LinkQueue,
  losable: Set<() => void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(interrupted());
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      losable.delete(lose);
      signal?.removeEventListener('abort', abort);
    };
    const lose = (): void => {
      leave();
      reject(new OutriderError('edge-unreachable', 'the emulated link was cut', 'connect again'));
    };
    const abort = (): void => {
      leave();
      reject(interrupted());
    };
    const exchange = (index: number): void => {
      const bytes = handshakes[index];
      if (bytes !== undefined) up.push(bytes[0], () => down.push(bytes[1], () => exchange(index + 1)));
      else {
        leave();
        resolve();
      }
    };
    losable.add(lose);
    signal?.addEventListener('abort', abort);
    exchange(0);
  });
}

/**
 * The machine's clock with its timers rounded to the nearest millisecond instead of down, less the time that waking up takes:
 * late and early frames cancel out. Waiting the last millisecond in a loop would be exact to microseconds, but cost a sixth
 * of a core at a hundred frames a second, and a draft model runs beside it.
 */
const roundingClock: Clock = {
  nowMs: machineClock.nowMs,
  after(delayMs, callback) {
    const wholeMs = Math.round(delayMs - wakeUpMs);
    if (wholeMs > 0) return machineClock.after(wholeMs, callback);
    // A timer of 0 would be one of 1.
    const turn = setImmediate(callback);
    return () => clearImmediate(turn);
  },
};
const wakeUpMs = 0.2;
