// The fields of a slot about the pace of its sessions: the hardware's times, and means of texts. In the token fidelity a device with
// arrivals `one-per-slot` always has some answer in progress, of any kind; with sessions, its task gives the kind.

import { columns, pick } from '../../src/allocation/slot/columns.ts';
import type { PaceState } from '../../src/allocation/slot/pace-state.ts';
import type { Standing } from '../../src/allocation/slot/standing.ts';
import { mean } from '../../src/core/basics/statistics.ts';
import { bytesOnLink } from '../../src/core/protocol/wire/link-model.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Workload } from '../world/workload.ts';
import { meanTokens } from '../world/workload-lengths.ts';
import { findModelShape, flopPerToken } from '../world/workload-models.ts';
import type { WorldParts } from './build-world.ts';
import { draftTimesMs, stepLaws } from './token-hardware.ts';

/** Bytes of a draft's frame, and of an opening without its prompt (docs/internals/protocol.md). */
const draftFrameBytes = 9;
const openingBytes = 150;

/** Means of the texts of one kind, or of a mix. */
interface TextMeans {
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** Length of a text in progress, seen at any time. */
  readonly writtenTokens: number;
}

export interface PaceView {
  /** To be called in each slot: remembers how long the texts are that begin in it. */
  note(devices: Int32Array): void;
  /** The part of the slot's state for these devices. @param previousServer of each device of the world */
  of(devices: Int32Array, previousServer: Int32Array): PaceState;
  /** From now on the pace says where sessions stand, as the machines that play them know. */
  playedBy(standingsOf: (devices: Int32Array) => readonly Standing[]): void;
}

export function createPaceView(scenario: Scenario, parts: WorldParts, workload: Workload): PaceView {
  const played: { standingsOf?: (devices: Int32Array) => readonly Standing[] } = {};
  const { token, workload: plan } = scenario;
  const draftMs = draftTimesMs(scenario, parts);
  const laws = stepLaws(scenario, parts);
  const draft = findModelShape(plan.draft);
  const draftFlop = flopPerToken(draft, 0);
  const tokenBytes = meanVarintBytes(Math.min(draft.vocabularySize, findModelShape(plan.target).vocabularySize));
  const kinds = plan.tasks.map(({ kind }) => meansOf(kind));
  const isMixed = plan.arrivals.kind === 'one-per-slot';
  const mix = mixOf(
    kinds,
    plan.tasks.map(({ weight }) => weight),
  );
  const stepFixedMs = Float64Array.from(laws, ({ fixedMs }) => fixedMs);
  const stepRowMs = Float64Array.from(laws, ({ perRowMs }) => perRowMs);
  const frameBits = 8 * bytesOnLink('up', draftFrameBytes);
  const openingTokens = new Float64Array(draftMs.length);
  const mixed = stageOf(mix, mix.writtenTokens, mix.promptTokens);

  /** With sessions: a text that has grown since its opening has a first token, so its prompt has been evaluated. */
  function stageNow(device: number): Stage {
    if (isMixed) return mixed;
    const kind = kinds[workload.task[device] as number] as TextMeans;
    const context = workload.contextTokens[device] as number;
    if (workload.isNew[device] === 1) return stageOf(kind, 0, kind.promptTokens);
    if (context > (openingTokens[device] as number)) return stageOf(kind, context, 0);
    return stageOf(kind, kind.promptTokens / 2, kind.promptTokens / 2);
  }

  const trips = parts.roundTripMs;
  const hasOneTrip = trips.every((ms) => ms === trips[0]);
  const meanTripMs = hasOneTrip ? (trips[0] ?? 0) : mean(Array.from(trips));

  function paceOf(devices: Int32Array, previousServer: Int32Array): PaceState {
    const stages = Array.from(devices, stageNow);
    const each = (read: (stage: Stage) => number): Float64Array => Float64Array.from(stages, read);
    return {
      draftMs: pick(draftMs, devices),
      acceptance: each(() => token.acceptance),
      ...columns(stages, ['promptTokens', 'promptTokensDone', 'answerTokens', 'textTokens']),
      isTypical: isMixed,
      textServer: devices.map((device, entry) =>
        (stages[entry] as Stage).textTokens > 0 ? (previousServer[device] as number) : -1,
      ),
      promptBits: each(({ promptTokens }) => 8 * bytesOnLink('up', openingBytes + tokenBytes * promptTokens)),
      frameBits: each(() => frameBits),
      draftFlop: each(() => draftFlop),
      stepFixedMs,
      stepRowMs,
      roundTripMs: meanTripMs,
      linkRoundTripMs: hasOneTrip ? undefined : repeated(trips, devices.length),
      maxAhead: token.maxAhead,
      standings: played.standingsOf?.(devices),
    };
  }

  return {
    note(devices) {
      if (isMixed) return;
      for (const device of devices)
        if (workload.isNew[device] === 1) openingTokens[device] = workload.contextTokens[device] as number;
    },
    of: paceOf,
    playedBy: (standingsOf) => Object.assign(played, { standingsOf }),
  };
}

/** A list so many times, one after the other. */
function repeated(values: Float64Array, times: number): Float64Array {
  return Float64Array.from({ length: times * values.length }, (_, at) => values[at % values.length] as number);
}

/** Where a device's text is: what another server would have to evaluate, and what any server still has to. */
interface Stage {
  readonly promptTokens: number;
  readonly promptTokensDone: number;
  readonly answerTokens: number;
  readonly textTokens: number;
}

function stageOf(means: TextMeans, textTokens: number, promptTokens: number): Stage {
  const { answerTokens } = means;
  return { promptTokens, promptTokensDone: means.promptTokens - promptTokens, answerTokens, textTokens };
}

function meansOf(kind: Parameters<typeof meanTokens>[0]): TextMeans {
  const promptTokens = meanTokens(kind, 'prompt');
  const answerTokens = Math.max(1, meanTokens(kind, 'answer'));
  return { promptTokens, answerTokens, writtenTokens: promptTokens + answerTokens / 2 };
}

/** A text in progress is of a kind more often the longer its answers are. */
function mixOf(kinds: readonly TextMeans[], weights: readonly number[]): TextMeans {
  const mean = (read: (one: TextMeans) => number, parts: readonly number[]): number =>
    kinds.reduce((sum, one, index) => sum + (parts[index] as number) * read(one), 0) /
    parts.reduce((sum, one) => sum + one, 0);
  const byLength = weights.map((weight, index) => weight * (kinds[index] as TextMeans).answerTokens);
  return {
    promptTokens: mean((one) => one.promptTokens, weights),
    answerTokens: mean((one) => one.answerTokens, weights),
    writtenTokens: mean((one) => one.writtenTokens, byLength),
  };
}

/** Mean length of an id as a varint, if all ids below `count` are equally likely: seven bits a byte. */
function meanVarintBytes(count: number): number {
  let bytes = 1;
  for (let below = 128; below < count; below *= 128) bytes += 1 - below / count;
  return bytes;
}
