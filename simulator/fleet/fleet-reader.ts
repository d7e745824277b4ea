// A device of a live fleet: it reads one answer after the other, connects to the edge that its controller assigns, and its links can be
// changed and cut.

import type { DecidedEvent } from '../../src/allocation/controller/controller-events.ts';
import type { Place } from '../../src/allocation/controller/messages.ts';
import { asOutriderError } from '../../src/core/basics/errors.ts';
import { createRandom } from '../../src/core/basics/philox.ts';
import { idealLink } from '../../src/core/protocol/wire/link-model-settings.ts';
import type { Drafter } from '../../src/models/port/drafter.ts';
import type { Tokenizer } from '../../src/models/port/model.ts';
import { createEmulatedLink, type EmulatedLink } from '../../src/network/transport/emulated-link.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import type { Reach } from '../../src/processes/controller/control-client.ts';
import { type DeviceAgent, joinAsDevice } from '../../src/processes/controller/device-agent.ts';
import { AutoMode } from '../../src/processes/device/auto-mode.ts';
import { startTurn, type Turn } from '../../src/processes/device/turn.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';

export interface ReaderPlan {
  readonly tokenizer: Tokenizer;
  /** One for each device; null: it does not draft. */
  readonly drafterOf: (device: number) => Drafter | null;
  readonly prompts: readonly (readonly number[])[];
  /** Limit of the answer to a prompt. */
  readonly maxAnswerTokens: (prompt: number) => number;
  /** Round trip of the network behind the radio, to an edge. */
  readonly roundTripMs: (edge: string) => number;
  /** From the end of an answer to the next question, on average; drawn evenly from none to twice as long. */
  readonly thinkMs: number;
  /** Throughput of a device to an edge with the whole band, bit/s; 0: no link. */
  readonly rates: (device: number, edge: string) => number;
  /** Default: devices give no place. */
  readonly placeOf?: (device: number) => Place;
  /** Whether devices decide by themselves, and by their controller's plans, when they draft; default: they always draft. */
  readonly isAuto?: boolean;
  readonly note: (line: string) => void;
  /** The cell of all devices; default: that of controllers that share nothing. */
  readonly cell?: string | undefined;
}

/** A device at a moment, for a table. */
export interface ReaderState {
  readonly name: string;
  readonly edge: string | null;
  readonly mode: string;
  /** Why it reads from that edge; null: it does not read. */
  readonly why: string | null;
  /** Mean of the last seconds; at the end, of the whole time. Null: no token. */
  readonly msPerToken: number | null;
  readonly predictedMs: number | null;
  readonly answers: number;
  readonly handovers: number;
  /** Longest time without a token while it read, from a question on, ms. */
  readonly pauseMs: number;
}

/** An answer that has ended. */
export interface FleetAnswer {
  readonly device: number;
  readonly prompt: number;
  readonly report: TurnReport;
  /** Its commits, by this machine's clock. */
  readonly commits: readonly { readonly atMs: number; readonly tokens: number }[];
  /** From the question to the end, by this machine's clock. */
  readonly startMs: number;
  readonly endMs: number;
}

/** A link without a radio carries next to nothing. */
const leastBitsPerSecond = 2000;
/** A link that carries less with the whole band is lost: a controller assigns no edge over it. */
const lostBelowBitsPerSecond = 10_000;
/** The pace that is shown is that of the last so many ms. */
const shownMs = 4000;
/** How long a device waits for a first edge, ms. */
const firstEdgeWithinMs = 10_000;

export class FleetReader {
  readonly answers: FleetAnswer[] = [];
  /** Answers that could not begin. */
  failures = 0;
  readonly name: string;
  readonly #plan: ReaderPlan;
  readonly #index: number;
  readonly #agent: DeviceAgent;
  readonly #links = new Map<string, EmulatedLink>();
  /** Times in which a link was lost; `toMs` of one that is lost now is infinite. */
  readonly #losses: { readonly edge: string; readonly fromMs: number; toMs: number }[] = [];
  readonly #drafter: Drafter | null;
  readonly #auto = new AutoMode();
  #turn: Turn | null = null;
  #handovers = 0;
  /** The last handover. */
  #came = { atMs: Number.NEGATIVE_INFINITY, why: '' };
  /** Longest pause of answers that have ended. */
  #pauseMs = 0;
  #isEnding = false;
  /** The running answer; null: none runs. */
  #running: Pick<FleetAnswer, 'startMs' | 'commits'> | null = null;
  readonly #ended: Promise<void>;
  #end = (): void => {};

