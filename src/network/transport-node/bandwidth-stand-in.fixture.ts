// For tests: a server that stands in for a MEC platform and for an operator's quality on demand, made from the schemas beside it. It checks
// every request, keeps what was set, and misbehaves when a test sets it to.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defined } from '../../core/basics/defined.ts';
import {
  bwBody,
  bwInfo,
  createSession,
  extendSession,
  faultOf,
  profileList,
  retrieveProfiles,
  type Schema,
  sessionInfo,
} from './bandwidth-schemas.fixture.ts';

type Json = Readonly<Record<string, unknown>>;
type Answer = { readonly status: number; readonly body?: unknown; readonly location?: string };

/** What the server does in place of its work: answers with this status, never, too late, no JSON, or far too much. */
export type Misbehaviour = number | 'hangs' | 'late' | 'garbage' | 'flood' | 'drops';

/** A QoS session as the server keeps it. */
export interface KeptSession {
  readonly sessionId: string;
  readonly qosProfile: string;
  readonly device: unknown;
  duration: number;
  qosStatus: 'REQUESTED' | 'AVAILABLE' | 'UNAVAILABLE';
}

const kbps = (value: number) => ({ value, unit: 'kbps' });
const minutes = (value: number) => ({ value, unit: 'Minutes' });

/** What the operator of the stand-in offers. */
export const offeredProfiles: readonly Json[] = [
  profile('QOS_S', kbps(100), kbps(200), { maxDuration: minutes(5) }),
  profile('QOS_M', kbps(500), kbps(800), { maxDuration: minutes(5) }),
  profile('QOS_L', { value: 10, unit: 'Mbps' }, { value: 20, unit: 'Mbps' }, { maxDuration: minutes(60) }),
  { ...profile('QOS_OLD', kbps(400), kbps(700)), status: 'DEPRECATED' },
  { name: 'voice', status: 'ACTIVE' },
];

function profile(name: string, up: object, down: object, more: Json = {}): Json {
  return { name, status: 'ACTIVE', targetMinUpstreamRate: up, targetMinDownstreamRate: down, ...more };
}

