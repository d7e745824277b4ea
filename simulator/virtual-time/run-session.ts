// Runs one session of one device and one edge in virtual time, without faults: measures how fast a mode is for a given network, draft and
// step law.

import { defined } from '../../src/core/basics/defined.ts';
import { invariant } from '../../src/core/basics/invariant.ts';
import { createRandom, type Random } from '../../src/core/basics/philox.ts';
import { completeSampling, type SamplingOptions } from '../../src/core/decoding/sampling.ts';
import type { DraftAccount, TurnRequest } from '../../src/core/protocol/device/device-state.ts';
import type { DraftingAdvice } from '../../src/core/protocol/device/drafting-advice.ts';
import type { LinkSettings } from '../../src/core/protocol/wire/link-model.ts';
import { idealLink } from '../../src/core/protocol/wire/link-model-settings.ts';
import type { TurnAccount } from '../../src/core/protocol/wire/messages.ts';
import type { ModeName } from '../../src/core/protocol/wire/mode.ts';
import { unlimitedRate } from '../../src/core/protocol/wire/rate-limit.ts';
import { byteWire, type Wire } from '../../src/core/protocol/wire/wire.ts';
import type { StepLimits } from '../../src/core/scheduling/schedule-step.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import {
  type DeviceWorld,
  type Emission,
  VirtualDevice,
  type VirtualDeviceSettings,
  type WidthCost,
} from './device.ts';
import { type EdgeObserver, VirtualEdge, type VirtualEdgeDraftSettings, type VirtualEdgeSettings } from './edge.ts';
import { EventQueue } from './event-queue.ts';
import { type LaneTraffic, type LinkEnd, VirtualLink } from './link.ts';
import { protocolMachines } from './machines.ts';
import type { VirtualDrafter, VirtualEdgeDrafter, VirtualLookUp, VirtualTarget } from './model.ts';
import { SourcedDrafter } from './sourced-drafter.ts';
import { type DrafterHints, toyDrafter, toyEdgeDrafter, twoClasses } from './toy-drafter.ts';
import { ToyTarget } from './toy-target.ts';

/** Conditions of a session, apart from its models. */
export interface SessionConditions {
  readonly mode: ModeName;
  readonly seed: number;
  readonly roundTripMs: number;
  /** Rates, jitter and outages of the link; default: none. */
  readonly link?: Partial<LinkSettings>;
  /** Bytes on the air for each draft beyond its id: payload law `q16` sends its whole distribution. Default 0. */
  readonly bytesPerDraft?: number;
  readonly draftMs: number;
  /** A step of n rows takes fixedMs + n * perRowMs. */
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
  /** Draft and step times are uniform in their mean * (1 ± timeJitter); default 0.2. */
  readonly timeJitter?: number;
  readonly limits?: Partial<StepLimits>;
  /** Edge drafts, in modes in which the edge drafts; default: 4 tokens, 0 ms each. Null: the edge has no draft model. */
  readonly edgeDraft?: Partial<Omit<VirtualEdgeDraftSettings, 'edgeDrafter'>> | null;
  /** Largest number of looked-up tokens for a step without drafts, mode `stream`; default 0. The source must have a lookup. */
  readonly lookUpTokens?: number;
  /** Whether the device tries lookup before its draft model; default false. */
  readonly deviceLooksUp?: boolean;
  /** Whether the device uses a chain cut; default false. */
  readonly cutsChains?: boolean;
  /** Most alternatives beside a draft, in modes that hedge; default 0: none. */
  readonly hedges?: number;
  /** After a draft of less confidence the device makes no other until the text has grown, so a window ends there; default 0: it does. */
  readonly minDraftConfidence?: number;
  /** As in `VirtualDeviceSettings`. A turn that sets `minHedgeChance` keeps it. */
  readonly widthCost?: WidthCost | undefined;
  /** Switches drafting on and off; the device then also measures its round trip. Default: drafting stays on. */
  readonly advice?: DraftingAdvice | undefined;
  /** Moves between two equal edges, as soon as the answer has so many tokens, in ascending order; default: none. */
  readonly movesAtTokens?: readonly number[];
  /** Default: encoded frames. */
  readonly wire?: Wire;
  /** Any other field of the turn: maxAhead, draftLength, minChainConfidence, ... */
  readonly turn?: Partial<TurnRequest>;
}

