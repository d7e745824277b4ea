// What a controller stores about its edges and devices: their last reports, which age, and their connections. Pure: the time is an
// argument.

import { OutriderError } from '../../core/basics/errors.ts';
import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import { defaultCell } from './cell-epoch.ts';
import { ChangeRate } from './change-rate.ts';
import type { DeviceOrder } from './device-order.ts';
import type { LiveDevice, LiveEdge } from './live-slot.ts';
import type {
  DeviceReport,
  EdgeCard,
  EdgeReport,
  JoinMessage,
  MemberMessage,
  Origin,
  SessionReport,
  UplinkRate,
} from './messages.ts';
import { withChanges } from './report-changes.ts';
import { RowLedger } from './row-ledger.ts';

export interface Member<Report> {
  readonly id: string;
  /** Which key has brought it: its id is taken for other keys until it is forgotten. */
  readonly key: string;
  /** Number of its connection; null: it is lost, and its last report counts until it is stale. */
  link: number | null;
  report: Report | null;
  reportedAtMs: number;
}

/** A ticket that a device holds for an edge that is not its own. */
export interface Spare {
  readonly edge: string;
  readonly ticket: string;
  readonly atMs: number;
  /** The connection over which the edge got it; an edge that has joined again may have forgotten it. */
  readonly edgeLink: number;
}

export interface DeviceMember extends Member<DeviceReport> {
  /** Null: it has no edge yet. */
  assigned: DeviceOrder | null;
  /** What the last decision predicted between two tokens at an edge, for comparison with what is felt; null: nothing. */
  predicted: { readonly edge: string; readonly laterTokenMs: number } | null;
  /** Where it may go when its edge is gone. */
  spares: readonly Spare[];
  /** How fast it may send to its edge; null: it has no rate. */
  uplink: UplinkRate | null;
  /** What it is to draft, what that depends on, and when it changed last at the same edge (null: not yet); null: it has no plan. */
  plan: { readonly key: string; readonly plan: DraftPlan; readonly changedAtMs: number | null } | null;
  /** The charge that it reported last, whether that counts or not. */
  batterySeen: number | null;
  /** A charge that does not count yet, and is not logged. */
  leaptTo: number | null;
  /** Mean length of its answers as a share of their limit; null: none has ended. */
  lengthShare: number | null;
  /** The edges that were sent to it; null: none yet. */
  knownEdges: readonly EdgeCard[] | null;
  /** Its answer, and when the first report of it came; null: text was there already, or it reads none. */
  began: { readonly session: string; readonly atMs: number } | null;
  /** From there to the first report with text, of its last answer; null: none was seen. */
  firstTokenMs: number | null;
}

export interface EdgeMember extends Member<EdgeReport> {
  /** Mean of log(felt / predicted) of its devices, of late. */
  logCorrection: number;
}

export interface MemberSettings {
  /** Its cell, and the epoch of this run: larger than that of every earlier run of the cell. */
  readonly origin: Origin;
  /** The id of the key that these credentials are; null: unknown. */
  readonly keyOf: (credentials: string, role: JoinMessage['role']) => string | null;
  /** A report older than this does not count, ms. */
  readonly staleAfterMs: number;
  readonly mostEdges: number;
  readonly mostDevices: number;
}

const noOrders: Pick<DeviceMember, 'assigned' | 'spares' | 'uplink' | 'plan' | 'knownEdges'> = {
  assigned: null,
  spares: [],
  uplink: null,
  plan: null,
  knownEdges: null,
};

const noAnswer: Pick<DeviceMember, 'batterySeen' | 'leaptTo' | 'lengthShare' | 'began' | 'firstTokenMs'> = {
  batterySeen: null,
  leaptTo: null,
  lengthShare: null,
  began: null,
  firstTokenMs: null,
};

/** A charge that is further than this from the one before counts once a second report is near it: no battery leaps to and fro. */
const mostBatteryStep = 0.2;
/** A correction learns with this part of each new comparison. */
const learnedPart = 0.02;
/** It stays within a factor of two. */
const mostLogCorrection = Math.log(2);
/** The mean length of answers learns with this part of each new one. */
const learnedLength = 0.25;