  constructor(plan: ReaderPlan, reach: Reach, index: number) {
    this.#plan = plan;
    this.#index = index;
    this.name = `device-${index + 1}`;
    this.#drafter = plan.drafterOf(index);
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#agent = joinAsDevice({
      reach,
      id: this.name,
      cell: plan.cell,
      tokenizerHash: plan.tokenizer.hash,
      drafts: this.#drafter !== null,
      place: () => plan.placeOf?.(index) ?? null,
      bitsPerSecondTo: (edge) => plan.rates(index, edge),
      connectEdge: ({ id, address }) => {
        const settings = { ...idealLink, roundTripMs: plan.roundTripMs(id), seed: index };
        const link = createEmulatedLink(connectWebSocket(address), settings);
        this.#links.set(id, link);
        this.#rate(id, 1);
        return link.connect;
      },
    });
  }

  /** The edge that writes for it. */
  get edge(): string | null {
    return this.#turn?.status.edge ?? null;
  }

  /**
   * Gives each link its part of the edge's band: the share y that was decided. To an edge for which nothing was decided, as it is left or
   * entered, a device has as much as each of those that read there. @param readersAt how many read at each edge @param edge this one's
   */
  changeLinks(readersAt: ReadonlyMap<string | null, number>, edge: string | null, decided: DecidedEvent | null): void {
    const own = decided?.paces.find(({ device }) => device === this.name);
    for (const id of this.#links.keys()) {
      const others = (readersAt.get(id) ?? 0) - (edge === id ? 1 : 0);
      this.#rate(id, own?.edge === id ? own.bandwidthShare : 1 / (1 + others));
    }
  }

  /** @param share of the edge's band */
  #rate(id: string, share: number): void {
    const whole = this.#plan.rates(this.#index, id);
    this.#links.get(id)?.changeRate(Math.max(leastBitsPerSecond, whole * share));
    const lost = this.#losses.findLast(({ edge, toMs }) => edge === id && toMs === Number.POSITIVE_INFINITY);
    if ((lost !== undefined) === whole < lostBelowBitsPerSecond) return;
    if (lost === undefined) this.#losses.push({ edge: id, fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY });
    else lost.toMs = performance.now();
  }

  /** The part of the time between two moments in which its link to an edge carried nothing, ms. */
  lostMs(edge: string, fromMs: number, toMs: number): number {
    const own = this.#losses.filter((one) => one.edge === edge);
    return own.reduce((sum, one) => sum + Math.max(0, Math.min(toMs, one.toMs) - Math.max(fromMs, one.fromMs)), 0);
  }

  /** What it has read, and how long it has waited for it, between two moments of this machine's clock. */
  readBetween(fromMs: number, toMs: number): { readonly tokens: number; readonly wantedMs: number } {
    const running = this.#running === null ? [] : [{ ...this.#running, endMs: toMs }];
    let tokens = 0;
    let wantedMs = 0;
    for (const { commits, startMs, endMs } of [...this.answers, ...running]) {
      for (const commit of commits) if (commit.atMs >= fromMs && commit.atMs < toMs) tokens += commit.tokens;
      wantedMs += Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, startMs));
    }
    return { tokens, wantedMs };
  }

  /** Loses all connections to edges. */
  cutLinks(): void {
    for (const link of this.#links.values()) link.cut();
  }

  /** Slows all links to edges until they are changed again. */
  slowLinks(bitsPerSecond: number): void {
    for (const link of this.#links.values()) link.changeRate(bitsPerSecond);
  }

  state(decided: DecidedEvent | null): ReaderState {
    const status = this.#turn?.status ?? null;
    const nowMs = performance.now();
    const { tokens, wantedMs } = this.readBetween(this.#isEnding ? 0 : nowMs - shownMs, nowMs);
    return {
      name: this.name,
      edge: status?.edge ?? null,
      mode: status?.mode ?? '-',
      why: this.#why(decided, status?.edge ?? null),
      msPerToken: tokens === 0 ? null : wantedMs / tokens,
      predictedMs: decided?.paces.find(({ device }) => device === this.name)?.predictedMs ?? null,
      answers: this.answers.length,
      handovers: this.#handovers,
      pauseMs: Math.max(this.#pauseMs, this.#running === null ? 0 : longestPause(this.#running, nowMs)),
    };
  }

  /** As the controller has decided last; where it reads elsewhere, or no controller decides, by the device's own figures. */
  #why(decided: DecidedEvent | null, edge: string | null): string | null {
    if (this.#turn === null) return null;
    if (edge === null) return 'waits for an edge';
    const own = decided?.paces.find(({ device }) => device === this.name);
    const known = this.#agent.edges.edges.get(edge)?.why ?? null;
    if (!this.#agent.isConnected) return `no controller; ${known}`;
    if (performance.now() - this.#came.atMs < shownMs) return this.#came.why;
    return own?.edge === edge && this.#agent.assigned === edge ? (own.reason ?? known) : known;
  }

  async run(): Promise<void> {
    const { prompts, thinkMs } = this.#plan;
    const thinking = createRandom(this.#index, 1);
    for (let count = 0; !this.#isEnding; count += 1) {
      const prompt = (this.#index + count) % prompts.length;
      await this.#agent.ready(firstEdgeWithinMs);
      try {
        await this.#read(prompt);
      } catch (error) {
        this.failures += 1;
        this.#plan.note(`${this.name}: ${asOutriderError(error).message}`);
      }
      // Devices with equal pauses would begin to read at the same times.
      const pauseMs = 2 * thinkMs * thinking.uniform();
      if (!this.#isEnding) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.#end();
  }

  async #read(prompt: number): Promise<void> {
    const { tokenizer, prompts, maxAnswerTokens } = this.#plan;
    let servers = 0;
    const turn = startTurn({
      connect: this.#agent.edges,
      tokenizer,
      drafter: this.#drafter,
      prompt: prompts[prompt] as readonly number[],
      maxAnswerTokens: maxAnswerTokens(prompt),
      waitsForEdge: true,
      onServedBy: (edge) => {
        servers += 1;
        if (servers === 1) return;
        this.#handovers += 1;
        this.#came = { atMs: performance.now(), why: this.#agent.edges.edges.get(edge)?.why ?? '' };
      },
      ...(this.#plan.isAuto === true ? { auto: this.#auto } : {}),
    });
    this.#turn = turn;
    this.#agent.follow(turn);
    const startMs = performance.now();
    const commits: { atMs: number; tokens: number }[] = [];
    this.#running = { startMs, commits };
    try {
      for await (const { tokens, atMs } of turn) if (tokens.length > 0) commits.push({ atMs, tokens: tokens.length });
    } catch {
      // The report has the failure.
    }
    const report = await turn.report;
    const endMs = performance.now();
    this.answers.push({ device: this.#index, prompt, report, commits, startMs, endMs });
    this.#pauseMs = Math.max(this.#pauseMs, longestPause({ startMs, commits }, endMs));
    this.#running = null;
    this.#turn = null;
  }

  async finish(): Promise<void> {
    this.#isEnding = true;
    await this.#ended;
  }

  close(): void {
    this.#isEnding = true;
    this.#turn?.stop();
    this.#agent.close();
  }
}

function longestPause({ startMs, commits }: Pick<FleetAnswer, 'startMs' | 'commits'>, endMs: number): number {
  const times = [startMs, ...commits.map(({ atMs }) => atMs), endMs];
  return times.reduce((most, atMs, at) => Math.max(most, atMs - (times[at - 1] ?? atMs)), 0);
}
