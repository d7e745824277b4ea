// A device as a member of a controller: measures its links to the edges that the controller lists, reports, and moves as ordered. Its own
// edges, if it has some, serve it without a controller too.

import type { DeviceReport, EdgeCard, PlanMessage, SpareEdge } from '../../allocation/controller/messages.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { asOutriderError } from '../../core/basics/errors.ts';
import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import { EdgeRoutes } from '../../core/protocol/device/edge-routes.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Connect } from '../../network/transport/transport.ts';
import type { EdgeList, TurnEdge } from '../device/edge-list.ts';
import { probeEdge } from '../device/probe-edge.ts';
import type { Turn } from '../device/turn.ts';
import { ControlClient, type MemberOptions } from './control-client.ts';
import { UplinkLine } from './uplink-line.ts';

export interface DeviceAgentOptions extends MemberOptions {
  readonly tokenizerHash: string;
  /** Connector to an edge of the controller's, by address and the SHA-256 of its certificate (null: what the system trusts). */
  readonly connectEdge: (card: EdgeCard) => Connect;
  /** Edges of the device's own, with its own keys: used where the controller names none. */
  readonly own?: EdgeList;
  /** Throughput upwards to an edge, alone on its link, bit/s, where the device has measured it; default: it has not. */
  readonly bitsPerSecondTo?: (edge: string) => number | null;
  /** Whether it drafts; default true. */
  readonly drafts?: boolean;
  /** Where it is; default: not reported. */
  readonly place?: () => DeviceReport['place'];
  /** Remaining share of the battery, (0, 1]; default 1. */
  readonly battery?: () => number;
  /** Whether an edge with another fingerprint may continue a text. */
  readonly allowsOtherTarget?: boolean;
  /** How often each link is measured; default 5,000. */
  readonly probeEveryMs?: number;
  /** Measures the round trip to an edge, ms, and calls `found` with it; null: the edge does not answer. Default: {@link probeEdge}. */
  readonly probe?: (connect: Connect, found: (roundTripMs: number | null) => void) => void;
  /** What the controller has said, for people. */
  readonly onAssigned?: (edge: string, reason: string) => void;
}

interface KnownLink {
  readonly card: EdgeCard;
  readonly connect: Connect;
  /** The same, kept to the rate that the controller allows. */
  readonly line: UplinkLine;
  /** What it shows to the edge; null: no ticket yet. */
  ticket: string | null;
  roundTripMs: number | null;
  /** Whether the controller has named it last time. */
  isListed: boolean;
}

/** Most edges that are remembered, and most that are measured at a time. */
const mostLinks = 256;
const mostProbes = 16;
/** Coarse timers give 0. */
const leastMs = 0.01;

const probeByPings: NonNullable<DeviceAgentOptions['probe']> = (connect, found) => {
  void probeEdge(connect).then(
    ({ roundTripMs }) => found(roundTripMs),
    () => found(null),
  );
};

/** What is used of an answer. */
export type FollowedTurn = Pick<Turn, 'status' | 'moveTo'> & Partial<Pick<Turn, 'obey'>>;

/** A device that a controller sends to edges; its `edges` are for `startTurn` and `createDevice`. */
export interface DeviceAgent {
  readonly edges: EdgeList;
  readonly isConnected: boolean;
  /** The controller's edge for the next answer, or the present one; null: none was named. */
  readonly assigned: string | null;
  /** The edges to use, in this order, when that edge is gone: it has tickets for these. */
  readonly spares: readonly string[];
  /** Reports the answer while it runs, and moves it by order. */
  follow(turn: Turn): void;
  /** As `follow`, where the caller calls {@link end}. */
  begin(turn: FollowedTurn): void;
  /** An answer has ended. */
  end(turn: FollowedTurn): void;
  /** Resolves when an edge was named, or after `withinMs`. */
  ready(withinMs: number): Promise<void>;
  close(): void;
}

export function joinAsDevice(options: DeviceAgentOptions): DeviceAgent {
  return new RunningAgent(options);
}

