// The controller without its shell: takes the messages of edges and devices, makes a slot of what they report, and turns a policy's
// decision into orders. Pure: time, random tickets and the policy are given; its messages are passed to a host.

import { createPaceModel } from '../felt/pace-model.ts';
import { draftingPace, LastPace } from '../felt/predict-pace.ts';
import { predictTokens } from '../felt/predict-tokens.ts';
import { countByGroup } from '../slot/columns.ts';
import { PolicyFailure } from '../slot/remote-policy.ts';
import { type NamedPolicy, requireAssignment } from '../slot/require-assignment.ts';
import type { Assignment, ObjectiveSettings, SlotState } from '../slot/slot-state.ts';
import { answerTo, refusalOf, replacedBy } from './answers.ts';
import type { ControllerEvent, DecidedEvent } from './controller-events.ts';
import { orderState, readingMs } from './device-order.ts';
import { newPlans, type PlannedDevice } from './draft-plan.ts';
import { EdgeCards } from './edge-cards.ts';
import { newUplinks, type OrderSettings, rowsElsewhere, sharesMessages } from './edge-orders.ts';
import { type EdgePace, mostCompared, mostMsPerToken, pacesAt, reasonOf } from './edge-reason.ts';
import { fitPlaces } from './fit-places.ts';
import { type LiveDevice, type LiveEdge, liveSlot, shutEdges } from './live-slot.ts';
import { type DeviceMember, differingModel, type MemberSettings, Members } from './members.ts';
import type { ControllerMessage, MemberMessage, SessionShares, TicketGrant } from './messages.ts';
import { moveSums } from './move-sums.ts';
import { rankEdges } from './rank-edges.ts';
import { chooseSpares, lackingSpares, spareValidMs } from './spare-tickets.ts';

export interface ControllerSettings extends MemberSettings, OrderSettings {
  readonly slotMs: number;
  /** What policies minimise. */
  readonly kind: NonNullable<ObjectiveSettings['kind']>;
  /** Weight of energy, ms per (J / battery share). */
  readonly energyWeight: number;
}

export interface ControllerHost {
  send(link: number, message: ControllerMessage): void;
  /** After what was sent. */
  close(link: number): void;
  /** Unpredictable, at least 128 bits. */
  drawTicket(): string;
  log?(event: ControllerEvent): void;
}

/** A slot that waits for its decision. */
export interface OpenSlot {
  readonly slot: number;
  readonly edges: readonly LiveEdge[];
  /** Those that read an answer: the devices of the state. */
  readonly active: readonly LiveDevice[];
  /** Those that read none: they get the edge where their next answer would be best. */
  readonly idle: readonly LiveDevice[];
  /** Null: no device reads an answer. */
  readonly state: SlotState | null;
}

export interface Decision {
  /** For the slot's state; null: none. */
  readonly assignment: Assignment | null;
  readonly policy: string;
}

/** A slot whose decision is sent out, and what is left to be sent of it. */
interface Orders extends OpenSlot {
  readonly nowMs: number;
  readonly policy: string;
  /** All edges, and whether they drain. */
  readonly drains: ReadonlyMap<string, boolean>;
  readonly planned: PlannedDevice[];
  /** Sessions of each edge. */
  readonly sessions: readonly SessionShares[][];
  readonly paces: DecidedEvent['paces'][number][];
  moves: number;
}

export class Controller {
  readonly members: Members;
  readonly #settings: ControllerSettings;
  readonly #host: ControllerHost;
  /** What policies minimise. */
  kind: NonNullable<ObjectiveSettings['kind']>;
  /** Whether something has happened that must not wait for the next slot. */
  isUrgent = false;
  #slot = 0;
  /** Tickets of this decision, by edge. */
  #tickets = new Map<string, TicketGrant[]>();
  readonly #cards = new EdgeCards();
  readonly #pace = new LastPace();

