// Edges and devices that exist only as messages: they report what real ones would, and follow orders. Edges stand on a grid; devices walk among them,
// read answers, and reach the edges around them. Pure: time and chance are given.

import type {
  ControllerMessage,
  DeviceReport,
  EdgeReport,
  LinkReport,
  SessionReport,
} from '../../../src/allocation/controller/messages.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';

export type Unnumbered<Report> = Omit<Report, 'seq'>;

/** A town of edges, each a grid square from the next. */
export interface Town {
  readonly edges: number;
  readonly columns: number;
}

/** Tokenizer of made-up members: real edges and devices run another model, and neither is served by the other. */
export const crowdTokenizer: string = 'c0'.repeat(32);
/** Between neighbouring edges, m. */
const spacingM = 200;
/** Edges around a device that it measures: the square of its own and the eight around it, without the farthest. */
const linksOfDevice = 8;
const walkMPerS = 1.4;
/** A device measures its links again after this time, as a real one does. */
const measureEveryMs = 5000;
/** Step laws of three graphics cards with a model of 8 billion parameters, ms; each edge measures its own, so no two are equal. */
const stepLaws = [
  [26, 0.4],
  [18, 0.25],
  [12, 0.15],
] as const;
const lawSpread = 0.02;
const draftTimesMs = [9.3, 14.1, 18.2] as const;
const answerTokens = 256;
const tokenMs = 60;
/** From the end of an answer to the next question. */
const thinkMs = 5000;
const promptTokens = 120;

export function createTown(edges: number): Town {
  return { edges, columns: Math.ceil(Math.sqrt(edges)) };
}

export function crowdEdgeId(edge: number): string {
  return `crowd-edge-${String(edge).padStart(6, '0')}`;
}

export function crowdDeviceId(device: number): string {
  return `crowd-device-${String(device).padStart(7, '0')}`;
}

/** @param places sessions that it may write at the same time */
export function crowdEdge(town: Town, edge: number, places: number): Unnumbered<EdgeReport> {
  const random = createRandom(edge, 0x0c000000);
  const [fixedMs, rowMs] = stepLaws[random.integer(stepLaws.length)] as (typeof stepLaws)[number];
  const measured = (): number => 1 + lawSpread * (2 * random.uniform() - 1);
  return {
    kind: 'edge-report',
    address: `ws://${crowdEdgeId(edge)}.example:8642`,
    certificate: null,
    model: 'crowd',
    fingerprint: 'crowd',
    tokenizerHash: crowdTokenizer,
    places,
    contextLength: 8192,
    stepFixedMs: fixedMs * measured(),
    stepRowMs: rowMs * measured(),
    sessions: 0,
    waiting: 0,
    busyShare: 0.5,
    bitsPerSecond: 1e9,
    draftMs: null,
    isDraining: false,
    place: placeOf(town, edge),
  };
}

function placeOf({ columns }: Town, edge: number): { xM: number; yM: number } {
  return { xM: spacingM * ((edge % columns) + 0.5), yM: spacingM * (Math.floor(edge / columns) + 0.5) };
}

export class CrowdDevice {
  readonly id: string;
  readonly #town: Town;
  readonly #random: Random;
  readonly #draftMs: number;
  #x: number;
  #y: number;
  #direction: number;
  #atMs: number;
  /** Its edge by order; null: none yet. */
  #assigned: string | null = null;
  #session: { readonly id: string; readonly startMs: number } | null = null;
  #nextMs: number;
  #answers = 0;
  #links: readonly LinkReport[] = [];
  #measuresAtMs: number;
  readonly #number: number;

  constructor(town: Town, device: number, nowMs: number) {
    this.id = crowdDeviceId(device);
    this.#town = town;
    this.#number = device;
    this.#random = createRandom(device, 0x0d000000);
    this.#draftMs = draftTimesMs[this.#random.integer(draftTimesMs.length)] as number;
    const rows = Math.ceil(town.edges / town.columns);
    this.#x = this.#random.uniform() * town.columns * spacingM;
    this.#y = this.#random.uniform() * rows * spacingM;
    this.#direction = 2 * Math.PI * this.#random.uniform();
    this.#atMs = nowMs;
    // Answers begin at different times.
    this.#nextMs = nowMs + this.#random.uniform() * (thinkMs + answerTokens * tokenMs);
    this.#measuresAtMs = nowMs;
  }

