// Many sessions on one edge in virtual time: the real scheduler and the protocol's machines, one engine, one link and one draft model for each
// device. It knows no rival.

import {
  type DeviceWorld,
  type Emission,
  VirtualDevice,
  type VirtualDeviceSettings,
} from '../../../simulator/virtual-time/device.ts';
import { type EdgeObserver, VirtualEdge, type VirtualEdgeSettings } from '../../../simulator/virtual-time/edge.ts';
import { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { protocolMachines } from '../../../simulator/virtual-time/machines.ts';
import type { VirtualDrafter, VirtualTarget } from '../../../simulator/virtual-time/model.ts';
import { type SessionSource, turnOf } from '../../../simulator/virtual-time/run-session.ts';
import { toyDrafter, toyEdgeDrafter } from '../../../simulator/virtual-time/toy-drafter.ts';
import { ToyTarget } from '../../../simulator/virtual-time/toy-target.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { completeSampling } from '../../../src/core/decoding/sampling.ts';
import type { DraftingAdvice } from '../../../src/core/protocol/device/drafting-advice.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { unlimitedRate } from '../../../src/core/protocol/wire/rate-limit.ts';
import { sizedWire } from '../../../src/core/protocol/wire/wire.ts';
import type { StepLimits } from '../../../src/core/scheduling/schedule-step.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { missShares } from './draft-tree.ts';
import type { StepLaw } from './metrics.ts';

export interface LoadedEdgeSettings extends Pick<VirtualEdgeSettings, 'edgeDraft'> {
  readonly target: VirtualTarget;
  /** 64 hex digits. */
  readonly tokenizerHash: string;
  readonly step: StepLaw;
  /** Step times are uniform in their mean * (1 ± timeJitter). */
  readonly timeJitter: number;
  /** Sessions that may write at the same time. */
  readonly capacity: number;
  /** Default: no step is limited; the scheduler takes the rows that are worth their time. */
  readonly limits?: Partial<StepLimits> | undefined;
  readonly random: Random;
}

const noLimits: StepLimits = { maxRows: 4096, usefulRows: 4096, prefillChunk: 512 };
const virtualParts = { machines: protocolMachines, wire: sizedWire } as const;

export function openLoadedEdge(
  queue: EventQueue,
  { step, timeJitter, limits, ...own }: LoadedEdgeSettings,
  observer: EdgeObserver = {},
): VirtualEdge {
  const engine = {
    stepTime: linearStepTime(step.fixedMs, step.perRowMs),
    stepJitter: timeJitter,
    limits: { ...noLimits, ...limits },
  };
  const fixed = { keepLostMs: 60_000, shareOf: () => 1, rate: unlimitedRate };
  return new VirtualEdge(queue, observer, { name: 'edge', engine, ...own, ...fixed, ...virtualParts });
}

/** An answer of a device on such an edge. */
export interface LoadedAnswer extends Pick<VirtualDeviceSettings, 'draftMs' | 'advice' | 'cutsChainsAtMs' | 'random'> {
  /** 32 hex digits, of its own. */
  readonly session: string;
  readonly mode: ModeName;
  readonly text: SessionSource['turn'];
  readonly drafter: VirtualDrafter;
  readonly roundTripMs: number;
  readonly maxAhead: number;
  /** Most alternatives that a pass of the draft extends beside the draft, each a tenth of a pass longer; 0: the device does not hedge. */
  readonly hedges: number;
  /** Draft times are uniform in their mean * (1 ± timeJitter). */
  readonly timeJitter: number;
  readonly linkSeed: number;
  /** Time to connect. Default: 0. */
  readonly connectMs?: number;
}

/** A device that connects now, and its answer. */
export function beginAnswer(
  queue: EventQueue,
  edge: VirtualEdge,
  answer: LoadedAnswer,
  observer: Pick<DeviceWorld, 'deviceEmits' | 'deviceStepped'>,
): VirtualDevice {
  const connect: DeviceWorld['connect'] = (_device, _edge, end) => {
    const opened = new VirtualLink(queue, { ...idealLink, roundTripMs: answer.roundTripMs, seed: answer.linkSeed });
    opened.join('device', end);
    edge.accept(opened);
    return opened;
  };
  const device = new VirtualDevice(queue, { connect, ...observer }, deviceSettings(edge, answer));
  device.connect('edge');
  return device;
}

function deviceSettings(edge: VirtualEdge, answer: LoadedAnswer): VirtualDeviceSettings {
  const { session, mode, text, drafter, draftMs, timeJitter, maxAhead, hedges, advice, cutsChainsAtMs } = answer;
  const { tokenizerHash } = edge.settings;
  return {
    name: `device ${session}`,
    turn: turnOf({ mode, hedges, turn: { session, conversation: session, tokenizerHash, maxAhead } }, text),
    drafter,
    draftMs,
    draftJitter: timeJitter,
    connectMs: answer.connectMs ?? 0,
    measuresRoundTrip: advice !== undefined,
    advice,
    cutsChainsAtMs,
    random: answer.random,
    ...virtualParts,
  };
}

export interface LoadSettings
  extends Pick<LoadedAnswer, 'mode' | 'roundTripMs' | 'draftMs' | 'timeJitter' | 'maxAhead' | 'hedges'> {
  /** One draft model of the edge for all sessions, with an accelerator of its own. Default: the edge has none. */
  readonly edgeDraft?: { readonly tokenCount: number; readonly tokenMs: number } | undefined;
  /** Switches the drafting of the device with this index. Default: drafting stays on. */
  readonly adviceOf?: ((index: number) => DraftingAdvice) | undefined;
  readonly sessionCount: number;
  readonly acceptance: number;
  readonly step: StepLaw;
  readonly tokens: number;
  readonly seed: number;
}

export interface LoadResult {
  /** Time per token of a session while all sessions write, mean over sessions. */
  readonly msPerToken: number;
  readonly rowsPerToken: number;
  readonly draftsPerToken: number;
  readonly timeToFirstTokenMs: number;
  /** Share of the steps of a session that have no draft to verify. */
  readonly stepsWithoutDrafts: number;
}

const tokenizerHash: string = 'ab'.repeat(32);
const vocabularySize = 49_152;
/** One token: no prompt is evaluated, so all sessions write from the first step on. */
const promptLength = 1;
/** Streams of createRandom: those of the devices come after all others. */
const firstDeviceStream = 100;

/** All sessions begin together, with texts of their own in the toy language. */
export function runLoad(settings: LoadSettings): LoadResult {
  const { sessionCount, tokens, maxAhead, seed, acceptance, step, timeJitter, edgeDraft, adviceOf } = settings;
  const queue = new EventQueue();
  const language = { seed, vocabularySize, endRate: 0, candidateCount: 4 };
  const target = new ToyTarget(language, promptLength + tokens + maxAhead);
  const edgeRandom = createRandom(seed, 2);
  const edgeDrafter = toyEdgeDrafter(target, acceptance, edgeRandom);
  const begun = { steps: 0, withoutDrafts: 0 };
  const own: LoadedEdgeSettings = {
    target,
    tokenizerHash,
    step,
    timeJitter,
    capacity: sessionCount,
    random: edgeRandom,
    edgeDraft: edgeDraft && { ...edgeDraft, edgeDrafter },
  };
  const edge = openLoadedEdge(queue, own, {
    edgeStepped: (_edge, _session, event) => {
      if (event?.kind !== 'step-started') return;
      begun.steps += 1;
      if (event.drafts === 0) begun.withoutDrafts += 1;
    },
  });
  const random = createRandom(seed, 1);
  const drafter = { agreement: acceptance, redraws: null, seed, runnerUpAgreement: missShares };
  const emissions: Emission[][] = Array.from({ length: sessionCount }, () => []);
  const devices = emissions.map((emitted, index) => {
    const prompt = Array.from({ length: promptLength }, () => 1 + random.integer(vocabularySize - 1));
    const answer: LoadedAnswer = {
      ...settings,
      session: index.toString(16).padStart(32, '0'),
      text: { prompt, sampling: completeSampling(undefined), endIds: new Set<number>(), maxAnswerTokens: tokens },
      drafter: toyDrafter(target, drafter),
      random: createRandom(seed, firstDeviceStream + index),
      linkSeed: seed + index,
      advice: adviceOf?.(index),
    };
    return beginAnswer(queue, edge, answer, { deviceEmits: (_, emission) => void emitted.push(emission) });
  });
  while (devices.every(({ state }) => state.outcome === null) && queue.runNext());
  // The others end here as well, with what they have measured.
  for (const device of devices) device.stop();
  const drafted = devices.reduce((sum, { state }) => sum + state.account.drafted, 0);
  const written = emissions.flat().reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return {
    msPerToken: timePerToken(emissions),
    rowsPerToken: edge.account.rows / written,
    draftsPerToken: drafted / written,
    timeToFirstTokenMs: mean(emissions.map(([first]) => first?.atMs ?? Number.NaN)),
    stepsWithoutDrafts: begun.withoutDrafts / begun.steps,
  };
}

/** Over the time in which all sessions write: from the last first token to the first last token. */
export function timePerToken(emissions: readonly (readonly Emission[])[]): number {
  const fromMs = Math.max(...emissions.map((own) => own[0]?.atMs ?? Number.NaN));
  const untilMs = Math.min(...emissions.map((own) => own.at(-1)?.atMs ?? Number.NaN));
  const times = emissions.map((own) => {
    const within = own.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs);
    const [first, last] = [within[0], within.at(-1)];
    if (first === undefined || last === undefined) return Number.NaN;
    const count = within.slice(1).reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    return (last.atMs - first.atMs) / count;
  });
  return mean(times);
}