  constructor(settings: ControllerSettings, host: ControllerHost) {
    this.#settings = settings;
    this.#host = host;
    this.kind = settings.kind;
    this.members = new Members(settings);
  }

  /** @param message null: of a kind that is not known here */
  received(link: number, message: MemberMessage | null, nowMs: number): void {
    const { origin, slotMs } = this.#settings;
    try {
      const before = this.members.situationOf(link);
      const ran = this.members.edgeOf(link)?.report ?? null;
      const replaced = this.members.receive(link, message, nowMs);
      if (message?.kind === 'join') {
        if (replaced !== null) {
          this.#host.send(replaced, replacedBy(message));
          this.#host.close(replaced);
        }
        this.#host.log?.({ kind: replaced === null ? 'joined' : 'replaced', role: message.role, id: message.id });
      } else if (this.members.situationOf(link) !== before) this.isUrgent = true;
      const answer = answerTo(message, origin, slotMs);
      if (answer !== null) this.#host.send(link, answer);
      const leapt = this.members.leapOf(link);
      if (leapt !== null) this.#host.log?.({ kind: 'battery-leapt', ...leapt });
      const differing = differingModel(this.members.edgeOf(link), ran, this.members.edges);
      if (differing !== null) this.#host.log?.({ kind: 'model-differs', ...differing });
    } catch (error) {
      this.refuse(link, error);
    }
  }

  /** For bytes that are no message, too. */
  refuse(link: number, error: unknown): void {
    const refusal = refusalOf(error);
    const id = this.members.memberOf(link)?.id ?? null;
    this.#host.log?.({ kind: 'refused', id, code: refusal.code, cause: refusal.cause });
    this.#host.send(link, { kind: 'refused', ...refusal });
    this.#host.close(link);
    this.members.closed(link);
  }

  /** @param code of the end of the connection */
  closed(link: number, code: string): void {
    const member = this.members.memberOf(link);
    this.members.closed(link);
    if (member === undefined) return;
    this.#host.log?.({ kind: 'left', ...member, code });
    // Its devices need another edge at once.
    if (member.role === 'edge') this.isUrgent = true;
  }

