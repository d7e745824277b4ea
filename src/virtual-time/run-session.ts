// One device and one edge on a good day in virtual time: how fast a mode is for a given network, draft and step law. A bench of
// milliseconds of machine time; nothing here can fail.

import { invariant } from '../basics/invariant.ts';
import { createRandom, type Random } from '../basics/philox.ts';
import { neutralSampling, type Sampling } from '../decoding/sampling.ts';
import type { TurnRequest } from '../protocol/device-state.ts';
import type { LinkSettings } from '../protocol/link-model.ts';
import { idealLink } from '../protocol/link-model-settings.ts';
import type { TurnAccount } from '../protocol/messages.ts';
import type { ModeName } from '../protocol/mode.ts';
import type { RateLimitSettings } from '../protocol/rate-limit.ts';
import { byteWire } from '../protocol/wire.ts';
import type { StepLimits } from '../scheduling/schedule-step.ts';
import { linearStepTime } from '../scheduling/step-time.ts';
import { type DeviceWorld, type Emission, VirtualDevice, type VirtualDeviceSettings } from './device.ts';
import { type EdgeObserver, VirtualEdge, type VirtualEdgeSettings } from './edge.ts';
import { EventQueue } from './event-queue.ts';
import { type LaneTraffic, VirtualLink } from './link.ts';
import { protocolMachines } from './machines.ts';
import type { VirtualDrafter, VirtualEdgeDrafter, VirtualLookUp, VirtualTarget } from './model.ts';
import { SourcedDrafter } from './sourced-drafter.ts';
import { toyDrafter, toyEdgeDrafter } from './toy-drafter.ts';
import { ToyTarget } from './toy-target.ts';

/** How a session is decoded, whoever writes and drafts. */
export interface SessionConditions {
  readonly mode: ModeName;
  readonly seed: number;
  readonly roundTripMs: number;
  /** Rates, jitter and outages of the link; default: none. */
  readonly link?: Partial<LinkSettings>;
  /** What each draft puts on the air beside its id: payload law `q16` sends its whole distribution. Default 0. */
  readonly bytesPerDraft?: number;
  readonly draftMs: number;
  /** A step of n rows takes fixedMs + n * perRowMs. */
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
  /** Draft and step times are uniform within this share, up and down; default 0.2. */
  readonly timeJitter?: number;
  readonly limits?: Partial<StepLimits>;
  /** The edge's own drafts in modes that have them; default: 4 tokens, 0 ms each. */
  readonly edgeDraft?: { readonly tokenCount?: number; readonly tokenMs?: number };
  /** Tokens that the edge looks up at most for a step without drafts, mode `stream`; default 0. The source must be able to. */
  readonly lookUpTokens?: number;
  /** Whether the device looks back in the text before it asks its draft model; default false. */
  readonly deviceLooksUp?: boolean;
  /** Whether the device stops a chain that is not worth its time any more; default false. */
  readonly cutsChains?: boolean;
  /** Whether the edge takes every draft at hand, as if rows were free; default: those that pay. */
  readonly admitsAll?: boolean;
  /** Whether the device gives up a draft in flight at a roll-back; no live engine can. Default: false. */
  readonly abortsDrafts?: boolean;
  /** Any other field of the turn: maxAhead, draftLength, minChainConfidence, ... */
  readonly turn?: Partial<TurnRequest>;
}

/** A session in the toy language. */
export interface SessionSettings extends SessionConditions {
  /** How often a draft is the target's own choice, each independently; [0, 1]. */
  readonly acceptance: number;
  /** Default 400. */
  readonly answerTokens?: number;
  /** Default 1: nothing to evaluate before the first step. */
  readonly promptTokens?: number;
  /** Default 49,152. */
  readonly vocabularySize?: number;
  readonly sampling?: Sampling;
}

/** Who writes and who drafts: the toy language, a recorded trace, real models. */
export interface SessionSource {
  readonly turn: Pick<TurnRequest, 'prompt' | 'sampling' | 'endIds' | 'maxAnswerTokens'>;
  readonly target: VirtualTarget;
  readonly drafter: VirtualDrafter;
  /** The edge's own draft. */
  readonly edgeDrafter: VirtualEdgeDrafter;
  /** The edge's look-up. */
  readonly lookUp?: VirtualLookUp;
  /** Prompt and answer, which the session has to end with; undefined where nobody knows them beforehand. */
  readonly reference?: readonly number[];
}

/** Times count from the moment at which the device has its connection and opens. */
export interface SessionResult {
  readonly answerTokens: number;
  /** Prompt and answer. */
  readonly ids: readonly number[];
  /** The last token came to the device. */
  readonly durationMs: number;
  readonly msPerToken: number;
  readonly emissions: readonly Emission[];
  /** The greeting and the opening with the prompt included. */
  readonly up: Readonly<LaneTraffic>;
  readonly down: Readonly<LaneTraffic>;
  /** Of them: the device's opening with the prompt, and the edge's greeting. */
  readonly opening: Readonly<LaneTraffic>;
  readonly greeting: Readonly<LaneTraffic>;
  /** The edge's own count. */
  readonly account: TurnAccount;
  /** Rows that the engine evaluated, one of each step not a draft. */
  readonly rows: number;
  readonly engineBusyMs: number;
  /** By the device: drafts made, sent, right, wrong. */
  readonly drafts: {
    readonly drafted: number;
    readonly sent: number;
    readonly matched: number;
    readonly mismatched: number;
  };
}

const tokenizerHash: string = 'ab'.repeat(32);

