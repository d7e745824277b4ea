// One device and one edge on a good day in virtual time: how fast a mode is for a given network, draft and step law. A bench of
// milliseconds of machine time; nothing here can fail.

import { invariant } from '../basics/invariant.ts';
import { createRandom } from '../basics/philox.ts';
import { neutralSampling, type Sampling } from '../decoding/sampling.ts';
import type { StepLimits } from '../decoding/schedule-step.ts';
import { linearStepTime } from '../decoding/step-time.ts';
import type { TurnRequest } from '../protocol/device-state.ts';
import type { LinkSettings } from '../protocol/link-model.ts';
import { idealLink } from '../protocol/link-model-settings.ts';
import type { TurnAccount } from '../protocol/messages.ts';
import type { PacingName } from '../protocol/pacing.ts';
import type { RateLimitSettings } from '../protocol/rate-limit.ts';
import { EventQueue } from './event-queue.ts';
import { protocolMachines } from './machines.ts';
import { ToyTarget } from './toy-target.ts';
import { type DeviceWorld, type Emission, VirtualDevice, type VirtualDeviceSettings } from './virtual-device.ts';
import { type EdgeObserver, type GuessSettings, VirtualEdge, type VirtualEdgeSettings } from './virtual-edge.ts';
import { type LaneTraffic, VirtualLink } from './virtual-link.ts';

export interface SessionSettings {
  readonly pacing: PacingName;
  readonly seed: number;
  readonly roundTripMs: number;
  /** Rates, jitter and outages of the link; default: none. */
  readonly link?: Partial<LinkSettings>;
  /** How often a draft is the target's own choice, each independently; [0, 1]. */
  readonly acceptance: number;
  readonly draftMs: number;
  /** A step of n rows takes fixedMs + n * perRowMs. */
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
  /** Draft and step times are uniform within this share, up and down; default 0.2. */
  readonly timeJitter?: number;
  /** Default 400. */
  readonly answerTokens?: number;
  /** Default 1: nothing to evaluate before the first step. */
  readonly promptTokens?: number;
  /** Default 49,152. */
  readonly vocabularySize?: number;
  readonly sampling?: Sampling;
  readonly limits?: Partial<StepLimits>;
  /** The edge's own drafts in modes that have them; default: 4 tokens at `acceptance`, 0 ms. */
  readonly guess?: Partial<GuessSettings>;
  /** Any other field of the turn: maxAhead, windowSize, minChainConfidence, ... */
  readonly turn?: Partial<TurnRequest>;
}

/** Times count from the moment at which the device has its connection and opens. */
export interface SessionResult {
  readonly answerTokens: number;
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
  const { seed, answerTokens = 400 } = settings;
  const queue = new EventQueue();
  const vocabularySize = settings.vocabularySize ?? 49_152;
  const turn = turnOf(settings, answerTokens, vocabularySize);
  const language = { seed, vocabularySize, endRate: 0, candidateCount: 4 };
  const target = new ToyTarget(language, turn.prompt.length + answerTokens + turn.maxAhead);
  // What a lane has carried when the first frame that is neither greeting nor opening goes onto it.
  let opening: LaneTraffic | undefined;
  let greeting: LaneTraffic | undefined;
  const observer: EdgeObserver = {
    edgeSends(_edge, link, message) {
      if (message.kind !== 'hello') greeting ??= { ...link.traffic('down') };
    },
  };
  const edge = new VirtualEdge(queue, observer, edgeSettings(settings, target));
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
  const device = new VirtualDevice(queue, { connect, deviceSends }, deviceSettings(settings, target, turn));
  device.connect('edge');
  const limitMs = 10_000 + 20 * answerTokens * (settings.roundTripMs + settings.step.fixedMs + settings.draftMs);
  while (device.state.outcome === null && queue.nowMs() < limitMs && queue.runNext());
  const result = resultOf(device, edge, used, target.write(turn).ids);
  return { ...result, opening: opening ?? result.up, greeting: greeting ?? result.down };
}

function turnOf(settings: SessionSettings, maxAnswerTokens: number, vocabularySize: number): TurnRequest {
  const random = createRandom(settings.seed, 1);
  return {
    session: '00'.repeat(16),
    conversation: '00'.repeat(16),
    credentials: '',
    tokenizerHash,
    pacing: settings.pacing,
    sampling: settings.sampling ?? neutralSampling,
    stopStrings: [],
    maxAnswerTokens,
    window: 256,
    maxAhead: 24,
    prompt: Array.from({ length: settings.promptTokens ?? 1 }, () => 1 + random.integer(vocabularySize - 1)),
    endIds: new Set(),
    minChainConfidence: 0,
    windowSize: 4,
    ...settings.turn,
  };
}

function edgeSettings(settings: SessionSettings, target: ToyTarget): VirtualEdgeSettings {
  const { fixedMs, perRowMs } = settings.step;
  return {
    name: 'edge',
    target,
    engine: {
      stepTime: linearStepTime(fixedMs, perRowMs),
      stepJitter: settings.timeJitter ?? 0.2,
      limits: { maxRows: 32, usefulRows: 32, prefillChunk: 63, ...settings.limits },
    },
    capacity: 1,
    keepLostMs: 60_000,
    shareOf: () => 1,
    rate: unlimited,
    tokenizerHash,
    guess: { tokenCount: 4, agreement: settings.acceptance, tokenMs: 0, ...settings.guess },
    random: createRandom(settings.seed, 2),
    machines: protocolMachines,
  };
}

/** Drafts may be quicker here than on any device. */
const unlimited: RateLimitSettings = {
  framesPerSecond: 1e9,
  bytesPerSecond: 1e12,
  burstFrames: 1e9,
  burstBytes: 1e12,
};

function deviceSettings(settings: SessionSettings, target: ToyTarget, turn: TurnRequest): VirtualDeviceSettings {
  return {
    name: 'device',
    turn,
    target,
    drafter: { agreement: settings.acceptance, whim: null, seed: settings.seed },
    draftMs: settings.draftMs,
    draftJitter: settings.timeJitter ?? 0.2,
    connectMs: 0,
    random: createRandom(settings.seed, 3),
    machines: protocolMachines,
  };
}

function resultOf(
  device: VirtualDevice,
  edge: VirtualEdge,
  link: VirtualLink | undefined,
  reference: readonly number[],
): Omit<SessionResult, 'opening' | 'greeting'> {
  const { outcome, text, turn, account: drafts } = device.state;
  invariant(outcome?.kind === 'ended' && link !== undefined, `the session has not ended: ${JSON.stringify(outcome)}`);
  const ids = text.slice(0);
  invariant(
    ids.length === reference.length && ids.every((id, index) => id === reference[index]),
    'another text than the target writes',
  );
  const { emissions } = device;
  const answerTokens = text.length - turn.prompt.length;
  const durationMs = emissions.at(-1)?.atMs ?? 0;
  return {
    answerTokens,
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
