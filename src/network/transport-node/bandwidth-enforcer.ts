// The port for whatever can give a session a bandwidth: a network with an API for it (mec-bandwidth.ts, camara-bandwidth.ts), or the pacing of
// our own edges and devices (here). It decides no rate. A failure changes nothing for sessions: they continue at what the network gives.

import { isIP } from 'node:net';
import { between, type Checks, checkOptions, must, record, text, whole } from '../../core/basics/check-options.ts';
import { refused } from './json-service.ts';

/** One end of a session's connection, as the network sees it. */
export interface NetworkEnd {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

/** The session whose bandwidth is set. */
export interface BandwidthSession {
  /** As its device named it in `open`. */
  readonly id: string;
  readonly device: NetworkEnd;
  readonly edge: NetworkEnd;
}

/** bit/s on IP, headers included. */
export interface SessionRates {
  readonly uplinkBitsPerSecond: number;
  readonly downlinkBitsPerSecond: number;
}

/** Gives sessions bandwidths. Calls for one session run one after the other. */
export interface BandwidthEnforcer {
  /**
   * Sets both directions, in place of what was set before. To be called again now and then: some networks forget.
   * @returns what the network has promised, which may be more or less than was asked for
   * @throws OutriderError `bandwidth-refused`, `bad-argument`
   */
  set(session: BandwidthSession, rates: SessionRates): Promise<SessionRates>;
  /** Without effect for a session that has no bandwidth. @throws OutriderError `bandwidth-refused`; it may be called again */
  release(session: string): Promise<void>;
  /** Releases all, as far as that succeeds. @throws OutriderError the first failure */
  close(): Promise<void>;
}

/** What an adapter does; {@link enforcer} adds checks and order. */
export interface RateSetter {
  set(session: BandwidthSession, rates: SessionRates): Promise<SessionRates>;
  /** Called only for a session for which `set` was called. */
  release(session: string): Promise<void>;
}

const end = record<NetworkEnd>({
  address: must('Give an IPv4 or IPv6 address.', (value) => typeof value === 'string' && isIP(value) !== 0),
  port: whole(1, 65_535),
});
const sessionChecks: Checks<BandwidthSession> = { id: text, device: end, edge: end };
const rateChecks: Checks<SessionRates> = { uplinkBitsPerSecond: between(1), downlinkBitsPerSecond: between(1) };

export function enforcer(setter: RateSetter): BandwidthEnforcer {
  const held = new Set<string>();
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <Value>(session: string, work: () => Promise<Value>): Promise<Value> => {
    const next = (turns.get(session) ?? Promise.resolve()).then(work, work);
    turns.set(session, next);
    const forget = (): void => {
      if (turns.get(session) === next) turns.delete(session);
    };
    next.then(forget, forget);
    return next;
  };
  const release = (session: string): Promise<void> =>
    inTurn(session, async () => {
      if (!held.has(session)) return;
      await setter.release(session);
      held.delete(session);
    });
  return {
    async set(session, rates) {
      checkOptions('set', session, sessionChecks);
      checkOptions('set', rates, rateChecks);
      return inTurn(session.id, () => {
        held.add(session.id);
        return setter.set(session, rates);
      });
    },
    release,
    async close() {
      const ends = await Promise.allSettled([...new Set([...held, ...turns.keys()])].map(release));
      const failed = ends.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

/** How our own edge and device get their rates. Each function returns whether it has the session. */
export interface PacedEnds {
  /** Sets it at the edge, for example by `Edge.setShares`: bit/s are weights among its sessions. Null: no rate of its own any more. */
  setDownlink(session: string, bitsPerSecond: number | null): boolean;
  /** Sets it at the device, by a message. */
  setUplink(session: string, bitsPerSecond: number | null): boolean | Promise<boolean>;
}

/** Our own pacing, for networks that enforce nothing. */
export function pacedBandwidth(ends: PacedEnds): BandwidthEnforcer {
  return enforcer({
    async set({ id }, rates) {
      if (!ends.setDownlink(id, rates.downlinkBitsPerSecond)) throw refused('the edge does not have the session');
      if (!(await ends.setUplink(id, rates.uplinkBitsPerSecond))) throw refused('the device is not there');
      return rates;
    },
    async release(session) {
      ends.setDownlink(session, null);
      await ends.setUplink(session, null);
    },
  });
}