  /** Opens the next slot: what the policy is to decide. */
  open(nowMs: number): OpenSlot {
    const { slotMs, energyWeight } = this.#settings;
    this.isUrgent = false;
    this.members.forgetStale(nowMs);
    for (const { link, message } of rowsElsewhere(this.members, this.#settings.origin)) this.#host.send(link, message);
    const slot = ++this.#slot;
    const edges = this.members.liveEdges(nowMs);
    const devices = this.members.liveDevices(nowMs);
    const active = devices.filter(({ report }) => report.session !== null);
    const idle = devices.filter(({ report }) => report.session === null);
    const gainLastsMs = this.members.changes.meanMs(nowMs) * Math.max(1, edges.length);
    const settings = { slot, slotMs, kind: this.kind, energyWeight, gainLastsMs };
    const hasWork = edges.length > 0 && active.length > 0;
    return { slot, edges, active, idle, state: hasWork ? liveSlot(edges, active, settings) : null };
  }

  /**
   * Decides a slot here, by the policy, or by the other one where the first one fails.
   * @returns no assignment where no device reads an answer, or no policy decides: everything stays as it is
   */
  decide({ state }: OpenSlot, policy: NamedPolicy, fallback: NamedPolicy): Decision {
    if (state === null) return { assignment: null, policy: policy.name };
    for (const one of policy === fallback ? [policy] : [policy, fallback]) {
      try {
        return { assignment: requireAssignment(one, state), policy: one.name };
      } catch (error) {
        this.policyFailed(one.name, error);
      }
    }
    return { assignment: null, policy: 'none' };
  }

  policyFailed(policy: string, error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    const fault = error instanceof PolicyFailure ? error.fault : 'invalid';
    if (fault === 'late') this.#host.log?.({ kind: 'policy-late', policy, cause });
    else this.#host.log?.({ kind: 'policy-failed', policy, fault, cause });
  }

  /** Sends the orders of a decision. */
  apply(open: OpenSlot, { assignment, policy }: Decision, nowMs: number): void {
    const { slot, edges, active, idle } = open;
    this.#tickets = new Map();
    const cards = this.#cards.newFor(this.members.devices.values(), edges, this.#settings.origin);
    for (const { link, message } of cards) this.#host.send(link, message);
    const drains = new Map(edges.map(({ id, report }) => [id, report.isDraining]));
    const sessions = edges.map((): SessionShares[] => []);
    const orders: Orders = { ...open, nowMs, policy, drains, planned: [], sessions, paces: [], moves: 0 };
    const steps = this.#assignActive(orders, assignment);
    this.#assignIdle(orders, assignment, steps);
    this.#sendSpares(open, assignment, nowMs);
    this.#sendShares(orders);
    const counts = { edges: edges.length, devices: active.length + idle.length, moves: orders.moves };
    this.#host.log?.({ kind: 'decided', slot, policy, ...counts, shut: shutEdges(edges), paces: orders.paces });
  }

  /** @returns T of each edge, ms; null: nothing is decided */
  #assignActive(orders: Orders, decision: Assignment | null): Float64Array | null {
    const { state, edges, active, drains, policy } = orders;
    if (state === null || decision === null) return null;
    const assignment = fitPlaces(state, decision, edges, active);
    const predicted = this.#pace.predict(state, assignment);
    const expected = active.length > mostCompared ? null : predictTokens(state, assignment).tokens;
    const elsewhere = this.#elsewhere(orders, assignment);
    const sums = active.length > mostCompared ? null : moveSums(state, assignment);
    for (const [index, device] of active.entries()) {
      const server = assignment.server[index] as number;
      const edge = edges[server];
      const msPerToken = predicted.msPerToken[index] as number;
      const laterTokenMs = predicted.laterTokenMs[index] as number;
      const bandwidthShare = edge === undefined ? 0 : (assignment.bandwidthShare[index] as number);
      const wanted = decision.server[index] as number;
      const why = (): string =>
        reasonOf(device, edge?.id ?? '', drains, {
          by: `policy ${policy}`,
          msPerToken,
          others: elsewhere.get(device.id) ?? null,
          objective: sums && {
            devices: active.length,
            at: (id) =>
              sums(
                index,
                edges.findIndex((one) => one.id === id),
              ),
          },
          full: wanted === server ? null : (edges[wanted]?.id ?? null),
          // What is over is the same everywhere.
          doneMs: msPerToken - (predicted.msPerTokenAhead[index] as number),
        });
      orders.paces.push({
        device: device.id,
        edge: edge?.id ?? null,
        predictedMs: msPerToken,
        predictedLaterMs: laterTokenMs,
        feltMs: device.report.feltMsPerToken,
        expectedTokens: expected?.[index] ?? null,
        rows: predicted.rows[index] as number,
        bandwidthShare,
        reason: edge === undefined || active.length > mostCompared ? null : why(),
      });
      if (edge === undefined) continue;
      const stepMs = predicted.stepMs[server] as number;
      const drafting = draftingPace(predicted, index);
      const planned = { device, edge, stepMs, rows: predicted.rows[index] as number, drafting, laterTokenMs };
      if (this.#assign(orders, planned, msPerToken, why)) orders.moves += 1;
      const session = device.report.session?.session ?? '';
      const computeShare = assignment.computeShare[index] as number;
      orders.sessions[server]?.push({ session, device: device.id, computeShare, bandwidthShare });
    }
    return predicted.stepMs;
  }

  #assignIdle(orders: Orders, decision: Assignment | null, steps: Float64Array | null): void {
    const { edges, idle, drains } = orders;
    for (const [index, ranked] of this.#rank(orders, idle, decision).entries()) {
      const device = idle[index];
      const best = ranked[0];
      const edge = edges[best?.server ?? -1];
      if (device === undefined || edge === undefined || best === undefined) continue;
      const { msPerToken } = best;
      const others = pacesAt(edges, ranked);
      const why = (): string => reasonOf(device, edge.id, drains, { by: 'chosen before it asked', msPerToken, others });
      const unread = { rows: 0, drafting: null, laterTokenMs: msPerToken };
      const planned = { device, edge, stepMs: steps?.[best.server] ?? 0, ...unread };
      this.#assign(orders, planned, msPerToken, why);
    }
  }

  /**
   * @param predictedMs time per token from the request on
   * @returns whether a device that reads an answer gets another edge
   */
  #assign(orders: Orders, planned: PlannedDevice, predictedMs: number, why: () => string): boolean {
    const { slot, nowMs } = orders;
    const { edge, laterTokenMs } = planned;
    const { id, report } = planned.device;
    orders.planned.push(planned);
    const member = this.members.devices.get(id);
    if (member === undefined || member.link === null) return false;
    const session = report.session?.session ?? null;
    // Since the slot was opened an edge may be gone, and an answer may have ended.
    if (!this.members.isServing(edge.id) || (member.report?.session?.session ?? null) !== session) return false;
    member.predicted = session === null ? null : { edge: edge.id, laterTokenMs };
    const edgeLink = this.members.edgeLink(edge.id);
    if (this.#hasOrder(orders, planned, member, edgeLink)) return false;
    const ticket = this.#host.drawTicket();
    this.#grant(edge.id, { ticket, validMs: this.#settings.ticketValidMs, device: id });
    const reason = why();
    const from = report.session?.edge ?? null;
    const given = { atMs: nowMs, waitedMs: 0, countedAtMs: nowMs };
    member.assigned = { edge: edge.id, session, edgeLink, reason, from, ...given };
    const msPerToken = Math.min(mostMsPerToken, predictedMs);
    // The edge must know the ticket before the device shows it.
    this.#flushTickets(slot, edge.id);
    const order = { slot, edge: edge.id, ticket, msPerToken, reason };
    this.#host.send(member.link, { kind: 'assign', ...this.#settings.origin, ...order });
    this.#host.log?.({ kind: 'assigned', slot, device: id, edge: edge.id });
    return from !== null && from !== edge.id;
  }

  /** The time per token of devices at each edge: of all that read, or of those that move where they are many. */
  #elsewhere(open: OpenSlot, assignment: Assignment): Map<string, readonly EdgePace[]> {
    const { edges, active } = open;
    const moves = ({ report }: LiveDevice, at: number): boolean =>
      report.session?.edge !== edges[assignment.server[at] as number]?.id;
    const some = active.length <= mostCompared ? active : active.filter(moves).slice(0, mostCompared);
    const ranked = this.#rank(open, some, assignment);
    return new Map(some.map(({ id }, at) => [id, pacesAt(edges, ranked[at] ?? [])]));
  }

