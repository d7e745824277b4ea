// What edges and devices report, as the slot that policies decide: the same SlotState as in the simulator. docs/operate/controller.md has the list.
//
// The band of an edge is its link's capacity W in bit/s, with one bit per hertz. A link that carries b bit/s alone has the SNR 2^(b / W) - 1,
// so that its rate at the whole band, W log2(1 + SNR), is b. A window has eight tokens; the speed of a device or a server is given by times,
// so FLOP are nominal: a draft and a row have one GFLOP each.

import { partOfAnswerLeft } from '../felt/pace-model.ts';
import { listOf } from '../slot/columns.ts';
import type { PaceState } from '../slot/pace-state.ts';
import type { ObjectiveSettings, SlotState } from '../slot/slot-state.ts';
import type { Standing } from '../slot/standing.ts';
import type { ShutReason } from './controller-events.ts';
import type { DeviceReport, EdgeReport, LinkReport } from './messages.ts';

/** An edge in the slot, at the index of its place in the list. */
export interface LiveEdge {
  readonly id: string;
  readonly report: EdgeReport;
  /** Felt over predicted time of late: multiplies the times of its steps. */
  readonly correction: number;
}

export interface LiveDevice {
  readonly id: string;
  readonly report: DeviceReport;
  /** Id of its edge in the slot before; null: none. */
  readonly previousEdge: string | null;
  /** Mean length of its answers as a share of their limit; null: none has ended. */
  readonly lengthShare: number | null;
  /** Time between two tokens that was predicted last, ms; null: none was. */
  readonly predictedMs: number | null;
}

export interface LiveSettings {
  readonly slotMs: number;
  readonly slot: number;
  readonly kind: NonNullable<ObjectiveSettings['kind']>;
  readonly energyWeight: number;
  /** How long a gain lasts, ms: the mean time until the sessions of an edge change. */
  readonly gainLastsMs: number;
}

const nominalFlop = 1e9;
const windowTokens = 8;
/** Bytes of an opening without its prompt, of a token of the prompt, and of a draft's frame, all with headers. */
const openingBytes = 200;
const tokenBytes = 3;
const frameBytes = 55;
/** Rate of a link whose throughput is not measured: it is not what holds ids up. */
const unmeasuredBitsPerSecond = 20e6;
/** A link with less carries no session. */
const leastBitsPerSecond = 10_000;
/** Draft time and acceptance of a device that has not measured itself. */
const unmeasuredDraftMs = 20;
const unmeasuredAcceptance = 0.7;
/** Draft time of a device that does not draft. */
const noDraftMs = 60_000;
/** An answer's mean length, where only its limit is known. */
const partOfLimit = 0.5;
/** Prompt, and limit of the answer, of a device that has asked nothing yet, tokens. */
const unaskedPrompt = 100;
const unaskedLimit = 256;
/** Time between two tokens of a device about which nothing was predicted, ms. */
const unpredictedMs = 60;
/** The part of a prompt that an edge has evaluated before its first token, on average. */
const promptPartDone = 0.5;
const leastBattery = 0.01;
/** Relative grids of draft times and step times, and grid of acceptance: devices and edges that are alike share tables. */
const draftGrid = 1.05;
const stepGrid = 1.02;
const acceptanceGrid = 0.02;