export class Members {
  readonly edges: Map<string, EdgeMember> = new Map();
  readonly devices: Map<string, DeviceMember> = new Map();
  /** Answers that begin and end. */
  readonly changes: ChangeRate = new ChangeRate();
  /** Rows of keys with quotas that edges are to know. */
  readonly rows: RowLedger;
  readonly #byLink = new Map<number, { readonly role: JoinMessage['role']; readonly id: string }>();
  readonly #settings: MemberSettings;

  constructor(settings: MemberSettings) {
    this.#settings = settings;
    this.rows = new RowLedger(settings.origin.epoch);
  }

  /** The member of a connection; undefined: it has not joined, or another connection has replaced it. */
  memberOf(link: number): { readonly role: JoinMessage['role']; readonly id: string } | undefined {
    return this.#byLink.get(link);
  }

  /** Connections of members that certain keys have brought. */
  linksOf(isOne: (key: string) => boolean): readonly number[] {
    return [...this.edges.values(), ...this.devices.values()].flatMap(({ key, link }) =>
      link !== null && isOne(key) ? [link] : [],
    );
  }

  /** What must not change without a decision at once: an edge comes or drains, an answer begins, ends, or has no edge. */
  situationOf(link: number): string {
    const member = this.memberOf(link);
    if (member === undefined) return '';
    if (member.role === 'edge') return `${this.edges.get(member.id)?.report?.isDraining}`;
    const session = this.devices.get(member.id)?.report?.session;
    return `${session?.session} ${session?.edge === null}`;
  }

  /** The connection of an edge; null: it has none. */
  edgeLink(edge: string): number | null {
    return this.edges.get(edge)?.link ?? null;
  }

  /** Whether an edge is connected and does not drain. */
  isServing(edge: string): boolean {
    const member = this.edges.get(edge);
    return member !== undefined && member.link !== null && member.report?.isDraining === false;
  }

  /** A device of which a charge has come that does not count yet, once; null: the connection has none such. */
  leapOf(link: number): { readonly device: string; readonly counts: number; readonly reported: number } | null {
    const { id = '', role } = this.#byLink.get(link) ?? {};
    const device = role === 'device' ? this.devices.get(id) : undefined;
    if (device?.leaptTo == null || device.report === null) return null;
    const reported = device.leaptTo;
    device.leaptTo = null;
    return { device: id, counts: device.report.battery, reported };
  }

  /** The edge of a connection; undefined: it is none. */
  edgeOf(link: number): EdgeMember | undefined {
    const member = this.#byLink.get(link);
    return member?.role === 'edge' ? this.edges.get(member.id) : undefined;
  }