/** @throws InvariantError if the text does not end, or is not the target's own: a bug of ours. */
export function runSession(settings: SessionSettings): SessionResult {
  const { seed, acceptance, answerTokens = 400, vocabularySize = 49_152, sampling = neutralSampling } = settings;
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
    drafter: toyDrafter(target, { agreement: acceptance, whim: null, seed }),
    edgeDrafter: toyEdgeDrafter(target, acceptance, edgeRandom),
    reference: target.write(turn).ids,
  };
  return decode(settings, source, edgeRandom);
}

/** The same with any source. @throws InvariantError if the text does not end, or is not the reference: a bug of ours. */
export function runSourceSession(conditions: SessionConditions, source: SessionSource): SessionResult {
  return decode(conditions, source, createRandom(conditions.seed, 2));
}

function decode(settings: SessionConditions, source: SessionSource, edgeRandom: Random): SessionResult {
  const { seed } = settings;
  const queue = new EventQueue();
  const turn = turnOf(settings, source.turn);
  // What a lane has carried when the first frame that is neither greeting nor opening goes onto it.
  let opening: LaneTraffic | undefined;
  let greeting: LaneTraffic | undefined;
  const observer: EdgeObserver = {
    edgeSends(_edge, link, message) {
      if (message.kind !== 'hello') greeting ??= { ...link.traffic('down') };
    },
  };
  const edge = new VirtualEdge(queue, observer, edgeSettings(settings, source, edgeRandom));
  const link = { ...idealLink, roundTripMs: settings.roundTripMs, seed, ...settings.link };
  let used: VirtualLink | undefined;
  const connect: DeviceWorld['connect'] = (_device, _edge, end) => {
    const opened = new VirtualLink(queue, link);
    used = opened;
    opened.join('device', end);
    edge.accept(opened);
    return opened;
  };
  const deviceSends: DeviceWorld['deviceSends'] = (_device, link, message) => {
    if (message.kind !== 'open') opening ??= { ...link.traffic('up') };
  };
  const { bytesPerDraft = 0 } = settings;
  const bytesAlong: DeviceWorld['bytesAlong'] = (message) =>
    message.kind === 'draft' ? bytesPerDraft * message.tokens.length : 0;
  const emissions: Emission[] = [];
  const deviceEmits = (_device: VirtualDevice, emission: Emission): void => void emissions.push(emission);
  const world = { connect, deviceSends, bytesAlong, deviceEmits };
  const device = new VirtualDevice(queue, world, deviceSettings(settings, source, turn));
  device.connect('edge');
  const airMs = (8e3 * bytesPerDraft * turn.maxAhead) / link.uplinkBitsPerSecond;
  const limitMs =
    10_000 + 20 * turn.maxAnswerTokens * (settings.roundTripMs + settings.step.fixedMs + settings.draftMs + airMs);
  while (device.state.outcome === null && queue.nowMs() < limitMs && queue.runNext());
  const result = resultOf(device, edge, used, emissions, source.reference);
  return { ...result, opening: opening ?? result.up, greeting: greeting ?? result.down };
}

function turnOf(settings: SessionConditions, text: SessionSource['turn']): TurnRequest {
  return {
    session: '00'.repeat(16),
    conversation: '00'.repeat(16),
    credentials: '',
    tokenizerHash,
    mode: settings.mode,
    stopStrings: [],
    flowControlWindow: 256,
    maxAhead: 24,
    minChainConfidence: 0,
    draftLength: 4,
    ...text,
    ...settings.turn,
  };
}

function edgeSettings(settings: SessionConditions, source: SessionSource, random: Random): VirtualEdgeSettings {
  const { fixedMs, perRowMs } = settings.step;
  const { lookUpTokens = 0 } = settings;
  invariant(lookUpTokens === 0 || source.lookUp !== undefined, 'this source has nothing to look up in');
  const lookUp = source.lookUp === undefined ? {} : { lookUp: { source: source.lookUp, tokenCount: lookUpTokens } };
  return {
    name: 'edge',
    target: source.target,
    engine: {
      stepTime: linearStepTime(fixedMs, perRowMs),
      ...(settings.admitsAll === true ? { judgedStepTime: linearStepTime(1, 0) } : {}),
      stepJitter: settings.timeJitter ?? 0.2,
      limits: { maxRows: 32, usefulRows: 32, prefillChunk: 63, ...settings.limits },
      ...(lookUpTokens === 0 ? {} : lookUp),
    },
    capacity: 1,
    keepLostMs: 60_000,
    shareOf: () => 1,
    rate: unlimited,
    tokenizerHash,
    edgeDraft: { edgeDrafter: source.edgeDrafter, tokenCount: 4, tokenMs: 0, ...settings.edgeDraft },
    random,
    machines: protocolMachines,
    wire: byteWire,
  };
}

/** Drafts may be quicker here than on any device. */
const unlimited: RateLimitSettings = {
  framesPerSecond: 1e9,
  bytesPerSecond: 1e12,
  burstFrames: 1e9,
  burstBytes: 1e12,
};

function deviceSettings(settings: SessionConditions, source: SessionSource, turn: TurnRequest): VirtualDeviceSettings {
  return {
    name: 'device',
    turn,
    drafter: settings.deviceLooksUp === true ? new SourcedDrafter(source.drafter) : source.drafter,
    cutsChainsAtMs: settings.cutsChains === true ? settings.roundTripMs : undefined,
    draftMs: settings.draftMs,
    draftJitter: settings.timeJitter ?? 0.2,
    abortsDrafts: settings.abortsDrafts === true,
    connectMs: 0,
    random: createRandom(settings.seed, 3),
    machines: protocolMachines,
    wire: byteWire,
  };
}

function resultOf(
  device: VirtualDevice,
  edge: VirtualEdge,
  link: VirtualLink | undefined,
  emissions: readonly Emission[],
  reference: readonly number[] | undefined,
): Omit<SessionResult, 'opening' | 'greeting'> {
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