/** All devices of the list are in the slot, at their indexes. */
export function liveSlot(
  edges: readonly LiveEdge[],
  devices: readonly LiveDevice[],
  { slot, slotMs, kind, energyWeight, gainLastsMs }: LiveSettings,
): SlotState {
  const indexOf = new Map(edges.map(({ id }, index) => [id, index]));
  const each = (read: (device: LiveDevice) => number): Float64Array => listOf(devices, read);
  const ofEdges = (read: (edge: LiveEdge) => number): Float64Array => listOf(edges, read);
  const bandwidthHz = ofEdges(({ report }) => report.bitsPerSecond);
  const { start, links } = candidateLinks(edges, devices, indexOf);
  const snr = listOf(links, ({ server, link }) => {
    const band = bandwidthHz[server] as number;
    return 2 ** (Math.min(band, link.bitsPerSecond ?? unmeasuredBitsPerSecond) / band) - 1;
  });
  const pace = paceOf(edges, devices, links, { indexOf, gainLastsMs });
  return {
    slot,
    seed: 1,
    slotMs,
    deviceCount: devices.length,
    serverCount: edges.length,
    objective: {
      kind,
      lambdaPerMs: 1e-5,
      energyWeight,
      energyModel: 'airtime',
      radioModel: 'fixed-snr',
      computeEnergyPerFlop: 4e-11,
      transmitEnergyFactor: 2.6,
      minimumSnr: Number.MIN_VALUE,
    },
    payloadBits: each(() => windowTokens * 8 * frameBytes),
    deviceFlop: each(() => windowTokens * nominalFlop),
    edgeFlop: each(() => windowTokens * nominalFlop),
    deviceFlopPerSecond: each((device) => (1e3 * nominalFlop) / draftMsOf(device)),
    transmitPowerW: each(() => 0.2),
    battery: each(({ report }) => Math.max(leastBattery, report.battery)),
    deviceX: each(({ report }) => report.place?.xM ?? 0),
    deviceY: each(({ report }) => report.place?.yM ?? 0),
    serverFlopPerSecond: ofEdges(({ report }) => (1e3 * nominalFlop) / report.stepRowMs),
    bandwidthHz,
    queueDelayMs: ofEdges(({ report }) => (slotMs * report.waiting) / report.places),
    serverX: ofEdges(({ report }) => report.place?.xM ?? 0),
    serverY: ofEdges(({ report }) => report.place?.yM ?? 0),
    candidates: { start, server: Int32Array.from(links, ({ server }) => server) },
    gain: snr.map((one) => one / 0.2),
    snr,
    previousServer: Int32Array.from(devices, ({ previousEdge }) => indexOf.get(previousEdge ?? '') ?? -1),
    pace,
  };
}

interface Candidate {
  readonly server: number;
  readonly link: LinkReport;
}

/** The links over which an edge can write a device's text, by device, and then by server. */
function candidateLinks(
  edges: readonly LiveEdge[],
  devices: readonly LiveDevice[],
  indexOf: ReadonlyMap<string, number>,
): { readonly start: Int32Array; readonly links: readonly Candidate[] } {
  const start = new Int32Array(devices.length + 1);
  const links: Candidate[] = [];
  for (const [index, device] of devices.entries()) {
    const first = start[index] as number;
    for (const link of device.report.links) {
      const server = indexOf.get(link.edge);
      const isLink = (link.bitsPerSecond ?? unmeasuredBitsPerSecond) >= leastBitsPerSecond;
      if (isLink && server !== undefined && canWrite(edges[server] as LiveEdge, device))
        insert(links, first, { server, link });
    }
    start[index + 1] = links.length;
  }
  return { start, links };
}

/** Puts a link among those of its device, which begin at `first`. Of two to one server the later one counts. */
function insert(links: Candidate[], first: number, link: Candidate): void {
  let at = links.length;
  while (at > first && (links[at - 1] as Candidate).server > link.server) at--;
  if (at > first && (links[at - 1] as Candidate).server === link.server) {
    links[at - 1] = link;
    return;
  }
  links.push(link);
  for (let later = links.length - 1; later > at; later--) links[later] = links[later - 1] as Candidate;
  links[at] = link;
}

/** Whether an edge may write a device's text. */
export function canWrite(edge: LiveEdge, { report }: LiveDevice): boolean {
  const { session, fingerprint, tokenizerHash } = report;
  const shut = whyShut(edge);
  if (shut === 'draining' || edge.report.tokenizerHash !== tokenizerHash) return false;
  const hasText = session !== null && session.writtenTokens > 0 && fingerprint !== null;
  if (hasText && fingerprint !== edge.report.fingerprint) return false;
  // A full edge takes no new session.
  return session?.edge === edge.id || shut === null;
}

export function shutEdges(edges: readonly LiveEdge[]): { readonly edge: string; readonly why: ShutReason }[] {
  return edges.flatMap((edge) => {
    const why = whyShut(edge);
    return why === null ? [] : [{ edge: edge.id, why }];
  });
}

/** Null: it takes another session. */
function whyShut({ report }: LiveEdge): ShutReason | null {
  if (report.isDraining) return 'draining';
  return report.sessions < report.places ? null : 'full';
}

