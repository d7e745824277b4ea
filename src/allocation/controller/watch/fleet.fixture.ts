// Fleets of a size, for tests of what watchers get.

import { createRandom, type Random } from '../../../core/basics/philox.ts';
import { deviceReport, edgeReport, reading } from '../controller.fixture.ts';
import { Members } from '../members.ts';
import { controlVersion } from '../messages.ts';

export interface FleetBed {
  readonly members: Members;
  /** New reports of some members; some leave, and some come back. */
  move(nowMs: number): void;
}

const spreadM = 5000;

/** @param name of the member with this number: ids may be as long as the protocol allows */
export function fleetBed(
  edges: number,
  devices: number,
  name = (role: string, at: number) => `${role}-${at}`,
): FleetBed {
  const limits = { staleAfterMs: 1e9, mostEdges: edges, mostDevices: devices };
  const settings = { ...limits, origin: { cell: 'default', epoch: 1 }, keyOf: () => '' };
  const members = new Members(settings);
  const random = createRandom(7);
  let links = 0;
  const join = (role: 'edge' | 'device', at: number): number => {
    links += 1;
    members.receive(links, { kind: 'join', version: controlVersion, role, id: name(role, at), credentials: '' }, 0);
    return links;
  };
  const edgeLinks = Array.from({ length: edges }, (_, at) => join('edge', at));
  const deviceLinks = Array.from({ length: devices }, (_, at) => join('device', at));
  let seq = 0;
  const place = () => ({ xM: spreadM * random.uniform(), yM: spreadM * random.uniform() });
  const report = (link: number, at: number, nowMs: number): void => {
    const edge = name('edge', at % edges);
    const isReading = random.uniform() < 0.8;
    const changes = {
      seq,
      place: random.uniform() < 0.9 ? place() : null,
      acceptance: random.uniform(),
      feltMsPerToken: isReading ? 300 * random.uniform() : null,
      ...(isReading ? reading(at, random.uniform() < 0.9 ? edge : null, Math.floor(3 * random.uniform())) : {}),
    };
    members.receive(link, deviceReport(changes), nowMs);
  };
  return {
    members,
    move(nowMs) {
      seq += 1;
      for (const link of edgeLinks)
        members.receive(link, edgeReport({ seq, place: place(), ...hostile(random) }), nowMs);
      for (const [at, link] of deviceLinks.entries()) {
        if (random.uniform() < 0.02) members.closed(link);
        if (members.memberOf(link) === undefined && random.uniform() < 0.5) deviceLinks[at] = join('device', at);
        if (members.memberOf(deviceLinks[at] as number) !== undefined && random.uniform() < 0.5)
          report(deviceLinks[at] as number, at, nowMs);
      }
    },
  };
}

function hostile(random: Random): { readonly model: string; readonly waiting: number } {
  return { model: '\u0000<script>\u202e"\\'.repeat(18).slice(0, 256), waiting: Math.floor(1e9 * random.uniform()) };
}
