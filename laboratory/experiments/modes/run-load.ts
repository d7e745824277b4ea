// Many sessions on one edge in virtual time, in a mode of ours on the protocol's machines.

import type { Emission } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdgeDraftSettings } from '../../../simulator/virtual-time/edge.ts';
import { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import {
  beginAnswer,
  type LoadedAnswer,
  type LoadedEdgeSettings,
  openLoadedEdge,
  timePerToken,
} from '../../../simulator/virtual-time/loaded-edge.ts';
import { toyDrafter, toyEdgeDrafter } from '../../../simulator/virtual-time/toy-drafter.ts';
import { ToyTarget } from '../../../simulator/virtual-time/toy-target.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { completeSampling } from '../../../src/core/decoding/sampling.ts';
import type { DraftingAdvice } from '../../../src/core/protocol/device/drafting-advice.ts';
import type { StepLaw } from './metrics.ts';
import { missShares } from './virtual-cell.ts';

/**
 * A pass of a draft model for n rows: its time for one row, with the same shares of fixed time and time for each row as a step of the
 * target. So a draft model with an eighth of the time of the target has an eighth of its cost of rows.
 */
export function levelLaw(levelMs: number, { fixedMs, perRowMs }: StepLaw): StepLaw {
  const share = levelMs / (fixedMs + perRowMs);
  return { fixedMs: fixedMs * share, perRowMs: perRowMs * share };
}

interface LoadSettings
  extends Pick<LoadedAnswer, 'mode' | 'seed' | 'roundTripMs' | 'draftMs' | 'maxAhead' | 'hedges'>,
    Pick<LoadedEdgeSettings, 'step' | 'timeJitter'> {
  /**
   * One draft model of the edge for all sessions, with an accelerator of its own, or with `pass` on the engine's. Default: the edge has
   * none.
   */
  readonly edgeDraft?: Pick<VirtualEdgeDraftSettings, 'tokenCount' | 'tokenMs' | 'pass'> | undefined;
  /** Switches the drafting of the device with this index. Default: drafting stays on. */
  readonly adviceOf?: ((index: number) => DraftingAdvice) | undefined;
  /** As of {@link LoadedAnswer}. */
  readonly widthCost?: number | undefined;
  readonly sessionCount: number;
  readonly acceptance: number;
  readonly tokens: number;
}

interface LoadResult {
  /** Time per token of a session while all sessions write, mean over sessions. */
  readonly msPerToken: number;
  readonly draftsPerToken: number;
}

const tokenizerHash: string = 'ab'.repeat(32);
const vocabularySize = 49_152;
/** Streams of createRandom: those of the devices come after all others. */
const firstDeviceStream = 100;

/** All sessions begin together, with texts of their own in the toy language. */
export function runLoad(settings: LoadSettings): LoadResult {
  const { sessionCount, tokens, maxAhead, seed, acceptance, step, timeJitter, edgeDraft, adviceOf } = settings;
  const queue = new EventQueue();
  const language = { seed, vocabularySize, endRate: 0, candidateCount: 4 };
  // A prompt of one token needs no step of its own, so all sessions write from the first step on.
  const target = new ToyTarget(language, 1 + tokens + maxAhead);
  const edgeRandom = createRandom(seed, 2);
  const edgeDrafter = toyEdgeDrafter(target, acceptance, edgeRandom);
  const own: LoadedEdgeSettings = {
    target,
    tokenizerHash,
    step,
    timeJitter,
    capacity: sessionCount,
    random: edgeRandom,
    edgeDraft: edgeDraft && { ...edgeDraft, edgeDrafter },
  };
  const edge = openLoadedEdge(queue, own);
  const random = createRandom(seed, 1);
  const drafter = { agreement: acceptance, redraws: null, seed, runnerUpAgreement: missShares };
  const sampling = completeSampling(undefined);
  const emissions: Emission[][] = Array.from({ length: sessionCount }, () => []);
  const devices = emissions.map((emitted, index) => {
    const prompt = [1 + random.integer(vocabularySize - 1)];
    const answer: LoadedAnswer = {
      ...settings,
      session: index.toString(16).padStart(32, '0'),
      text: { prompt, sampling, endIds: new Set<number>(), maxAnswerTokens: tokens },
      drafter: toyDrafter(target, drafter),
      random: createRandom(seed, firstDeviceStream + index),
      seed: seed + index,
      advice: adviceOf?.(index),
    };
    return beginAnswer(queue, edge, answer, { deviceEmits: (_, emission) => void emitted.push(emission) });
  });
  while (devices.every(({ state }) => state.outcome === null) && queue.runNext());
  // The others end here as well, with what they have measured.
  for (const device of devices) device.stop();
  const drafted = devices.reduce((sum, { state }) => sum + state.account.drafted, 0);
  const written = emissions.flat().reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return { msPerToken: timePerToken(emissions), draftsPerToken: drafted / written };
}