/** A session in the toy language. */
export interface SessionSettings extends SessionConditions {
  /** Probability, independent for each draft, that it is the target's own choice; [0, 1]. */
  readonly acceptance: number;
  /** The same of the edge's drafts; default: `acceptance`. */
  readonly edgeAcceptance?: number;
  /** The device's from this token of the answer on; default: as before it. */
  readonly laterAcceptance?: { readonly fromToken: number; readonly acceptance: number };
  /** Whether a draft's confidence, also an edge's, separates sure positions from unsure ones: {@link twoClasses}. Default: all are alike. */
  readonly hasClasses?: boolean;
  /** As in `DrafterSettings`; default: the drafter gives no second choice. */
  readonly runnerUpAgreement?: DrafterHints['runnerUpAgreement'];
  /** Default 400. */
  readonly answerTokens?: number;
  /** Default 1: no prefill. */
  readonly promptTokens?: number;
  /** Default 49,152. */
  readonly vocabularySize?: number;
  /** Fields that are left out are neutral. */
  readonly sampling?: SamplingOptions;
}

/** Text and models of a session: the toy language, a recorded trace, or real models. */
export interface SessionSource {
  readonly turn: Pick<TurnRequest, 'prompt' | 'sampling' | 'endIds' | 'maxAnswerTokens'>;
  readonly target: VirtualTarget;
  readonly drafter: VirtualDrafter;
  readonly edgeDrafter: VirtualEdgeDrafter;
  readonly lookUp?: VirtualLookUp;
  /** The expected prompt and answer; undefined if they are unknown. */
  readonly reference?: readonly number[];
}

/** Times count from the moment at which the device sends `open`. */
export interface SessionResult {
  readonly answerTokens: number;
  /** Prompt and answer. */
  readonly ids: readonly number[];
  /** Time of the last token on the device. */
  readonly durationMs: number;
  readonly msPerToken: number;
  readonly emissions: readonly Emission[];
  /** All traffic, with `hello` and `open`. */
  readonly up: Readonly<LaneTraffic>;
  readonly down: Readonly<LaneTraffic>;
  /** The part of `open` in `up`, and of `hello` in `down`. */
  readonly opening: Readonly<LaneTraffic>;
  readonly greeting: Readonly<LaneTraffic>;
  /** The edge's counts. */
  readonly account: TurnAccount;
  /** Rows that the engine evaluated: in each step one, and one for each draft. */
  readonly rows: number;
  readonly engineBusyMs: number;
  /** The device's counts. */
  readonly drafts: DraftAccount;
  /** Comparisons of edge drafts with the text, in modes in which the edge drafts. */
  readonly edgeDrafts: { readonly matched: number; readonly mismatched: number };
}

const tokenizerHash: string = 'ab'.repeat(32);

/** Runs a session in the toy language. @throws InvariantError if the text does not end or is not the target's own; that is a bug. */
export function runSession(settings: SessionSettings): SessionResult {
  const { seed, acceptance, edgeAcceptance = acceptance, answerTokens = 400, vocabularySize = 49_152 } = settings;
  const sampling = completeSampling(settings.sampling);
  const random = createRandom(seed, 1);
  const prompt = Array.from({ length: settings.promptTokens ?? 1 }, () => 1 + random.integer(vocabularySize - 1));
  const text = { prompt, sampling, endIds: new Set<number>(), maxAnswerTokens: answerTokens };
  const turn = turnOf(settings, text);
  const language = { seed, vocabularySize, endRate: 0, candidateCount: 4 };
  const target = new ToyTarget(language, turn.prompt.length + answerTokens + turn.maxAhead);
  const edgeRandom = createRandom(seed, 2);
  const source = {
    turn: text,
    target,
    drafter: drafterOf(settings, target, prompt.length),
    edgeDrafter: toyEdgeDrafter(target, edgeAcceptance, edgeRandom, toyHints(settings, edgeAcceptance)),
    reference: target.write(turn).ids,
  };
  return decode(settings, source, edgeRandom);
}

function drafterOf(settings: SessionSettings, target: ToyTarget, promptLength: number): VirtualDrafter {
  const { seed, acceptance, laterAcceptance: later } = settings;
  const drafterFor = (agreement: number): VirtualDrafter =>
    toyDrafter(target, { agreement, redraws: null, seed, ...toyHints(settings, acceptance) });
  const first = drafterFor(acceptance);
  if (later === undefined) return first;
  const second = drafterFor(later.acceptance);
  const from = promptLength + later.fromToken;
  return { draft: (state, ...more) => (state.text.length < from ? first : second).draft(state, ...more) };
}

function toyHints({ hasClasses, runnerUpAgreement }: SessionSettings, acceptance: number): DrafterHints {
  return {
    ...(hasClasses === true ? { classes: twoClasses(acceptance) } : {}),
    ...defined({ runnerUpAgreement }),
  };
}