  /**
   * Takes a join or a report.
   * @param message null: of a kind that a later version may know. It is ignored, after a join.
   * @returns the link that a newer one has replaced; null: none
   * @throws OutriderError `unauthorized`, `name-taken`, `cell-mismatch`, `protocol-error`, `edge-full`: the connection is to be refused
   */
  receive(link: number, message: MemberMessage | null, nowMs: number): number | null {
    if (message?.kind === 'join') return this.#join(link, message, nowMs);
    const known = this.#byLink.get(link);
    if (known !== undefined && message === null) return null;
    const role = message?.kind === 'edge-report' ? 'edge' : 'device';
    if (known?.role !== role || message === null) {
      const cause = known === undefined ? 'a report before a join' : `a ${message?.kind} of ${known.role} ${known.id}`;
      throw new OutriderError('protocol-error', cause, 'join first, as what you are');
    }
    const members: ReadonlyMap<string, Member<EdgeReport | DeviceReport>> = role === 'edge' ? this.edges : this.devices;
    const member = members.get(known.id) as Member<EdgeReport | DeviceReport>;
    if (member.report !== null && message.seq <= member.report.seq) return null;
    if (message.kind === 'edge-report') this.#takeEdge(member, message, nowMs);
    else {
      const device = member as DeviceMember;
      this.#takeDevice(
        device,
        message.kind === 'device-report' ? message : withChanges(asSent(device), message),
        nowMs,
      );
    }
    member.reportedAtMs = nowMs;
    return null;
  }

  #takeEdge(edge: Member<unknown>, report: EdgeReport, nowMs: number): void {
    edge.report = report;
    const { rowsUsed, rowsId, rowsHeard } = report;
    this.rows.confirmed(edge.id, rowsHeard);
    if (rowsUsed !== undefined) this.rows.note(edge.id, rowsUsed, this.edges.keys(), nowMs, rowsId);
  }

  #takeDevice(device: DeviceMember, report: DeviceReport, nowMs: number): void {
    this.#learn(device, report);
    noteFirstToken(device, report.session, nowMs);
    if (device.report?.session?.session !== report.session?.session) {
      this.changes.changed(nowMs);
      learnLength(device, device.report?.session ?? null);
    }
    const battery = steadyBattery(device, report.battery);
    device.report = battery === report.battery ? report : { ...report, battery };
  }

  closed(link: number): void {
    const known = this.#byLink.get(link);
    this.#byLink.delete(link);
    if (known === undefined) return;
    const member = known.role === 'edge' ? this.edges.get(known.id) : this.devices.get(known.id);
    if (member?.link === link) member.link = null;
  }

  /** Forgets members without a connection whose reports are stale. */
  forgetStale(nowMs: number): void {
    for (const members of [this.edges, this.devices]) {
      for (const [id, member] of members) {
        if (member.link !== null || this.isFresh(member, nowMs)) continue;
        members.delete(id);
        if ((members as unknown) === this.edges) this.rows.leave(id, nowMs);
      }
    }
  }

  /** Edges that report, in the order of their ids: the servers of a slot. An edge whose connection is lost is not one. */
  liveEdges(nowMs: number): LiveEdge[] {
    return [...this.edges.values()]
      .filter((edge) => edge.link !== null && this.isFresh(edge, nowMs))
      .sort(byId)
      .map(({ id, report, logCorrection }) => {
        return { id, report: report as EdgeReport, correction: Math.exp(logCorrection) };
      });
  }

  /** Devices that report, in the order of their ids. */
  liveDevices(nowMs: number): LiveDevice[] {
    return [...this.devices.values()]
      .filter((device) => device.link !== null && this.isFresh(device, nowMs))
      .sort(byId)
      .map(({ id, report, assigned, lengthShare, predicted }) => {
        const previousEdge = report?.session?.edge ?? assigned?.edge ?? null;
        const predictedMs = predicted?.laterTokenMs ?? null;
        return { id, report: report as DeviceReport, previousEdge, lengthShare, predictedMs };
      });
  }

  /** Whether its last report counts. */
  isFresh({ report, reportedAtMs }: Member<unknown>, nowMs: number): boolean {
    return report !== null && nowMs - reportedAtMs < this.#settings.staleAfterMs;
  }

  #join(link: number, { role, id, credentials, cell = defaultCell }: JoinMessage, nowMs: number): number | null {
    if (this.#byLink.has(link))
      throw new OutriderError('protocol-error', 'a second join on one connection', 'use a connection for each member');
    demandCell(cell, this.#settings.origin);
    const key = this.#settings.keyOf(credentials, role);
    if (key === null) {
      const remedy = 'give a key of this controller (--controller-key or OUTRIDER_CONTROLLER_KEY)';
      throw new OutriderError('unauthorized', 'the controller does not know this key', remedy);
    }
    const members: Map<string, Member<unknown>> = role === 'edge' ? this.edges : this.devices;
    const most = role === 'edge' ? this.#settings.mostEdges : this.#settings.mostDevices;
    const known = members.get(id);
    if (known !== undefined && known.key !== key) {
      const cause = `the name ${id} belongs to another key's ${role}`;
      throw new OutriderError('name-taken', cause, 'give it a name of its own (--name)');
    }
    if (known === undefined && members.size >= most)
      throw new OutriderError('edge-full', `the controller has ${most} ${role}s`, 'try again later');
    this.#byLink.set(link, { role, id });
    const before = known?.link ?? null;
    if (before !== null) this.#byLink.delete(before);
    if (known !== undefined) {
      known.link = link;
      // Numbers of a new connection begin again.
      known.report = known.report === null ? null : { ...(known.report as object), seq: -1 };
      // It may have been started again, and know nothing.
      const device = role === 'device' ? this.devices.get(id) : undefined;
      if (device !== undefined) Object.assign(device, noOrders);
      return before;
    }
    const fresh = { id, key, link, report: null, reportedAtMs: 0 };
    if (role === 'edge') {
      this.edges.set(id, { ...fresh, logCorrection: 0 });
      this.rows.join(id, nowMs);
    } else this.devices.set(id, { ...fresh, ...noOrders, predicted: null, ...noAnswer });
    return before;
  }

  /** Compares what was predicted with what is felt, and corrects the times of the edge that wrote. */
  #learn({ predicted }: DeviceMember, { feltMsPerToken, session }: DeviceReport): void {
    // During a move one edge writes, and the prediction is for the other one.
    if (predicted === null || session?.edge !== predicted.edge) return;
    const edge = this.edges.get(predicted.edge);
    if (edge === undefined || feltMsPerToken === null || feltMsPerToken <= 0) return;
    // No single report counts for more than a factor of two.
    const found = within(Math.log(feltMsPerToken / predicted.laterTokenMs));
    edge.logCorrection = within(edge.logCorrection + learnedPart * found);
  }
}