  /** Whether a device needs no order: it has this edge, and a ticket that is good for its answer. */
  #hasOrder(
    { nowMs, slot }: Orders,
    { edge, stepMs, device }: PlannedDevice,
    { assigned }: DeviceMember,
    edgeLink: number | null,
  ): boolean {
    if (assigned?.edge !== edge.id) return false;
    const { slotMs, ticketValidMs } = this.#settings;
    const { session } = device.report;
    const readMs = readingMs(edge, stepMs, session);
    const state = orderState(assigned, session, edgeLink, { nowMs, slotMs, ticketValidMs, readMs });
    const { waitedMs } = assigned;
    const order = { device: device.id, edge: edge.id, at: session?.edge ?? null, waitedMs };
    if (state === 'not-followed') this.#host.log?.({ kind: state, slot, ...order });
    return state === 'holds';
  }

  #grant(edge: string, ticket: TicketGrant): void {
    const own = this.#tickets.get(edge) ?? [];
    this.#tickets.set(edge, own);
    own.push(ticket);
  }

  /** Tickets go ahead of the shares, so that no device comes before its ticket. */
  #flushTickets(slot: number, edge: string): void {
    const link = this.members.edgeLink(edge);
    const tickets = this.#tickets.get(edge) ?? [];
    this.#tickets.delete(edge);
    if (link === null) return;
    for (const message of sharesMessages({ ...this.#settings.origin, slot }, { tickets }))
      this.#host.send(link, message);
  }

  /** Shares for edges; uplink rates and plans for devices. */
  #sendShares({ slot, nowMs, edges, sessions, planned }: Orders): void {
    const { origin, slotMs, targetMsPerToken } = this.#settings;
    for (const [server, edge] of edges.entries()) {
      const link = this.members.edgeLink(edge.id);
      const own = sessions[server] ?? [];
      if (link === null || own.length === 0) continue;
      for (const message of sharesMessages({ ...origin, slot }, { sessions: own }, targetMsPerToken))
        this.#host.send(link, message);
      for (const { device, rate } of newUplinks(edge, own, this.members.devices))
        if (device.link !== null) this.#host.send(device.link, { kind: 'uplink', ...origin, slot, ...rate });
    }
    for (const { device, plan } of newPlans(planned, this.members.devices, { slot, slotMs, nowMs })) {
      if (device.link !== null) this.#host.send(device.link, { kind: 'plan', ...origin, slot, ...plan });
      this.#host.log?.({ kind: 'planned', slot, device: device.id, ...plan });
    }
  }

  /** The time per token of these devices at each edge, the best one first. */
  #rank(open: OpenSlot, devices: readonly LiveDevice[], decision: Assignment | null): ReturnType<typeof rankEdges> {
    const { slotMs, energyWeight } = this.#settings;
    const { slot, edges, state } = open;
    if (edges.length === 0 || devices.length === 0) return [];
    const steps = state === null || decision === null ? null : this.#pace.predict(state, decision).stepMs;
    const own = liveSlot(edges, devices, { slot, slotMs, kind: this.kind, energyWeight, gainLastsMs: slotMs });
    const counts = countByGroup(decision?.server ?? [], edges.length);
    return rankEdges(own, createPaceModel(own), edges, { steps, counts });
  }

  /** Tickets for the next best edges, so that a device can go there when its edge is gone, and this controller too. */
  #sendSpares(open: OpenSlot, decision: Assignment | null, nowMs: number): void {
    const { slot, edges, active, idle } = open;
    const lacking = lackingSpares([...active, ...idle], edges, this.members, nowMs);
    const messages: { readonly link: number; readonly message: ControllerMessage }[] = [];
    for (const [index, ranked] of this.#rank(open, lacking, decision).entries()) {
      const member = this.members.devices.get(lacking[index]?.id ?? '') as DeviceMember;
      const named = ranked.map(({ server }) => {
        const { id } = edges[server] as LiveEdge;
        return { id, link: this.members.edgeLink(id) ?? -1 };
      });
      const { spares, granted } = chooseSpares(member, named, nowMs, () => this.#host.drawTicket());
      const isSame = granted.length === 0 && spares.length === member.spares.length;
      member.spares = spares;
      for (const { edge, ticket } of granted) this.#grant(edge, { ticket, validMs: spareValidMs, device: member.id });
      const list = spares.map(({ edge, ticket }) => ({ edge, ticket }));
      const message = { kind: 'spares', ...this.#settings.origin, slot, spares: list } as const;
      if (!isSame && member.link !== null) messages.push({ link: member.link, message });
    }
    for (const { id } of edges) this.#flushTickets(slot, id);
    for (const { link, message } of messages) this.#host.send(link, message);
  }
}