/** Runs a session with any source. @throws InvariantError if the text does not end or is not the reference; that is a bug. */
export function runSourceSession(conditions: SessionConditions, source: SessionSource): SessionResult {
  return decode(conditions, source, createRandom(conditions.seed, 2));
}

function decode(settings: SessionConditions, source: SessionSource, edgeRandom: Random): SessionResult {
  const queue = new EventQueue();
  const turn = turnOf(settings, source.turn);
  // Traffic of a direction before its first frame other than `hello` and `open`.
  let opening: LaneTraffic | undefined;
  let greeting: LaneTraffic | undefined;
  let edgeDrafts = { matched: 0, mismatched: 0 };
  const observer: EdgeObserver = {
    edgeSends(_edge, link, message) {
      if (message.kind !== 'hello') greeting ??= { ...link.traffic('down') };
    },
    edgeStepped(_edge, { state: { edgeDraftsMatched: matched, edgeDraftsMismatched: mismatched } }) {
      edgeDrafts = { matched, mismatched };
    },
  };
  const { movesAtTokens = [] } = settings;
  const edge = new VirtualEdge(queue, observer, edgeSettings(settings, source, edgeRandom));
  const other = movesAtTokens.length === 0 ? edge : new VirtualEdge(queue, observer, otherEdge(edge));
  let used: VirtualLink | undefined;
  const connect: DeviceWorld['connect'] = (_device, name, end) => {
    used = linkTo(name === edge.settings.name ? edge : other, queue, end, settings);
    return used;
  };
  const deviceSends: DeviceWorld['deviceSends'] = (_device, link, message) => {
    if (message.kind !== 'open') opening ??= { ...link.traffic('up') };
  };
  const { bytesPerDraft = 0 } = settings;
  const bytesAlong: DeviceWorld['bytesAlong'] = (message) =>
    message.kind === 'draft' ? bytesPerDraft * message.tokens.length : 0;
  const emissions: Emission[] = [];
  let written = 0;
  let moves = 0;
  const deviceEmits = (_device: VirtualDevice, emission: Emission): void => {
    emissions.push(emission);
    written += emission.tokenCount;
    const atTokens = movesAtTokens[moves];
    if (atTokens === undefined || written < atTokens) return;
    moves += 1;
    device.connect((moves % 2 === 0 ? edge : other).settings.name);
  };
  const world = { connect, deviceSends, bytesAlong, deviceEmits };
  const device = new VirtualDevice(queue, world, deviceSettings(settings, source.drafter, turn));
  device.connect('edge');
  const limitMs = longestMs(settings, turn);
  while (device.state.outcome === null && queue.nowMs() < limitMs && queue.runNext());
  const result = resultOf(device, edge, used, emissions, source.reference);
  return { ...result, opening: opening ?? result.up, greeting: greeting ?? result.down, edgeDrafts };
}

/** A session that takes longer does not end by itself; that is a bug. Each token of the prompt may be a row of an expensive step. */
function longestMs(settings: SessionConditions, { prompt, maxAhead, maxAnswerTokens }: TurnRequest): number {
  const { roundTripMs, draftMs, step, bytesPerDraft = 0, link } = settings;
  const airMs = (8e3 * bytesPerDraft * maxAhead) / (link?.uplinkBitsPerSecond ?? idealLink.uplinkBitsPerSecond);
  const tokenMs = roundTripMs + draftMs + step.fixedMs + step.perRowMs + airMs;
  return 10_000 + 20 * maxAnswerTokens * tokenMs + 2 * prompt.length * (step.fixedMs + step.perRowMs);
}

/** A new link from a device to an edge. */
export function linkTo(
  edge: VirtualEdge,
  queue: EventQueue,
  end: LinkEnd,
  { roundTripMs, seed, link }: Pick<SessionConditions, 'roundTripMs' | 'seed' | 'link'>,
): VirtualLink {
  const opened = new VirtualLink(queue, { ...idealLink, roundTripMs, seed, ...link });
  opened.join('device', end);
  edge.accept(opened);
  return opened;
}

/** The request of a turn in virtual time. */
export function turnOf(
  settings: Pick<SessionConditions, 'mode' | 'hedges' | 'turn'>,
  text: SessionSource['turn'],
): TurnRequest {
  return {
    session: '00'.repeat(16),
    conversation: '00'.repeat(16),
    credentials: '',
    padding: 0,
    tokenizerHash,
    mode: settings.mode,
    stopStrings: [],
    flowControlWindow: 256,
    maxAhead: 24,
    minChainConfidence: 0,
    draftLength: 4,
    hedges: settings.hedges ?? 0,
    ...text,
    ...settings.turn,
  };
}

