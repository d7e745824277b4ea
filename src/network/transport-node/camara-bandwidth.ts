// Bandwidth by CAMARA quality-on-demand 1.1.0: one QoS session for each session, under the profile that is nearest to the requested rates.
// A QoS session has a duration: `set` extends it in time, and it ends on its own if `set` is not called any more.

import { isIP } from 'node:net';
import { between, type Checks, checkOptions, clock, optional, text, whole } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { machineClock } from '../transport/machine-clock.ts';
import {
  type BandwidthEnforcer,
  type BandwidthSession,
  enforcer,
  type NetworkEnd,
  type SessionRates,
} from './bandwidth-enforcer.ts';
import { fittingProfile, type QosProfile, readProfiles } from './camara-profiles.ts';
import { isRecord, type JsonAnswer, JsonService, refusal, refused } from './json-service.ts';

/** An operator's quality on demand; see {@link camaraBandwidth}. */
export interface CamaraBandwidthOptions {
  /** Address of quality-on-demand: "https://operator.example/quality-on-demand/v1". */
  readonly url: string;
  /** Address of qos-profiles: "https://operator.example/qos-profiles/v1". */
  readonly profilesUrl: string;
  /** A two-legged access token: with it each request names its device. */
  readonly token?: string;
  /** Limit of one request. Default 2000. */
  readonly timeoutMs?: number;
  /**
   * Length of a QoS session, within its profile's limits; at least 1. Long ones need fewer requests, short ones end sooner. Default 120.
   */
  readonly durationSeconds?: number;
  readonly clock?: Clock;
}

const checks: Checks<CamaraBandwidthOptions> = {
  url: text,
  profilesUrl: text,
  token: optional(text),
  timeoutMs: optional(whole(1)),
  durationSeconds: optional(between(1, 86_400)),
  clock: optional(clock),
};

const defaultDurationSeconds = 120;
/** Profiles are asked for again after this, and a QoS session is checked again. */
const profilesForMs = 600_000;
const checkEveryMs = 10_000;

interface QosSession {
  readonly id: string;
  readonly profile: string;
  /** Its whole duration, seconds, and its end on our clock. */
  seconds: number;
  endsAtMs: number;
  /** When it was last known to be there; null: the network has not set it up yet. */
  seenAtMs: number | null;
}

/** Sets bandwidths by QoS sessions of a mobile network. @throws OutriderError `bad-argument` */
export function camaraBandwidth(options: CamaraBandwidthOptions): BandwidthEnforcer {
  checkOptions('camaraBandwidth', options, checks);
  return enforcer(new CamaraNetwork(options));
}

class CamaraNetwork {
  readonly #sessions: JsonService;
  readonly #profiles: JsonService;
  readonly #seconds: number;
  readonly #clock: Clock;
  readonly #held = new Map<string, QosSession>();
  #offer: { readonly profiles: readonly QosProfile[]; readonly untilMs: number } | null = null;

  constructor({ url, profilesUrl, token, timeoutMs, durationSeconds, clock: given }: CamaraBandwidthOptions) {
    this.#sessions = new JsonService({ url, token, timeoutMs });
    this.#profiles = new JsonService({ url: profilesUrl, token, timeoutMs });
    this.#seconds = Math.ceil(durationSeconds ?? defaultDurationSeconds);
    this.#clock = given ?? machineClock;
  }

