// One device over the whole run: starts tasks, follows its assignment from server to server, and counts. The state machine has the rules
// of the protocol; this class only gives it the server and the rate of the uplink.

import type { PlacedText, Standing } from '../../src/allocation/slot/standing.ts';
import { invariant } from '../../src/core/basics/invariant.ts';
import type { Random } from '../../src/core/basics/philox.ts';
import type { DeviceEvent, DeviceStep, DraftBudget } from '../../src/core/protocol/device/device-state.ts';
import type { DraftingAdvice } from '../../src/core/protocol/device/drafting-advice.ts';
import { idealLink } from '../../src/core/protocol/wire/link-model-settings.ts';
import type { ModeName } from '../../src/core/protocol/wire/mode.ts';
import { sizedWire } from '../../src/core/protocol/wire/wire.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { VirtualDevice } from '../virtual-time/device.ts';
import type { VirtualEdge } from '../virtual-time/edge.ts';
import type { EventQueue } from '../virtual-time/event-queue.ts';
import { type LinkEnd, VirtualLink } from '../virtual-time/link.ts';
import { deviceSettings, turnOf } from '../virtual-time/run-session.ts';
import type { TraceReplay } from '../virtual-time/trace-replay.ts';
import type { TaskMix } from '../world/workload.ts';
import type { TokenSource } from './token-source.ts';
import { sessionIdOf } from './token-texts.ts';

/** One answer, from the request to the last token on the device. Times count from the start of the run. */
export interface SessionRecord {
  readonly device: number;
  /** Index into the workload's tasks. */
  readonly task: number;
  /** The servers on which it began and ended. */
  readonly firstServer: number;
  readonly lastServer: number;
  readonly startMs: number;
  readonly firstTokenMs: number;
  readonly endMs: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly handovers: number;
  readonly drafted: number;
  readonly sent: number;
  readonly matched: number;
  readonly mismatched: number;
  /** Counts of the edge that ended it. */
  readonly steps: number;
  readonly draftRows: number;
  readonly acceptedRows: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
}

export interface TokenSetting {
  readonly scenario: Scenario;
  readonly source: TokenSource;
  readonly mode: ModeName;
  readonly edges: readonly VirtualEdge[];
  readonly onSession?: (record: SessionRecord) => void;
  readonly onFirstToken?: (device: number, nowMs: number) => void;
  readonly adviceOf?: (device: number) => DraftingAdvice;
  /** Round trip of the network behind the radio; [E]. */
  readonly roundTripMs: Float64Array;
}

/** What a device has spent so far: tokens that it drafted, and the time in which its uplink carried something. */
export type DeviceEffort = Readonly<Record<'drafts' | 'airMs', number>>;

export interface DevicePlace {
  readonly index: number;
  readonly draftMs: number;
  readonly random: Random;
  /** Chooses the texts that it asks for. */
  readonly texts: Random;
}

interface Session {
  readonly device: VirtualDevice;
  readonly id: string;
  readonly task: number;
  readonly firstServer: number;
  readonly startMs: number;
  readonly links: { readonly server: number; readonly link: VirtualLink; countedBytes: number }[];
  /** What connections that are closed have carried. */
  readonly closedBytes: { up: number; down: number };
  /** The server to which the device connected last. */
  server: number;
  handovers: number;
  firstTokenMs: number | null;
  lastTokenMs: number | null;
}

/** With a lower rate a device is not served, because a frame could be in flight for the rest of the run. */
const leastBitsPerSecond = 1000;
/** The scheduler's weights must be above 0. */
const leastShare = 1e-6;
/** An interruption ends this long after the slot, so that the next slot can prolong it. */
const epsilonMs = 1e-3;