class RunningAgent implements DeviceAgent {
  readonly edges: EdgeList;
  assigned: string | null = null;
  spares: readonly string[] = [];
  readonly #options: DeviceAgentOptions;
  readonly #clock: Clock;
  readonly #drafts: boolean;
  readonly #links = new Map<string, KnownLink>();
  readonly #byName = new Map<string, TurnEdge>();
  /** What the controller has said of the assigned edge. */
  #reason = '';
  readonly #client: ControlClient;
  /** An order to move that the running answer has not followed yet. */
  #movingTo: string | null = null;
  /** The last order was to stay, and came when the answer moved already. */
  #isLate = false;
  #turn: FollowedTurn | null = null;
  /** For the running answer, and for the next one until there is another plan. */
  #plan: DraftPlan | null = null;
  /** Tokens and time of the turn at the last report. */
  #reported = { session: '', tokens: 0, atMs: 0 };
  /** Measurements of the last turn, for the time until the next one. */
  #known: { draftMs: number | null; acceptance: number | null } = { draftMs: null, acceptance: null };
  readonly #named = Promise.withResolvers<void>();
  #cancelProbes = (): void => {};
  /** Links whose answer of this round is awaited. */
  #probing = 0;
  /** A list of edges has come since the round began. */
  #hasFreshEdges = false;
  /** Links that were measured so far. */
  #probed = 0;
  #isClosed = false;