  get isReading(): boolean {
    return this.#session !== null;
  }

  follow(message: ControllerMessage): void {
    if (message.kind === 'assign') this.#assigned = message.edge;
  }

  /** When its next answer begins or its present one ends. */
  get turnsAtMs(): number {
    return this.#session === null ? this.#nextMs : this.#session.startMs + answerTokens * tokenMs;
  }

  /** Begins its next answer, or ends its present one. */
  turn(nowMs: number): void {
    if (this.#session !== null) {
      this.#session = null;
      this.#nextMs = nowMs + 2 * thinkMs * this.#random.uniform();
    } else if (this.#assigned !== null) {
      this.#answers += 1;
      const number = this.#number * 65_536 + this.#answers;
      this.#session = { id: number.toString(16).padStart(32, '0'), startMs: nowMs };
    } else this.#nextMs = nowMs + thinkMs;
  }

  report(nowMs: number): Unnumbered<DeviceReport> {
    this.#walk(nowMs);
    this.#measure(nowMs);
    const session = this.#session;
    return {
      kind: 'device-report',
      tokenizerHash: crowdTokenizer,
      fingerprint: session === null ? null : 'crowd',
      links: this.#links,
      draftMs: this.#draftMs,
      acceptance: 0.6 + 0.2 * Math.sin(this.#number),
      battery: 1,
      session: session === null ? null : this.#reading(session, nowMs),
      uplinkUse: null,
      feltMsPerToken: session === null ? null : tokenMs * (0.9 + 0.2 * this.#random.uniform()),
      place: { xM: this.#x, yM: this.#y },
    };
  }

  #reading({ id, startMs }: { readonly id: string; readonly startMs: number }, nowMs: number): SessionReport {
    const writtenTokens = Math.min(answerTokens, Math.floor(Math.max(0, nowMs - startMs) / tokenMs));
    return { session: id, edge: this.#assigned, promptTokens, writtenTokens, answerTokens };
  }

  #walk(nowMs: number): void {
    const metres = (walkMPerS * (nowMs - this.#atMs)) / 1000;
    this.#atMs = nowMs;
    this.#direction += 0.2 * (this.#random.uniform() - 0.5);
    const { columns, edges } = this.#town;
    this.#x = within(this.#x + metres * Math.cos(this.#direction), columns * spacingM);
    this.#y = within(this.#y + metres * Math.sin(this.#direction), Math.ceil(edges / columns) * spacingM);
  }

  /** Devices begin at different times. */
  #measure(nowMs: number): void {
    if (nowMs < this.#measuresAtMs) return;
    const isFirst = this.#links.length === 0;
    this.#measuresAtMs = nowMs + measureEveryMs * (isFirst ? this.#random.uniform() : 1);
    this.#links = this.#near();
  }

  #near(): LinkReport[] {
    const { columns, edges } = this.#town;
    const [column, row] = [Math.floor(this.#x / spacingM), Math.floor(this.#y / spacingM)];
    const near: { readonly edge: number; readonly squares: number }[] = [];
    for (let y = Math.max(0, row - 1); y <= row + 1; y += 1) {
      for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x += 1) {
        const edge = y * columns + x;
        if (edge >= edges) continue;
        const { xM, yM } = placeOf(this.#town, edge);
        near.push({ edge, squares: Math.hypot(this.#x - xM, this.#y - yM) / spacingM });
      }
    }
    near.sort((one, other) => one.squares - other.squares);
    return near.slice(0, linksOfDevice).map(({ edge, squares }) => ({
      edge: crowdEdgeId(edge),
      roundTripMs: Math.round(100 * (4 + 6 * squares + 2 * this.#random.uniform())) / 100,
      bitsPerSecond: Math.round(40e6 / (1 + 4 * squares * squares)),
    }));
  }
}

/** A walk turns back at the end of the town. */
function within(value: number, size: number): number {
  return Math.min(size - 1e-6, Math.max(0, value));
}