  async set(session: BandwidthSession, rates: SessionRates): Promise<SessionRates> {
    const profile = fittingProfile(await this.#offered(), rates);
    if (profile === undefined) throw refused('the network offers no active QoS profile with rates');
    const { uplinkBitsPerSecond, downlinkBitsPerSecond } = profile;
    if (!(await this.#keeps(session.id, profile))) {
      // A second QoS session for the same flow would be in conflict with the first.
      await this.release(session.id);
      await this.#create(session, profile);
    }
    return { uplinkBitsPerSecond, downlinkBitsPerSecond };
  }

  async release(session: string): Promise<void> {
    const held = this.#held.get(session);
    if (held === undefined) return;
    if (this.#clock.nowMs() < held.endsAtMs) {
      const answer = await this.#sessions.request('DELETE', `/sessions/${held.id}`);
      if (answer.status !== 204 && answer.status !== 404) throw refusal('DELETE /sessions', answer);
    }
    this.#held.delete(session);
  }

  /** Whether the QoS session that is held will do, extended if it ends soon. */
  async #keeps(session: string, { name, mostSeconds }: QosProfile): Promise<boolean> {
    const held = this.#held.get(session);
    if (held === undefined || held.profile !== name) return false;
    const nowMs = this.#clock.nowMs();
    const leftMs = held.endsAtMs - nowMs;
    if (leftMs <= 0) return false;
    if (held.seenAtMs === null || nowMs - held.seenAtMs > checkEveryMs) {
      const answer = await this.#sessions.request('GET', `/sessions/${held.id}`);
      if (answer.status !== 200 && answer.status !== 404) throw refusal('GET /sessions', answer);
      if (!this.#note(held, answer)) return false;
    }
    if (held.seenAtMs === null || leftMs > 500 * this.#seconds) return true;
    if (held.seconds >= mostSeconds) return leftMs > 1000;
    const body = { requestedAdditionalDuration: this.#seconds };
    const answer = await this.#sessions.request('POST', `/sessions/${held.id}/extend`, body);
    // It has ended, or may not be extended: another one takes its place.
    if (answer.status === 404 || answer.status === 409) return false;
    if (answer.status !== 200) throw refusal('POST /sessions/.../extend', answer);
    return this.#note(held, answer);
  }

  async #create({ id, device, edge }: BandwidthSession, profile: QosProfile): Promise<void> {
    const duration = Math.min(profile.mostSeconds, Math.max(profile.leastSeconds, this.#seconds));
    const answer = await this.#sessions.request('POST', '/sessions', {
      device: deviceOf(device),
      applicationServer: serverOf(edge),
      applicationServerPorts: { ports: [edge.port] },
      qosProfile: profile.name,
      duration,
    });
    // What was offered is not offered any more.
    if (answer.status === 422) this.#offer = null;
    if (answer.status !== 201) throw refusal('POST /sessions', answer);
    const { sessionId } = isRecord(answer.body) ? answer.body : {};
    if (typeof sessionId !== 'string' || !/^[0-9a-fA-F-]{36}$/.test(sessionId)) {
      throw refused('POST /sessions: the answer names no session');
    }
    const endsAtMs = this.#clock.nowMs() + duration * 1000;
    const made: QosSession = { id: sessionId, profile: profile.name, seconds: duration, endsAtMs, seenAtMs: null };
    this.#held.set(id, made);
    if (this.#note(made, answer)) return;
    await this.release(id);
    throw refused(`the network cannot give the profile ${profile.name} at present`);
  }

  /** @returns whether the session is there, or may still be */
  #note(held: QosSession, { status, body }: JsonAnswer): boolean {
    const { qosStatus, duration } = isRecord(body) ? body : {};
    if (status === 404 || qosStatus === 'UNAVAILABLE') return false;
    const nowMs = this.#clock.nowMs();
    if (typeof duration === 'number' && Number.isFinite(duration) && duration >= 1) {
      // The network may have granted another duration.
      held.endsAtMs += (duration - held.seconds) * 1000;
      held.seconds = duration;
    }
    if (qosStatus === 'AVAILABLE') held.seenAtMs = nowMs;
    return true;
  }

  async #offered(): Promise<readonly QosProfile[]> {
    const nowMs = this.#clock.nowMs();
    if (this.#offer !== null && nowMs < this.#offer.untilMs) return this.#offer.profiles;
    const answer = await this.#profiles.request('POST', '/retrieve-qos-profiles', { status: 'ACTIVE' });
    if (answer.status !== 200) throw refusal('POST /retrieve-qos-profiles', answer);
    const profiles = readProfiles(answer.body);
    this.#offer = { profiles, untilMs: nowMs + profilesForMs };
    return profiles;
  }
}

/** By its address and port as the edge sees them, which identify it also behind a NAT. */
function deviceOf({ address, port }: NetworkEnd): object {
  return isIP(address) === 4 ? { ipv4Address: { publicAddress: address, publicPort: port } } : { ipv6Address: address };
}

function serverOf({ address }: NetworkEnd): object {
  return isIP(address) === 4 ? { ipv4Address: address } : { ipv6Address: address };
}