export class BandwidthStandIn {
  /** "POST /bwm/v1/bw_allocations", in order. */
  readonly requests: string[] = [];
  /** What was wrong with requests. */
  readonly faults: string[] = [];
  readonly tokens: Set<string | undefined> = new Set();
  readonly allocations: Map<string, Json> = new Map();
  readonly sessions: Map<string, KeptSession> = new Map();
  profiles: readonly Json[] = offeredProfiles;
  /** The platform requires BwInfo without the object around it. */
  isPlain = false;
  /** The platform answers a POST with a `Location` alone. */
  namesOnlyLocation = false;
  /** What a new QoS session is. */
  newStatus: KeptSession['qosStatus'] = 'AVAILABLE';
  misbehaviour: Misbehaviour | null = null;
  /** Header `Location` of an answer with a status that a test has set. */
  pointsTo: string | null = null;
  /** Time that a late answer takes, ms. */
  lateMs = 1000;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async open(): Promise<BandwidthStandIn> {
    const standIn = new BandwidthStandIn();
    await new Promise<void>((resolve) => standIn.#server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const [path = ''] = (request.url ?? '').split('?');
    this.requests.push(`${request.method} ${path}`);
    this.tokens.add(request.headers.authorization);
    const { misbehaviour } = this;
    if (misbehaviour === 'hangs') return;
    if (misbehaviour === 'drops') {
      request.socket.destroy();
      return;
    }
    if (misbehaviour === 'late') await new Promise((resolve) => setTimeout(resolve, this.lateMs));
    if (misbehaviour === 'garbage' || misbehaviour === 'flood') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(misbehaviour === 'garbage' ? '<html>no</html>' : JSON.stringify('x'.repeat(1e6)));
      return;
    }
    const text = Buffer.concat(parts).toString('utf8');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const type = request.headers['content-type'];
    if (type !== (body === undefined ? undefined : 'application/json'))
      this.faults.push(`${request.method} with ${type}`);
    const answer =
      typeof misbehaviour === 'number'
        ? { status: misbehaviour, body: { status: misbehaviour, title: 'told to', detail: 'misbehave\nbadly' } }
        : this.#answer(request.method ?? '', path, body);
    response.writeHead(answer.status, {
      ...(answer.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...defined({ location: answer.location }),
      ...(this.pointsTo === null ? {} : { location: this.pointsTo }),
    });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  #answer(method: string, path: string, body: unknown): Answer {
    const [, service, , resource, id, verb] = path.split('/');
    if (service === 'bwm' && resource === 'bw_allocations') return this.#allocation(method, id, body);
    if (service === 'qos-profiles' && resource === 'retrieve-qos-profiles' && method === 'POST') {
      return this.#checked(retrieveProfiles, body, () => made(profileList, { status: 200, body: this.profiles }));
    }
    if (service === 'quality-on-demand' && resource === 'sessions') return this.#session(method, id, verb, body);
    return { status: 404 };
  }

  #allocation(method: string, id: string | undefined, body: unknown): Answer {
    if (method === 'POST' && id === undefined) {
      return this.#info(body, (info) => {
        const allocationId = `a${this.allocations.size + this.requests.length}`;
        this.allocations.set(allocationId, info);
        const location = `/bwm/v1/bw_allocations/${allocationId}`;
        if (this.namesOnlyLocation) return { status: 201, location };
        return { status: 201, location, body: this.#wrapped({ ...info, allocationId }) };
      });
    }
    if (id === undefined || !this.allocations.has(id)) return { status: 404 };
    if (method === 'PUT') {
      return this.#info(body, (info) => {
        this.allocations.set(id, info);
        return { status: 200, body: this.#wrapped(info) };
      });
    }
    if (method !== 'DELETE') return { status: 405 };
    this.allocations.delete(id);
    return { status: 204 };
  }

  #info(body: unknown, take: (info: Json) => Answer): Answer {
    return this.#checked(this.isPlain ? bwInfo : bwBody, body, (given) => {
      const info = this.isPlain ? given : (given['BwInfo'] as Json);
      // In its description: a number of bit/s, and one session for each filter.
      const filters = info['sessionFilter'];
      if (!/^\d+$/.test(info['fixedAllocation'] as string)) return this.#wrong('fixedAllocation is no number');
      if (info['requestType'] === 1 && (!Array.isArray(filters) || filters.length !== 1)) {
        return this.#wrong('sessionFilter is not that of one session');
      }
      return take(info);
    });
  }

  #wrapped(info: Json): Json {
    return this.isPlain ? info : { BwInfo: info };
  }

  #session(method: string, id: string | undefined, verb: string | undefined, body: unknown): Answer {
    if (method === 'POST' && id === undefined)
      return this.#checked(createSession, body, (given) => this.#create(given));
    const session = this.sessions.get(id ?? '');
    if (session === undefined) return { status: 404, body: errorOf(404, 'NOT_FOUND') };
    if (method === 'GET' && verb === undefined) return made(sessionInfo, { status: 200, body: infoOf(session) });
    if (method === 'DELETE' && verb === undefined) {
      this.sessions.delete(session.sessionId);
      return { status: 204 };
    }
    if (method !== 'POST' || verb !== 'extend') return { status: 405 };
    return this.#checked(extendSession, body, (given) => {
      if (session.qosStatus !== 'AVAILABLE') return { status: 409, body: errorOf(409, 'CONFLICT') };
      session.duration = Math.min(
        this.#mostSeconds(session.qosProfile),
        session.duration + (given['requestedAdditionalDuration'] as number),
      );
      return made(sessionInfo, { status: 200, body: infoOf(session) });
    });
  }

  #create(given: Json): Answer {
    const profile = this.profiles.find(({ name }) => name === given['qosProfile']);
    if (profile?.['status'] !== 'ACTIVE') {
      return { status: 422, body: errorOf(422, 'QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE') };
    }
    if (given['device'] === undefined) return { status: 422, body: errorOf(422, 'MISSING_IDENTIFIER') };
    if ((given['duration'] as number) > this.#mostSeconds(profile['name'] as string)) {
      return { status: 400, body: errorOf(400, 'QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE') };
    }
    const device = JSON.stringify(given['device']);
    for (const other of this.sessions.values()) {
      if (JSON.stringify(other.device) === device) return { status: 409, body: errorOf(409, 'CONFLICT') };
    }
    const session: KeptSession = {
      sessionId: randomUUID(),
      qosProfile: given['qosProfile'] as string,
      device: given['device'],
      duration: given['duration'] as number,
      qosStatus: this.newStatus,
    };
    this.sessions.set(session.sessionId, session);
    return made(sessionInfo, { status: 201, body: infoOf(session) });
  }

  #mostSeconds(name: string): number {
    const { maxDuration } = this.profiles.find((one) => one['name'] === name) ?? {};
    return 60 * ((maxDuration as { readonly value: number } | undefined)?.value ?? Number.POSITIVE_INFINITY);
  }

  #checked(schema: Schema, body: unknown, take: (body: Json) => Answer): Answer {
    const fault = faultOf(schema, body);
    return fault === undefined ? take(body as Json) : this.#wrong(fault);
  }

  #wrong(fault: string): Answer {
    this.faults.push(fault);
    return { status: 400, body: errorOf(400, 'INVALID_ARGUMENT', fault) };
  }
}

/** The server's own answers keep to the schemas as well. */
function made(schema: Schema, answer: Answer): Answer {
  const fault = faultOf(schema, answer.body);
  if (fault !== undefined) throw new Error(`the stand-in is wrong: ${fault}`);
  return answer;
}

function infoOf({ sessionId, qosProfile, duration, qosStatus }: KeptSession): Json {
  return { sessionId, qosProfile, duration, qosStatus, applicationServer: { ipv4Address: '192.0.2.1' } };
}

function errorOf(status: number, code: string, message: string = 'as its code says'): Json {
  return { status, code, message };
}