export class TokenDevice {
  readonly #queue: EventQueue;
  readonly #setting: TokenSetting;
  readonly #place: DevicePlace;
  tokens = 0;
  handovers = 0;
  #session: Session | null = null;
  #budget: DraftBudget | null = null;
  /** Drafts of sessions that have ended. */
  #drafts = 0;
  #airMs = 0;
  #count = 0;
  #server = -1;
  #bitsPerSecond = 0;
  #share = 1;
  #task = -1;
  #nextText: { readonly kind: TaskMix['kind']; readonly replay: number } | null = null;
  #restsUntilMs = 0;
  /** Since when it waits for the first token of an answer; null: it does not. */
  #waitsSinceMs: number | null = null;
  #waitedMs = 0;
  /** Tokens in this slot. */
  #answered = 0;
  #hasEnded = false;

  constructor(queue: EventQueue, setting: TokenSetting, place: DevicePlace) {
    this.#queue = queue;
    this.#setting = setting;
    this.#place = place;
  }

  get isBusy(): boolean {
    return this.#session !== null;
  }

  get effort(): DeviceEffort {
    this.#countAir();
    return { drafts: this.#drafts + (this.#session?.device.state.account.drafted ?? 0), airMs: this.#airMs };
  }

  /** Time that it has waited for first tokens, from its requests on, served or not, ms. */
  get waitedMs(): number {
    return this.#waitedMs + (this.#waitsSinceMs === null ? 0 : this.#queue.nowMs() - this.#waitsSinceMs);
  }

  #endWait(): void {
    this.#waitedMs = this.waitedMs;
    this.#waitsSinceMs = null;
  }

  /** How far it may draft from now on, in this answer and in later ones. */
  limit(budget: DraftBudget): void {
    this.#budget = budget;
    this.#session?.device.setBudget(budget);
  }

  /** Its weight on the server of this slot: z, above 0. */
  get share(): number {
    return this.#share;
  }

  /** The assignment until the end of the slot. @param server -1: none @param share z */
  assign(server: number, bitsPerSecond: number, share: number, slotEndMs: number): void {
    this.#countAir();
    const isServed = server >= 0 && bitsPerSecond >= leastBitsPerSecond;
    this.#server = isServed ? server : -1;
    this.#bitsPerSecond = bitsPerSecond;
    this.#share = Math.max(leastShare, share);
    const session = this.#session;
    if (session === null) return;
    if (!isServed) this.#interrupt(session, slotEndMs + epsilonMs);
    else {
      this.#moveTo(session, server);
      this.#applyShares(session);
    }
  }