function paceOf(
  edges: readonly LiveEdge[],
  devices: readonly LiveDevice[],
  links: readonly Candidate[],
  { indexOf, gainLastsMs }: { readonly indexOf: ReadonlyMap<string, number>; readonly gainLastsMs: number },
): PaceState {
  const each = (read: (device: LiveDevice) => number): Float64Array => listOf(devices, read);
  const promptOf = ({ report: { session } }: LiveDevice): number => session?.promptTokens ?? unaskedPrompt;
  // A text that no edge has is to be evaluated as a whole.
  const promptDone = (device: LiveDevice): number => Math.max(0, evaluated(device) - writtenOf(device));
  return {
    draftMs: each(draftMsOf),
    acceptance: each(acceptanceOf),
    promptTokens: each((device) => promptOf(device) + writtenOf(device) - evaluated(device)),
    promptTokensDone: each(promptDone),
    answerTokens: each(answerOf),
    isTypical: false,
    textServer: Int32Array.from(devices, (device) =>
      evaluated(device) > 0 ? (indexOf.get(textEdge(device) ?? '') ?? -1) : -1,
    ),
    textTokens: each((device) => evaluated(device) * moveWeight(device, gainLastsMs)),
    promptBits: each((device) => 8 * (openingBytes + tokenBytes * promptOf(device))),
    frameBits: each(() => 8 * frameBytes),
    draftFlop: each(() => nominalFlop),
    stepFixedMs: Float64Array.from(edges, ({ report, correction }) =>
      onGrid(correction * report.stepFixedMs, stepGrid),
    ),
    stepRowMs: Float64Array.from(edges, ({ report, correction }) => onGrid(correction * report.stepRowMs, stepGrid)),
    roundTripMs: 10,
    linkRoundTripMs: listOf(links, ({ link }) => link.roundTripMs),
    maxAhead: 24,
    standings: devices.map((device) => standingOf(device, edges, indexOf)),
  };
}

/** The weights of sessions on an edge are not reported: all count as the same. */
function standingOf(device: LiveDevice, edges: readonly LiveEdge[], indexOf: ReadonlyMap<string, number>): Standing {
  const { session } = device.report;
  const server = indexOf.get(textEdge(device) ?? '');
  const written = writtenOf(device);
  const prompt = session?.promptTokens ?? unaskedPrompt;
  const leftTokens = written > 0 ? 0 : prompt - evaluated(device);
  const rest = { textTokens: prompt + written, wasCutOff: false, isUnread: written === 0 };
  if (server === undefined) return { texts: [], ...rest };
  const share = 1 / Math.max(1, edges[server]?.report.sessions ?? 1);
  return { texts: [{ server, leftTokens, aheadTokens: 0, fromMs: 0, share }], ...rest };
}

function writtenOf({ report: { session } }: LiveDevice): number {
  return session?.writtenTokens ?? 0;
}

/** Where the session's text is. An answer that begins is on its way to the edge that its device got before. */
function textEdge({ report: { session }, previousEdge }: LiveDevice): string | null {
  if (session === null) return null;
  return session.edge ?? (session.writtenTokens === 0 ? previousEdge : null);
}

/** Tokens of the session's text that its edge has evaluated. */
function evaluated(device: LiveDevice): number {
  const { session } = device.report;
  if (session === null || textEdge(device) === null) return 0;
  const { promptTokens, writtenTokens } = session;
  return writtenTokens > 0 ? promptTokens + writtenTokens : promptPartDone * promptTokens;
}

/** Its expected length, tokens: of what its limit leaves, the share that its answers have. */
function answerOf(device: LiveDevice): number {
  const written = writtenOf(device);
  const limit = Math.max(written, device.report.session?.answerTokens ?? unaskedLimit);
  return Math.max(1, written + (device.lengthShare ?? partOfLimit) * (limit - written));
}

/**
 * A move has to pay within the tokens for which its gain lasts: the rest of the answer, or those until the sessions of its edge change.
 * The pace model charges it to `partOfAnswerLeft` of the answer.
 */
function moveWeight(device: LiveDevice, gainLastsMs: number): number {
  const left = Math.max(1, answerOf(device) - writtenOf(device));
  const tokens = Math.min(left, Math.max(1, gainLastsMs / (device.predictedMs ?? unpredictedMs)));
  return (partOfAnswerLeft * answerOf(device)) / tokens;
}

function draftMsOf({ report: { draftMs, acceptance } }: LiveDevice): number {
  if (draftMs === null) return acceptance === 0 ? noDraftMs : unmeasuredDraftMs;
  return onGrid(draftMs, draftGrid);
}

function onGrid(ms: number, ratio: number): number {
  return ratio ** Math.round(Math.log(ms) / Math.log(ratio));
}

function acceptanceOf({ report: { acceptance } }: LiveDevice): number {
  if (acceptance === null) return unmeasuredAcceptance;
  return Math.min(1, acceptanceGrid * Math.round(acceptance / acceptanceGrid));
}
