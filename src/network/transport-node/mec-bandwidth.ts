// Bandwidth by ETSI GS MEC 015, "Bandwidth Management" (version 2.2.1 of its OpenAPI file): one allocation for each session and direction.

import { type Checks, checkOptions, optional, text, truth, whole } from '../../core/basics/check-options.ts';
import { type BandwidthEnforcer, type BandwidthSession, enforcer, type SessionRates } from './bandwidth-enforcer.ts';
import { isRecord, JsonService, type JsonServiceSettings, refusal, refused } from './json-service.ts';

/** A MEC platform that manages bandwidth; see {@link mecBandwidth}. */
export interface MecBandwidthOptions extends JsonServiceSettings {
  /** Name of the edge as an application instance of the platform (`appInsId`). */
  readonly appInstanceId: string;
  /**
   * Whether a body is an object with the one field `BwInfo`, as in the OpenAPI file, or the fields of BwInfo themselves, as some platforms
   * want. Answers are read in both forms. Default true.
   */
  readonly wrapsBody?: boolean;
}

const checks: Checks<MecBandwidthOptions> = {
  url: text,
  token: optional(text),
  timeoutMs: optional(whole(1)),
  appInstanceId: text,
  wrapsBody: optional(truth),
};

/** `allocationDirection`. (10, symmetrical, is not used: the two directions of a session have rates of their own.) */
const directions = { downlink: '00', uplink: '01' } as const;
type Direction = keyof typeof directions;
const sessionSpecific = 1;
const tcp = '6';

interface Allocation {
  readonly id: string;
  readonly bitsPerSecond: number;
}

/** Sets bandwidths by the "bw_allocations" of a MEC platform. @throws OutriderError `bad-argument` */
export function mecBandwidth(options: MecBandwidthOptions): BandwidthEnforcer {
  checkOptions('mecBandwidth', options, checks);
  const { appInstanceId, wrapsBody = true, ...service } = options;
  const platform = new MecPlatform(new JsonService(service), appInstanceId, wrapsBody);
  return enforcer(platform);
}

class MecPlatform {
  readonly #service: JsonService;
  readonly #appInstanceId: string;
  readonly #wraps: boolean;
  readonly #held = new Map<string, Map<Direction, Allocation>>();

  constructor(service: JsonService, appInstanceId: string, wraps: boolean) {
    this.#service = service;
    this.#appInstanceId = appInstanceId;
    this.#wraps = wraps;
  }

  async set(session: BandwidthSession, rates: SessionRates): Promise<SessionRates> {
    return {
      uplinkBitsPerSecond: await this.#allocate(session, 'uplink', Math.floor(rates.uplinkBitsPerSecond)),
      downlinkBitsPerSecond: await this.#allocate(session, 'downlink', Math.floor(rates.downlinkBitsPerSecond)),
    };
  }

  async release(session: string): Promise<void> {
    const held = this.#heldBy(session);
    for (const [direction, { id }] of held) {
      const answer = await this.#service.request('DELETE', `/bw_allocations/${encodeURIComponent(id)}`);
      // What the platform does not have is released.
      if (answer.status !== 204 && answer.status !== 404) throw refusal('DELETE /bw_allocations', answer);
      held.delete(direction);
    }
    this.#held.delete(session);
  }

  async #allocate(session: BandwidthSession, direction: Direction, bitsPerSecond: number): Promise<number> {
    const held = this.#heldBy(session.id);
    const before = held.get(direction);
    const info = this.#infoOf(session, direction, bitsPerSecond);
    if (before !== undefined) {
      if (before.bitsPerSecond === bitsPerSecond) return bitsPerSecond;
      const path = `/bw_allocations/${encodeURIComponent(before.id)}`;
      const answer = await this.#service.request('PUT', path, this.#bodyOf({ ...info, allocationId: before.id }));
      if (answer.status === 200) {
        held.set(direction, { id: before.id, bitsPerSecond });
        return grantedBy(answer.body) ?? bitsPerSecond;
      }
      // The platform has forgotten it: a new one is made.
      held.delete(direction);
      if (answer.status !== 404) {
        held.set(direction, before);
        throw refusal('PUT /bw_allocations', answer);
      }
    }
    const answer = await this.#service.request('POST', '/bw_allocations', this.#bodyOf(info));
    if (answer.status !== 201) throw refusal('POST /bw_allocations', answer);
    const id = allocationOf(answer.body, answer.location);
    if (id === undefined) throw refused('POST /bw_allocations: the answer names no allocation');
    held.set(direction, { id, bitsPerSecond });
    return grantedBy(answer.body) ?? bitsPerSecond;
  }

  #infoOf({ device, edge }: BandwidthSession, direction: Direction, bitsPerSecond: number): object {
    const filter = {
      sourceIp: device.address,
      sourcePort: `${device.port}`,
      dstAddress: edge.address,
      dstPort: `${edge.port}`,
      protocol: tcp,
    };
    return {
      appInsId: this.#appInstanceId,
      requestType: sessionSpecific,
      sessionFilter: [filter],
      fixedAllocation: `${bitsPerSecond}`,
      allocationDirection: directions[direction],
    };
  }

  #bodyOf(info: object): object {
    return this.#wraps ? { BwInfo: info } : info;
  }

  #heldBy(session: string): Map<Direction, Allocation> {
    const held = this.#held.get(session) ?? new Map<Direction, Allocation>();
    this.#held.set(session, held);
    return held;
  }
}

function infoIn(body: unknown): Readonly<Record<string, unknown>> {
  const { BwInfo: wrapped } = isRecord(body) ? body : {};
  if (isRecord(wrapped)) return wrapped;
  return isRecord(body) ? body : {};
}

/** The id, or else the end of the `Location`. */
function allocationOf(body: unknown, location: string | null): string | undefined {
  const { allocationId } = infoIn(body);
  if (typeof allocationId === 'string' && allocationId !== '') return allocationId;
  const last = location?.split('?')[0]?.split('/').at(-1);
  return last === undefined || last === '' ? undefined : decodeURIComponent(last);
}

function grantedBy(body: unknown): number | undefined {
  const { fixedAllocation } = infoIn(body);
  const granted = typeof fixedAllocation === 'string' ? Number(fixedAllocation) : Number.NaN;
  return Number.isFinite(granted) && granted > 0 ? granted : undefined;
}