  /**
   * Where the device's session stands before a slot. One that has not begun is on no server. @param task the slot's, as of {@link wantTask}
   */
  standing(task: number): Standing {
    const session = this.#session;
    if (session === null) {
      const replay = this.#setting.source.replays[this.#textFor(task)] as TraceReplay;
      return { texts: [], textTokens: replay.turn.prompt.length, wasCutOff: false, isUnread: true };
    }
    const nowMs = this.#queue.nowMs();
    const textTokens = session.device.state.text.length;
    const connected = new Map(session.links.filter(({ link }) => link.isOpen).map((one) => [one.server, one.link]));
    const texts = [...connected].map(([server, link]): PlacedText => {
      const entry = (this.#setting.edges[server] as VirtualEdge).sessions.find(session.id);
      const opening = { server, leftTokens: textTokens, aheadTokens: 0, fromMs: link.arrivedByMs('up') - nowMs };
      if (entry === undefined) return { ...opening, share: this.#share };
      const { length } = entry.state.text;
      const leftTokens = Math.max(0, length - 1 - entry.evaluatedTokens);
      return { server, leftTokens, aheadTokens: length - textTokens, fromMs: 0, share: entry.share };
    });
    return { texts, textTokens, wasCutOff: this.#server < 0, isUnread: session.firstTokenMs === null };
  }

  /** The workload has a task for the device in this slot. @param task index into the workload's tasks */
  wantTask(task: number): void {
    this.#task = task;
    if (this.#session === null) this.#textFor(task);
    this.#startIfPossible();
  }

  /** The text of the next session. @returns an index into the source's replays */
  #textFor(task: number): number {
    const { scenario, source } = this.#setting;
    const { kind } = scenario.workload.tasks[task] as TaskMix;
    if (this.#nextText?.kind !== kind) this.#nextText = { kind, replay: source.pick(kind, this.#place.texts) };
    return this.#nextText.replay;
  }

  /** The workload has no task for the device in this slot. */
  rest(): void {
    this.#countAir();
    if (this.#session === null) this.#endWait();
    this.#task = -1;
    this.#server = -1;
  }

  /** Tokens that arrived since the last call; infinite if an answer has ended. */
  takeAnswered(): number {
    const answered = this.#hasEnded ? Number.POSITIVE_INFINITY : this.#answered;
    this.#answered = 0;
    this.#hasEnded = false;
    return answered;
  }

  /** What links have carried since the last call, at the rate of the slot that ends. */
  #countAir(): void {
    for (const one of this.#session?.links ?? []) {
      const { wireBytes } = one.link.traffic('up');
      if (this.#bitsPerSecond > 0) this.#airMs += (8e3 * (wireBytes - one.countedBytes)) / this.#bitsPerSecond;
      one.countedBytes = wireBytes;
    }
  }

  #interrupt({ links }: Session, untilMs: number): void {
    for (const { link } of links) {
      link.stall('up', untilMs);
      link.stall('down', untilMs);
    }
  }

  /** Make before break: the machine closes the old connection once the new one has carried the whole text. */
  #moveTo(session: Session, server: number): void {
    if (session.server === server) return;
    session.server = server;
    session.handovers++;
    this.handovers++;
    session.device.connect(`${server}`);
  }

  #applyShares({ links, closedBytes, id, server }: Session): void {
    for (let at = links.length - 1; at >= 0; at--) {
      const one = links[at] as Session['links'][number];
      if (!one.link.isOpen) {
        for (const direction of ['up', 'down'] as const)
          closedBytes[direction] += one.link.traffic(direction).wireBytes;
        links.splice(at, 1);
      } else if (one.server === server) one.link.changeRate('up', this.#bitsPerSecond);
    }
    const entry = (this.#setting.edges[server] as VirtualEdge).sessions.find(id);
    if (entry !== undefined) entry.share = this.#share;
  }

  #startIfPossible(): void {
    if (this.#session !== null || this.#task < 0) return;
    if (this.#queue.nowMs() < this.#restsUntilMs || this.#hasEnded) return;
    this.#waitsSinceMs ??= this.#queue.nowMs();
    if (this.#server < 0) return;
    const { scenario, source } = this.#setting;
    const { index } = this.#place;
    const task = scenario.workload.tasks[this.#task] as TaskMix;
    const text = this.#textFor(this.#task);
    this.#nextText = null;
    const id = sessionIdOf(text, index, ++this.#count);
    const device = this.#createDevice(id, source.replays[text] as TraceReplay, task);
    const server = this.#server;
    const startMs = this.#queue.nowMs();
    this.#session = {
      device,
      id,
      task: this.#task,
      firstServer: server,
      server,
      startMs,
      links: [],
      closedBytes: { up: 0, down: 0 },
      handovers: 0,
      firstTokenMs: null,
      lastTokenMs: null,
    };
    if (this.#budget !== null) device.setBudget(this.#budget);
    device.connect(`${server}`);
  }

  #createDevice(id: string, replay: TraceReplay, { windowTokens }: TaskMix): VirtualDevice {
    const { scenario, source, mode, adviceOf } = this.#setting;
    const { token } = scenario;
    const { index, draftMs, random } = this.#place;
    const world = {
      connect: (device: VirtualDevice, edge: string, end: LinkEnd) => this.#connect(device, Number(edge), end),
      deviceStepped: (device: VirtualDevice, event: DeviceEvent, step: DeviceStep) =>
        this.#stepped(device, event, step),
    };
    const turn = {
      session: id,
      conversation: id,
      tokenizerHash: source.header.tokenizerHash,
      maxAhead: Math.max(token.maxAhead, windowTokens),
      draftLength: windowTokens,
    };
    const { timeJitter } = token;
    const roundTripMs = this.#roundTripTo(this.#server);
    const advice = adviceOf?.(index);
    const conditions = { mode, advice, seed: index, roundTripMs, draftMs, timeJitter, turn, wire: sizedWire };
    const settings = deviceSettings(conditions, replay, turnOf(conditions, replay.turn));
    return new VirtualDevice(this.#queue, world, { ...settings, name: `${index}`, random });
  }

  /** Undefined while no server serves the device; it then tries again later. */
  #connect(device: VirtualDevice, server: number, end: LinkEnd): VirtualLink | undefined {
    const session = this.#session;
    if (this.#server < 0 || session?.device !== device) return undefined;
    const radio = { roundTripMs: this.#roundTripTo(server), uplinkBitsPerSecond: this.#bitsPerSecond };
    const link = new VirtualLink(this.#queue, { ...idealLink, ...radio });
    link.join('device', end);
    session.links.push({ server, link, countedBytes: 0 });
    (this.#setting.edges[server] as VirtualEdge).accept(link);
    return link;
  }

  #roundTripTo(server: number): number {
    return this.#setting.roundTripMs[server] as number;
  }

  #stepped(device: VirtualDevice, _event: DeviceEvent, { state, effects }: DeviceStep): void {
    const session = this.#session;
    if (session?.device !== device) return;
    for (const effect of effects) {
      if (effect.kind !== 'emit-tokens') continue;
      // From here on the edge has the session.
      const nowMs = this.#queue.nowMs();
      if (session.firstTokenMs === null) {
        session.firstTokenMs = nowMs;
        this.#setting.onFirstToken?.(this.#place.index, nowMs);
        this.#endWait();
        this.#applyShares(session);
      }
      session.lastTokenMs = nowMs;
      this.tokens += effect.tokens.length;
      this.#answered += effect.tokens.length;
    }
    if (state.outcome !== null) this.#finish(session, state.outcome.kind);
  }

  #finish(session: Session, kind: string): void {
    invariant(kind === 'ended', `a session of device ${this.#place.index} ${kind}`);
    const { scenario, onSession } = this.#setting;
    onSession?.(this.#recordOf(session));
    this.#countAir();
    this.#drafts += session.device.state.account.drafted;
    this.#session = null;
    if (scenario.workload.arrivals.kind !== 'one-per-slot') {
      this.#hasEnded = true;
      return;
    }
    const { thinkMs } = scenario.token;
    this.#restsUntilMs = this.#queue.nowMs() + thinkMs;
    this.#queue.after(thinkMs, () => this.#startIfPossible());
  }

  #recordOf(session: Session): SessionRecord {
    const { device, task, firstServer, server, startMs, links, handovers, firstTokenMs, lastTokenMs } = session;
    const { text, turn, account, outcome } = device.state;
    invariant(outcome?.kind === 'ended', 'the session has not ended');
    const { steps, draftRows, acceptedRows } = outcome.account;
    const bytes = (direction: 'up' | 'down'): number =>
      links.reduce((sum, { link }) => sum + link.traffic(direction).wireBytes, session.closedBytes[direction]);
    return {
      device: this.#place.index,
      task,
      firstServer,
      lastServer: server,
      startMs,
      firstTokenMs: firstTokenMs ?? startMs,
      endMs: lastTokenMs ?? startMs,
      promptTokens: turn.prompt.length,
      answerTokens: text.length - turn.prompt.length,
      handovers,
      drafted: account.drafted,
      sent: account.sent,
      matched: account.matched,
      mismatched: account.mismatched,
      steps,
      draftRows,
      acceptedRows,
      uplinkBytes: bytes('up'),
      downlinkBytes: bytes('down'),
    };
  }
}
