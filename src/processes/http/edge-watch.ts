// Waits for an edge that comes back. All answers that wait share one series of probes, which runs only while one waits.

import type { Clock } from '../../core/basics/clock.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { HelloMessage } from '../../core/protocol/wire/messages.ts';
import type { EdgeList, TurnEdge } from '../device/edge-list.ts';
import { type EdgeProbe, probeEdge } from '../device/probe-edge.ts';

type Connect = TurnEdge['connect'];

const probeEveryMs = 1000;
/** Without coverage an attempt to connect hangs: a later attempt succeeds sooner than an old one. */
const connectWithinMs = 1500;
/** How long an outage is assumed without another check, ms. */
const assumedDownMs = 30_000;

/** @param clock for pauses @param probe default: connects and pings */
export interface EdgeWatchSettings {
  readonly edges: EdgeList;
  readonly clock: Clock;
  /** Notified when all edges are lost, and when one is back. */
  readonly changed?: ((isDown: boolean) => void) | undefined;
  readonly probe?: (connect: Connect) => Promise<Pick<EdgeProbe, 'hello'>>;
}

type Waiter = (hello: HelloMessage) => void;

export class EdgeWatch {
  readonly #settings: EdgeWatchSettings;
  readonly #waiters = new Set<Waiter>();
  #cancel: (() => void) | null = null;
  #lostAtMs: number | null = null;

  constructor(settings: EdgeWatchSettings) {
    this.#settings = settings;
  }

  /** Whether no edge accepted the last answer, and none was reached since. */
  get isDown(): boolean {
    return this.#lostAtMs !== null && this.#settings.clock.nowMs() - this.#lostAtMs < assumedDownMs;
  }

  /** No edge has accepted an answer. */
  lost(): void {
    const isNews = this.#lostAtMs === null;
    this.#lostAtMs = this.#settings.clock.nowMs();
    if (isNews) this.#settings.changed?.(true);
  }

  /** An edge writes. */
  answered(): void {
    const isNews = this.#lostAtMs !== null;
    this.#lostAtMs = null;
    if (isNews) this.#settings.changed?.(false);
  }

  /**
   * Resolves when an edge answers a probe; never, when the signal is aborted first.
   * @param isSoon whether the first probe is sent now; otherwise after the usual pause between two
   */
  back(signal: AbortSignal, isSoon: boolean): Promise<HelloMessage> {
    const { promise, resolve } = Promise.withResolvers<HelloMessage>();
    if (signal.aborted) return promise;
    this.#waiters.add(resolve);
    const leave = (): void => {
      this.#waiters.delete(resolve);
      signal.removeEventListener('abort', leave);
    };
    signal.addEventListener('abort', leave);
    void promise.then(leave);
    if (isSoon) this.#cancel?.();
    if (isSoon || this.#cancel === null) this.#probeAfter(isSoon ? 0 : probeEveryMs);
    return promise;
  }

  #probeAfter(pauseMs: number): void {
    this.#cancel = this.#settings.clock.after(pauseMs, () => {
      if (this.#waiters.size === 0) {
        this.#cancel = null;
        return;
      }
      for (const name of this.#settings.edges.edges.keys()) void this.#probe(name);
      this.#probeAfter(probeEveryMs);
    });
  }

  async #probe(name: string): Promise<void> {
    const { edges, probe = probeEdge } = this.#settings;
    const edge = edges.edges.get(name);
    if (edge === undefined) return;
    try {
      const { hello } = await probe(connectWithin(edge.connect, connectWithinMs, this.#settings.clock));
      edges.routes.answered(name);
      this.answered();
      for (const resolve of [...this.#waiters]) resolve(hello);
    } catch {
      // It is not back yet.
    }
  }
}

/** A connector that gives an attempt up after so long. */
export function connectWithin(connect: Connect, limitMs: number, clock: Clock): Connect {
  return async (accept, options = {}) => {
    const late = new AbortController();
    const cancel = clock.after(limitMs, () => late.abort());
    const { signal } = options;
    try {
      return await connect(accept, {
        signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
      });
    } catch (error) {
      if (!late.signal.aborted || signal?.aborted === true) throw error;
      const cause = `the edge takes no connection within ${limitMs / 1000} s`;
      throw new OutriderError('edge-unreachable', cause, 'check the network, and that the edge runs');
    } finally {
      cancel();
    }
  };
}