  constructor(options: DeviceAgentOptions) {
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    this.#drafts = options.drafts ?? true;
    for (const [name, edge] of options.own?.edges ?? []) this.#byName.set(name, edge);
    this.edges = { routes: new EdgeRoutes([...this.#byName.keys()]), edges: this.#byName, renewsCredentials: true };
    this.#client = new ControlClient({
      ...options,
      role: 'device',
      note: (event) => {
        // Rates follow what others use, second by second: without a controller each device has its own share.
        if (event.kind === 'lost') this.#keepShares();
        options.note?.(event);
      },
      report: () => this.#report(),
      onOrder: (message) => {
        if (message.kind === 'edges') this.#setEdges(message.edges);
        if (message.kind === 'assign') this.#assign(message.edge, message.ticket, message.reason);
        if (message.kind === 'uplink') this.#links.get(message.edge)?.line.setRates(message);
        if (message.kind === 'plan') this.#setPlan(message);
        if (message.kind === 'spares') this.#setSpares(message.spares);
      },
    });
    this.#probeLater(0);
  }

  get isConnected(): boolean {
    return this.#client.isConnected;
  }

  follow(turn: Turn): void {
    this.begin(turn);
    void turn.report.then(() => this.end(turn));
  }

  begin(turn: FollowedTurn): void {
    this.#turn = turn;
    this.#movingTo = null;
    this.#isLate = false;
    this.#reported = { session: turn.status.session, tokens: 0, atMs: this.#clock.nowMs() };
    if (this.#plan !== null) turn.obey?.(this.#plan);
    this.#client.reportNow();
  }

  end(turn: FollowedTurn): void {
    const { draftMs, acceptance } = turn.status;
    this.#known = { draftMs: draftMs ?? this.#known.draftMs, acceptance: acceptance ?? this.#known.acceptance };
    if (this.#turn !== turn) return;
    this.#turn = null;
    this.#keepShares();
    this.#client.reportNow();
  }

  async ready(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#clock.after(withinMs, late.resolve);
    await Promise.race([this.#named.promise, late.promise]);
    cancel();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelProbes();
    this.#client.close();
  }

  #setEdges(cards: readonly EdgeCard[]): void {
    const fits = cards.filter(({ tokenizerHash }) => tokenizerHash === this.#options.tokenizerHash);
    // A controller that has just begun does not know all edges yet, and an answer may be read at one that it does not know.
    for (const link of this.#links.values()) link.isListed = fits.some(({ id }) => id === link.card.id);
    for (const id of [...this.#links.keys()]) {
      if (this.#links.size <= mostLinks) break;
      if (this.#links.get(id)?.isListed === false && this.#turn?.status.edge !== id) this.#links.delete(id);
    }
    for (const card of fits) {
      const known = this.#links.get(card.id);
      if (known?.card.address === card.address && known.card.certificate === card.certificate) continue;
      const connect = this.#connectorOf(card);
      if (connect === null) continue;
      const line = new UplinkLine(connect, this.#clock);
      this.#links.set(card.id, { card, connect, line, ticket: null, roundTripMs: null, isListed: true });
    }
    this.#arrange();
    if (this.#probing > 0) this.#hasFreshEdges = true;
    else this.#probeLater(0);
  }

  /** Null: an address or a certificate that can't be used. The other edges can. */
  #connectorOf(card: EdgeCard): Connect | null {
    try {
      return this.#options.connectEdge(card);
    } catch (error) {
      this.#options.note?.({ kind: 'failed', error: asOutriderError(error) });
      return null;
    }
  }

  #assign(edge: string, ticket: string, reason: string): void {
    const link = this.#links.get(edge);
    if (link === undefined) return;
    link.ticket = ticket;
    this.assigned = edge;
    this.#reason = reason;
    this.#arrange();
    this.#options.onAssigned?.(edge, reason);
    this.#named.resolve();
    const turn = this.#turn;
    const before = this.#movingTo;
    this.#movingTo = null;
    if (turn === null || turn.status.isOver) return;
    this.#isLate = turn.status.edge === edge && before !== null && before !== edge;
    if (turn.status.edge === edge) return;
    this.#movingTo = edge;
    turn.moveTo(edge);
  }

  #setPlan({ edge, mode, hedges, maxAhead, reason }: PlanMessage): void {
    this.#plan = { edge, mode, hedges, maxAhead, reason };
    this.#turn?.obey?.(this.#plan);
  }

  #setSpares(spares: readonly SpareEdge[]): void {
    const known = spares.filter(({ edge }) => this.#links.has(edge));
    for (const { edge, ticket } of known) (this.#links.get(edge) as KnownLink).ticket = ticket;
    this.spares = known.map(({ edge }) => edge);
    this.#arrange();
  }

  /**
   * Puts the edges in order: the assigned one, its spares, the device's own, and for the case that all of them are gone the other edges of
   * the controller, by their round trip; those take a device without a ticket only where they ask for no key.
   */
  #arrange(): void {
    const own = this.#options.own?.edges ?? new Map<string, TurnEdge>();
    this.#byName.clear();
    for (const [name, edge] of own) this.#byName.set(name, edge);
    const isAssigned = ({ card }: KnownLink): boolean => card.id === this.assigned;
    const farMs = ({ roundTripMs, isListed }: KnownLink): number => (isListed ? (roundTripMs ?? 1e6) : 1e9);
    const usable = [...this.#links.values()].sort((one, other) => farMs(one) - farMs(other));
    for (const link of usable) this.#byName.set(link.card.id, this.#turnEdge(link));
    const first = usable.filter(isAssigned).map(({ card }) => card.id);
    const names = [...first, ...this.spares.filter((id) => this.#byName.has(id)), ...this.#byName.keys()];
    if (names.length > 0) this.edges.routes.replace([...new Set(names)]);
  }

  #turnEdge(link: KnownLink): TurnEdge {
    const { id } = link.card;
    const why = (): string => this.#why(id);
    return {
      name: id,
      connect: link.line.connect,
      get credentials() {
        return link.ticket ?? '';
      },
      get why() {
        return why();
      },
    };
  }

  /** Why it reads from an edge, in words for people. */
  #why(id: string): string {
    const { assigned } = this;
    if (assigned === id) return this.#reason;
    const kind = this.spares.includes(id) ? 'a spare edge' : 'the nearest of the others';
    if (assigned === null) return `no edge was named, and ${id} is ${kind}`;
    if (this.#movingTo === assigned) return `on the way to ${assigned}: ${this.#reason}`;
    if (this.#isLate)
      return `it came by an order that was replaced on its way, by one to stay at ${assigned}: the next decision places it`;
    const hasFailed = this.edges.routes.hasFailed(assigned, this.#clock.nowMs());
    return `${assigned} ${hasFailed ? 'has failed' : 'leaves or is full'}, and ${id} is ${kind}`;
  }

  #report(): Omit<DeviceReport, 'seq'> {
    const status = this.#turn?.status ?? null;
    const links = [...this.#links.values()]
      .slice(0, mostLinks)
      .flatMap(({ card, roundTripMs }) =>
        roundTripMs === null ? [] : [{ edge: card.id, roundTripMs, bitsPerSecond: this.#rateTo(card.id) }],
      );
    const isReading = status !== null && !status.isOver;
    const draftMs = status?.draftMs ?? this.#known.draftMs;
    const edge = status?.edge ?? null;
    if (edge === this.#movingTo) this.#movingTo = null;
    return {
      kind: 'device-report',
      tokenizerHash: this.#options.tokenizerHash,
      fingerprint: this.#options.allowsOtherTarget === true ? null : (status?.fingerprint ?? null),
      links,
      draftMs: this.#drafts && draftMs !== null ? Math.max(leastMs, draftMs) : null,
      acceptance: this.#drafts ? (status?.acceptance ?? this.#known.acceptance) : 0,
      battery: shareOf(this.#options.battery?.() ?? 1),
      session: isReading
        ? {
            session: status.session,
            // The controller has no record of an edge of the device's own list.
            edge: edge !== null && this.#links.has(edge) ? edge : null,
            promptTokens: status.promptTokens,
            writtenTokens: status.writtenTokens,
            answerTokens: status.maxAnswerTokens,
          }
        : null,
      feltMsPerToken: this.#feltSince(status?.session ?? '', status?.writtenTokens ?? 0),
      uplinkUse: edge === null ? null : (this.#links.get(edge)?.line.use() ?? null),
      place: this.#options.place?.() ?? null,
    };
  }

  #keepShares(): void {
    for (const { line } of this.#links.values()) line.keepShare();
  }

  #rateTo(edge: string): number | null {
    const rate = this.#options.bitsPerSecondTo?.(edge) ?? null;
    return rate === null ? null : Math.min(1e13, Math.max(1, rate));
  }

  #feltSince(session: string, tokens: number): number | null {
    const nowMs = this.#clock.nowMs();
    const before = this.#reported;
    if (session !== before.session || tokens <= before.tokens) return null;
    this.#reported = { session, tokens, atMs: nowMs };
    // Before the first token the time is that of the prompt.
    return before.tokens === 0 ? null : (nowMs - before.atMs) / (tokens - before.tokens);
  }

  #probeLater(afterMs: number): void {
    this.#cancelProbes();
    this.#cancelProbes = this.#clock.after(afterMs, () => this.#probe());
  }

  /** One round at a time, of a few links: a controller must not make devices flood what it names. */
  #probe(): void {
    if (this.#probing > 0 || this.#isClosed) return;
    const listed = [...this.#links.values()].filter(({ isListed }) => isListed);
    const some = listed.length <= mostProbes ? listed : rotated(listed, this.#probed).slice(0, mostProbes);
    this.#probed += some.length;
    this.#probing = some.length;
    let isNews = false;
    const { probe = probeByPings } = this.#options;
    for (const link of some) {
      const before = link.roundTripMs;
      probe(link.connect, (roundTripMs) => {
        // What a link with an answer is like is known as long as it brings tokens.
        const isInUse = this.#turn?.status.edge === link.card.id;
        link.roundTripMs = roundTripMs ?? (isInUse ? before : null);
        isNews ||= (before === null) !== (link.roundTripMs === null);
        this.#probing -= 1;
        if (this.#probing > 0 || this.#isClosed) return;
        if (isNews) this.#client.reportNow();
        // Edges that came meanwhile are not measured yet.
        this.#probeLater(this.#hasFreshEdges ? 0 : (this.#options.probeEveryMs ?? 5000));
        this.#hasFreshEdges = false;
      });
    }
    if (some.length === 0) this.#probeLater(this.#options.probeEveryMs ?? 5000);
  }
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

function shareOf(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 1;
}