function edgeSettings(settings: SessionConditions, source: SessionSource, random: Random): VirtualEdgeSettings {
  const { lookUpTokens: tokenCount = 0 } = settings;
  const { target, lookUp } = source;
  invariant(tokenCount === 0 || lookUp !== undefined, 'this source has nothing to look up in');
  const { engine, ...plain } = plainEdge(settings);
  return {
    ...plain,
    target,
    engine: lookUp === undefined || tokenCount === 0 ? engine : { ...engine, lookUp: { source: lookUp, tokenCount } },
    capacity: 1,
    tokenizerHash,
    edgeDraft:
      settings.edgeDraft === null
        ? undefined
        : { edgeDrafter: source.edgeDrafter, tokenCount: 4, tokenMs: 0, ...settings.edgeDraft },
    random,
  };
}

/** The part of an edge's settings that does not depend on its texts and models. */
export function plainEdge({
  step,
  timeJitter = 0.2,
  limits,
  wire = byteWire,
}: Pick<SessionConditions, 'step' | 'timeJitter' | 'limits' | 'wire'>): Omit<
  VirtualEdgeSettings,
  'target' | 'capacity' | 'tokenizerHash' | 'edgeDraft' | 'random'
> {
  return {
    name: 'edge',
    engine: {
      stepTime: linearStepTime(step.fixedMs, step.perRowMs),
      stepJitter: timeJitter,
      limits: { maxRows: 32, usefulRows: 32, prefillChunk: 63, ...limits },
    },
    keepLostMs: 60_000,
    shareOf: () => 1,
    // Drafts may be faster here than on any real device.
    rate: unlimitedRate,
    machines: protocolMachines,
    wire,
  };
}

/** Another one with the same target, on the same kind of hardware. */
function otherEdge({ settings }: VirtualEdge): VirtualEdgeSettings {
  return { ...settings, name: 'other-edge', fingerprint: settings.name };
}

/** @param drafter the device's */
export function deviceSettings(
  settings: Omit<SessionConditions, 'step'>,
  drafter: VirtualDrafter,
  turn: TurnRequest,
): VirtualDeviceSettings {
  const { widthCost, advice, minDraftConfidence = 0, wire = byteWire } = settings;
  const sourced = settings.deviceLooksUp === true ? new SourcedDrafter(drafter) : drafter;
  return {
    name: 'device',
    turn,
    drafter: minDraftConfidence === 0 ? sourced : pausingDrafter(sourced, minDraftConfidence),
    cutsChainsAtMs: settings.cutsChains === true ? settings.roundTripMs : undefined,
    draftMs: settings.draftMs,
    draftJitter: settings.timeJitter ?? 0.2,
    judgesHedges: turn.minHedgeChance === undefined,
    widthCost,
    measuresRoundTrip: advice !== undefined,
    advice,
    connectMs: 0,
    random: createRandom(settings.seed, 3),
    machines: protocolMachines,
    wire,
  };
}

/** Waits for the verdict after a draft of less confidence than this. */
function pausingDrafter(drafter: VirtualDrafter, least: number): VirtualDrafter {
  return {
    draft: (state, ...more) => ((state.confidences.at(-1) ?? 1) < least ? null : drafter.draft(state, ...more)),
  };
}

function resultOf(
  device: VirtualDevice,
  edge: VirtualEdge,
  link: VirtualLink | undefined,
  emissions: readonly Emission[],
  reference: readonly number[] | undefined,
): Omit<SessionResult, 'opening' | 'greeting' | 'edgeDrafts'> {
  const { outcome, text, turn, account: drafts } = device.state;
  invariant(outcome?.kind === 'ended' && link !== undefined, `the session has not ended: ${JSON.stringify(outcome)}`);
  const ids = text.slice(0);
  invariant(
    reference === undefined || (ids.length === reference.length && ids.every((id, index) => id === reference[index])),
    'another text than the target writes',
  );
  const answerTokens = text.length - turn.prompt.length;
  const durationMs = emissions.at(-1)?.atMs ?? 0;
  return {
    answerTokens,
    ids,
    durationMs,
    msPerToken: durationMs / answerTokens,
    emissions,
    up: link.traffic('up'),
    down: link.traffic('down'),
    account: outcome.account,
    rows: edge.account.rows,
    engineBusyMs: edge.account.busyMs,
    drafts,
  };
}
