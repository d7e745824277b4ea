// Makes the rows of a fleet from what a controller has: the last reports of its members, and its events. Pure: the time is an argument.

import { Recent } from '../../../core/basics/recent.ts';
import { quantile } from '../../../core/basics/statistics.ts';
import { type ControllerEvent, type DecidedEvent, notFollowedCause } from '../controller-events.ts';
import type { DeviceMember, EdgeMember, Members } from '../members.ts';
import type { LinkReport, SessionReport } from '../messages.ts';
import {
  cleaned,
  type DeviceRow,
  type DeviceState,
  type EdgeRow,
  type EdgeState,
  type FaultKind,
  type FaultRow,
  type Fleet,
  type FleetRow,
  type LinkRow,
  rounded,
} from './fleet-rows.ts';

type Pace = DecidedEvent['paces'][number];

/** A fault that is over is shown for so long, ms. */
const faultLastsMs = 60_000;
/** Kinds of faults, by subjects, that are kept. */
const mostFaults = 64;
const mostCause = 160;
const mostReason = 160;
const mostModeReason = 150;
const mostName = 64;

export class FleetWatch {
  readonly #epoch: number;
  #decided: DecidedEvent | null = null;
  readonly #faults = new Recent<FaultRow>(mostFaults);

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  event(event: ControllerEvent, nowMs: number): void {
    if (event.kind === 'decided') this.#decided = event;
    if (event.kind === 'joined' && event.role === 'edge') this.#faults.delete(`edge-lost ${event.id}`);
    const fault = faultOf(event);
    if (fault === null) return;
    const { kind, subject, cause } = fault;
    const key = subject === null ? kind : `${kind} ${subject}`;
    const count = (this.#faults.get(key)?.count ?? 0) + 1;
    this.#faults.set(key, { kind, subject, cause: cleaned(cause, mostCause), count, atMs: Math.round(nowMs) });
  }

  fleet(members: Members, nowMs: number): Fleet {
    const paces = new Map(this.#decided?.paces.map((pace) => [pace.device, pace]));
    // One that is stopped keeps its connection, and reports nothing.
    const isHere = (member: EdgeMember | DeviceMember): boolean =>
      member.link !== null && members.isFresh(member, nowMs);
    const devices = new Map(
      [...members.devices].map(([id, member]) => [id, deviceRow(member, isHere(member), paces.get(id))]),
    );
    const loads = loadsOf(devices, paces);
    const reported = [...members.edges].filter(([, { report }]) => report !== null);
    const edges = new Map(reported.map(([id, member]) => [id, edgeRow(member, isHere(member), loads.get(id))]));
    const fleet = this.#whole(edges, devices);
    return { fleet, edges, devices, faults: this.#faultsAt(fleet, edges, nowMs) };
  }

  #whole(edges: ReadonlyMap<string, EdgeRow>, devices: ReadonlyMap<string, DeviceRow>): FleetRow {
    const reading = [...devices.values()].filter(({ state }) => isReading(state));
    const read = (field: 'feltMs' | 'predictedMs' | 'acceptance'): number[] =>
      reading.flatMap((row) => (row[field] === null ? [] : [row[field]]));
    const felt = read('feltMs');
    const acceptances = read('acceptance');
    const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    const all = [...edges.values()];
    const { slot, policy, moves } = this.#decided ?? { slot: 0, policy: '', moves: 0 };
    const acceptance = acceptances.length === 0 ? null : sumOf(acceptances) / acceptances.length;
    return {
      epoch: this.#epoch,
      slot,
      policy: cleaned(policy, mostName),
      edges: edges.size,
      serving: all.filter(({ state }) => state === 'serving').length,
      devices: devices.size,
      reading: reading.length,
      unserved: reading.filter(({ state }) => state === 'unserved').length,
      moves,
      feltMs: quantileOf(felt, 0.5),
      feltMsP95: quantileOf(felt, 0.95),
      predictedMs: quantileOf(read('predictedMs'), 0.5),
      firstMs: quantileOf(
        [...devices.values()].flatMap(({ firstMs }) => (firstMs === null ? [] : [firstMs])),
        0.5,
      ),
      acceptance: acceptance === null ? null : rounded(acceptance, 1000),
      rows: rounded(sumOf(all.map(({ rows }) => rows))),
      waiting: sumOf(all.map(({ waiting }) => waiting)),
    };
  }

  #faultsAt({ unserved }: FleetRow, edges: ReadonlyMap<string, EdgeRow>, nowMs: number): readonly FaultRow[] {
    for (const [key, { atMs }] of this.#faults) if (nowMs - atMs > faultLastsMs) this.#faults.delete(key);
    const atMs = Math.round(nowMs);
    const standing = (kind: FaultKind, count: number, subject: string | null): FaultRow[] =>
      count > 0 ? [{ kind, subject, cause: '', count, atMs }] : [];
    const away = [...edges].filter(([, { state }]) => state === 'away').map(([id]) => id);
    return [
      ...[...this.#faults].map(([, fault]) => fault),
      ...standing('unserved', unserved, null),
      ...standing('edge-away', away.length, away[0] ?? null),
    ];
  }
}

/** The links of a device, the shortest first. */
export function linksOf(member: DeviceMember | undefined): (readonly [string, LinkRow])[] {
  const links: readonly LinkReport[] = member?.report?.links ?? [];
  return links
    .toSorted((one, other) => one.roundTripMs - other.roundTripMs)
    .map(({ edge, roundTripMs, bitsPerSecond }) => {
      const rate = bitsPerSecond === null ? null : Math.round(bitsPerSecond);
      return [edge, { roundTripMs: rounded(roundTripMs), bitsPerSecond: rate }];
    });
}

function isReading(state: DeviceState): boolean {
  return state === 'first' || state === 'reading' || state === 'unserved';
}

function quantileOf(values: readonly number[], share: number): number | null {
  return values.length === 0 ? null : rounded(quantile(values, share));
}

function orNull(value: number | null | undefined, parts?: number): number | null {
  return value === null || value === undefined ? null : rounded(value, parts);
}

function placeOf(place: { readonly xM: number; readonly yM: number } | null | undefined) {
  return { x: orNull(place?.xM, 1), y: orNull(place?.yM, 1) };
}

function deviceRow(member: DeviceMember, isHere: boolean, pace: Pace | undefined): DeviceRow {
  const { report, assigned, plan, firstTokenMs } = member;
  const session = report?.session ?? null;
  const decided = session === null ? undefined : pace;
  const why = decided?.reason ?? assigned?.reason ?? null;
  return {
    ...placeOf(report?.place),
    state: isHere ? stateOf(session, decided) : 'away',
    edge: session?.edge ?? null,
    goal: assigned?.edge ?? null,
    why: why === null ? null : cleaned(why, mostReason),
    predictedMs: orNull(decided?.predictedLaterMs),
    feltMs: session === null ? null : orNull(report?.feltMsPerToken),
    firstMs: orNull(firstTokenMs, 1),
    acceptance: orNull(report?.acceptance, 100),
    battery: rounded(report?.battery ?? 1, 100),
    written: session?.writtenTokens ?? 0,
    limit: session?.answerTokens ?? 0,
    mode: plan?.plan.mode ?? null,
    modeWhy: plan === null ? null : cleaned(plan.plan.reason, mostModeReason),
  };
}

function stateOf(session: SessionReport | null, pace: Pace | undefined): DeviceState {
  if (session === null) return 'idle';
  if (session.edge === null && pace?.edge === null) return 'unserved';
  return session.writtenTokens === 0 ? 'first' : 'reading';
}

interface Load {
  readers: number;
  rows: number;
  feltSum: number;
  felt: number;
}

function loadsOf(devices: ReadonlyMap<string, DeviceRow>, paces: ReadonlyMap<string, Pace>): ReadonlyMap<string, Load> {
  const loads = new Map<string, Load>();
  for (const [id, { state, edge, feltMs }] of devices) {
    if (edge === null || !isReading(state)) continue;
    const load = loads.get(edge) ?? { readers: 0, rows: 0, feltSum: 0, felt: 0 };
    loads.set(edge, load);
    load.readers += 1;
    load.rows += paces.get(id)?.rows ?? 0;
    if (feltMs === null) continue;
    load.felt += 1;
    load.feltSum += feltMs;
  }
  return loads;
}

function edgeRow({ report }: EdgeMember, isHere: boolean, load: Load | undefined): EdgeRow {
  return {
    ...placeOf(report?.place),
    model: cleaned(report?.model ?? '', mostName),
    state: isHere ? edgeState(report) : 'away',
    places: report?.places ?? 0,
    sessions: report?.sessions ?? 0,
    waiting: report?.waiting ?? 0,
    busy: rounded(report?.busyShare ?? 0, 100),
    stepMs: rounded(report?.stepFixedMs ?? 0),
    rowMs: rounded(report?.stepRowMs ?? 0, 1000),
    rows: rounded(load?.rows ?? 0),
    readers: load?.readers ?? 0,
    feltMs: load === undefined || load.felt === 0 ? null : rounded(load.feltSum / load.felt),
  };
}

function edgeState(report: EdgeMember['report']): EdgeState {
  if (report === null) return 'away';
  if (report.isDraining) return 'draining';
  return report.sessions < report.places ? 'serving' : 'full';
}

/** Subjects are few, whatever members do: of members that any number of names can be made for, the last one is in the cause. */
function faultOf(event: ControllerEvent): Pick<FaultRow, 'kind' | 'subject' | 'cause'> | null {
  switch (event.kind) {
    case 'policy-failed':
      return { kind: 'policy-failed', subject: cleaned(event.policy, mostName), cause: event.cause };
    case 'policy-late':
      return { kind: 'policy-late', subject: cleaned(event.policy, mostName), cause: event.cause };
    case 'refused':
      return { kind: 'refused', subject: event.code, cause: event.cause };
    case 'not-followed':
      return { kind: 'not-followed', subject: event.edge, cause: notFollowedCause(event) };
    case 'model-differs':
      return { kind: 'model-differs', subject: event.edge, cause: `${event.other}, ${event.model}` };
    case 'replaced':
      return { kind: 'replaced', subject: event.role, cause: event.id };
    case 'left':
      return event.role === 'edge' && event.code !== 'done'
        ? { kind: 'edge-lost', subject: event.id, cause: event.code }
        : null;
    default:
      return null;
  }
}