/** Its last report, with the charge that it had, whether that counts or not. */
function asSent({ report, batterySeen }: DeviceMember): DeviceReport | null {
  return report === null ? null : { ...report, battery: batterySeen ?? report.battery };
}

function steadyBattery(device: DeviceMember, battery: number): number {
  const before = device.report?.battery ?? battery;
  const isFar = (from: number): boolean => Math.abs(battery - from) > mostBatteryStep;
  const isLeap = isFar(before) && isFar(device.batterySeen ?? before);
  if (isLeap && battery !== device.batterySeen) device.leaptTo = battery;
  device.batterySeen = battery;
  return isLeap ? before : battery;
}

/** @param last the last report of an answer that has ended; null: there was none */
function learnLength(device: DeviceMember, last: SessionReport | null): void {
  if (last === null || last.writtenTokens === 0) return;
  const share = Math.min(1, last.writtenTokens / last.answerTokens);
  device.lengthShare =
    device.lengthShare === null ? share : device.lengthShare + learnedLength * (share - device.lengthShare);
}

function noteFirstToken(device: DeviceMember, session: SessionReport | null, nowMs: number): void {
  const isNew = session !== null && session.session !== device.report?.session?.session;
  if (isNew) device.began = session.writtenTokens === 0 ? { session: session.session, atMs: nowMs } : null;
  if (device.began === null || session?.session !== device.began.session || session.writtenTokens === 0) return;
  device.firstTokenMs = nowMs - device.began.atMs;
  device.began = null;
}

/**
 * Whether an edge has just said that it runs another target than a connected edge under the same name.
 * @param before its report before this one; null: it is the first one
 */
export function differingModel(
  edge: EdgeMember | undefined,
  before: EdgeReport | null,
  edges: ReadonlyMap<string, EdgeMember>,
): { readonly edge: string; readonly other: string; readonly model: string } | null {
  const report = edge?.report ?? null;
  if (edge === undefined || report === null) return null;
  const { model, fingerprint } = report;
  if (before?.model === model && before.fingerprint === fingerprint) return null;
  for (const { id, link, report: its } of edges.values())
    if (link !== null && its?.model === model && its.fingerprint !== fingerprint)
      return { edge: edge.id, other: id, model };
  return null;
}

function within(logarithm: number): number {
  return Math.min(mostLogCorrection, Math.max(-mostLogCorrection, logarithm));
}

function byId({ id: one }: { readonly id: string }, { id: other }: { readonly id: string }): number {
  return one < other ? -1 : 1;
}

function demandCell(cell: string, origin: Origin): void {
  if (cell === origin.cell) return;
  const cause = `the member is of the cell "${cell}", and this controller decides for the cell "${origin.cell}"`;
  throw new OutriderError('cell-mismatch', cause, 'give it the address of the controller of its own cell');
}
