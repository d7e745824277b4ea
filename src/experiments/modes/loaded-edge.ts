// Many sessions on one edge in virtual time: the real scheduler and the protocol's machines, one engine, one link and one draft model for each
// device. It knows no rival.

import { createRandom } from '../../basics/philox.ts';
import { mean } from '../../basics/statistics.ts';
import { completeSampling } from '../../decoding/sampling.ts';
import type { DraftingAdvice } from '../../protocol/drafting-advice.ts';
import { idealLink } from '../../protocol/link-model-settings.ts';
import type { ModeName } from '../../protocol/mode.ts';
import { unlimitedRate } from '../../protocol/rate-limit.ts';
import { sizedWire } from '../../protocol/wire.ts';
import { linearStepTime } from '../../scheduling/step-time.ts';
import {
  type DeviceWorld,
  type Emission,
  VirtualDevice,
  type VirtualDeviceSettings,
} from '../../virtual-time/device.ts';
import { VirtualEdge } from '../../virtual-time/edge.ts';
import { EventQueue } from '../../virtual-time/event-queue.ts';
import { VirtualLink } from '../../virtual-time/link.ts';
import { protocolMachines } from '../../virtual-time/machines.ts';
import { toyDrafter, toyEdgeDrafter } from '../../virtual-time/toy-drafter.ts';
import { ToyTarget } from '../../virtual-time/toy-target.ts';
import { secondChoiceShare } from './draft-tree.ts';

export interface LoadSettings {
  readonly mode: ModeName;
  /** One draft model of the edge for all sessions, with an accelerator of its own. Default: the edge has none. */
  readonly edgeDraft?: { readonly tokenCount: number; readonly tokenMs: number };
  /** Switches the drafting of the device with this index. Default: drafting stays on. */
  readonly adviceOf?: (index: number) => DraftingAdvice;
  readonly sessionCount: number;
  readonly acceptance: number;
  readonly roundTripMs: number;
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
  readonly draftMs: number;
  readonly timeJitter: number;
  readonly tokens: number;
  readonly maxAhead: number;
  /** Most alternatives that a pass of the draft extends beside the draft, each a tenth of a pass longer; 0: the device does not hedge. */
  readonly hedges: number;
  readonly seed: number;
}

export interface LoadResult {
  /** Time per token of a session while all sessions write, mean over sessions. */
  readonly msPerToken: number;
  readonly rowsPerToken: number;
  readonly draftsPerToken: number;
  readonly timeToFirstTokenMs: number;
}

const tokenizerHash: string = 'ab'.repeat(32);
const vocabularySize = 49_152;
/** No step is limited by these: the scheduler takes the rows that are worth their time. */
const limits = { maxRows: 4096, usefulRows: 4096, prefillChunk: 512 };
/** One token: no prompt is evaluated, so all sessions write from the first step on. */
const promptLength = 1;
/** Streams of createRandom: those of the devices come after all others. */
const firstDeviceStream = 100;

/** All sessions begin together, with texts of their own. */
export function runLoad(settings: LoadSettings): LoadResult {
  const { sessionCount, tokens, maxAhead, seed } = settings;
  const queue = new EventQueue();
  const language = { seed, vocabularySize, endRate: 0, candidateCount: 4 };
  const target = new ToyTarget(language, promptLength + tokens + maxAhead);
  const edge = loadedEdge(queue, target, settings);
  const random = createRandom(seed, 1);
  const emissions: Emission[][] = Array.from({ length: sessionCount }, () => []);
  const devices = emissions.map((own, index) => {
    const link = { ...idealLink, roundTripMs: settings.roundTripMs, seed: seed + index };
    const connect: DeviceWorld['connect'] = (_device, _edge, end) => {
      const opened = new VirtualLink(queue, link);
      opened.join('device', end);
      edge.accept(opened);
      return opened;
    };
    const world = { connect, deviceEmits: (_: VirtualDevice, emission: Emission): void => void own.push(emission) };
    const prompt = Array.from({ length: promptLength }, () => 1 + random.integer(vocabularySize - 1));
    const device = new VirtualDevice(queue, world, deviceSettings(settings, target, prompt, index));
    device.connect('edge');
    return device;
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
    timeToFirstTokenMs: mean(emissions.map((own) => own[0]?.atMs ?? Number.NaN)),
  };
}

function deviceSettings(
  { mode, draftMs, timeJitter, acceptance, seed, tokens, maxAhead, hedges, adviceOf }: LoadSettings,
  target: ToyTarget,
  prompt: readonly number[],
  index: number,
): VirtualDeviceSettings {
  const session = index.toString(16).padStart(32, '0');
  return {
    name: `device ${index}`,
    turn: {
      session,
      conversation: session,
      credentials: '',
      padding: 0,
      tokenizerHash,
      mode,
      stopStrings: [],
      flowControlWindow: 256,
      maxAhead,
      minChainConfidence: 0,
      draftLength: 4,
      hedges,
      prompt,
      sampling: completeSampling(undefined),
      endIds: new Set<number>(),
      maxAnswerTokens: tokens,
    },
    drafter: toyDrafter(target, { agreement: acceptance, redraws: null, seed, runnerUpAgreement: secondChoiceShare }),
    draftMs,
    draftJitter: timeJitter,
    connectMs: 0,
    measuresRoundTrip: adviceOf !== undefined,
    advice: adviceOf?.(index),
    random: createRandom(seed, firstDeviceStream + index),
    machines: protocolMachines,
    wire: sizedWire,
  };
}

function loadedEdge(queue: EventQueue, target: ToyTarget, settings: LoadSettings): VirtualEdge {
  const { step, timeJitter, sessionCount, acceptance, seed, edgeDraft } = settings;
  const random = createRandom(seed, 2);
  return new VirtualEdge(
    queue,
    {},
    {
      name: 'edge',
      target,
      engine: { stepTime: linearStepTime(step.fixedMs, step.perRowMs), stepJitter: timeJitter, limits },
      capacity: sessionCount,
      keepLostMs: 60_000,
      shareOf: () => 1,
      rate: unlimitedRate,
      tokenizerHash,
      edgeDraft:
        edgeDraft === undefined ? undefined : { ...edgeDraft, edgeDrafter: toyEdgeDrafter(target, acceptance, random) },
      random,
      machines: protocolMachines,
      wire: sizedWire,
    },
  );
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
