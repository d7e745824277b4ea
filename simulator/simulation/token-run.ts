// The token fidelity: in a world that is stepped slot by slot, the protocol machines of all devices and servers run in virtual time on
// one event queue. A slot's assignment gives each device its edge, its uplink's rate and its weight on the server.

import type { Standing } from '../../src/allocation/slot/standing.ts';
import { createRandom, type Random } from '../../src/core/basics/philox.ts';
import type { DraftBudget } from '../../src/core/protocol/device/device-state.ts';
import type { DraftingAdvice } from '../../src/core/protocol/device/drafting-advice.ts';
import type { OpenMessage } from '../../src/core/protocol/wire/messages.ts';
import type { ModeName } from '../../src/core/protocol/wire/mode.ts';
import { sizedWire } from '../../src/core/protocol/wire/wire.ts';
import type { StepLimits } from '../../src/core/scheduling/schedule-step.ts';
import { VirtualEdge, type VirtualEdgeSettings } from '../virtual-time/edge.ts';
import { EventQueue } from '../virtual-time/event-queue.ts';
import { plainEdge } from '../virtual-time/run-session.ts';
import type { SlotOutcome } from './run-slots.ts';
import type { World } from './slot-world.ts';
import { type DeviceEffort, type SessionRecord, TokenDevice } from './token-device.ts';
import { draftTimesMs, type StepLaw, stepLaws } from './token-hardware.ts';
import type { TokenSource } from './token-source.ts';
import { deviceOf, type TokenTexts, textsOf } from './token-texts.ts';

/** Texts and mode of a token run. */
export interface TokenRunOptions {
  readonly source: TokenSource;
  readonly mode: ModeName;
  readonly seed: number;
  /** From this time on, times and texts are drawn with another seed: the same state, another future. */
  readonly reseeded?: { readonly fromMs: number; readonly seed: number } | undefined;
  /** Called for each finished answer. */
  readonly onSession?: (record: SessionRecord) => void;
  /** A device has the first token of an answer. Times count from the start of the run. */
  readonly onFirstToken?: (device: number, nowMs: number) => void;
  /** Called for each answer: switches its drafting on and off, in a mode in which it is optional. Edges then have no draft model. */
  readonly adviceOf?: (device: number) => DraftingAdvice;
}

/** Counts of all servers and devices so far. */
export interface TokenTotals {
  /** Tokens that reached readers. */
  readonly tokens: number;
  readonly handovers: number;
  readonly unfinishedSessions: number;
  readonly engineSteps: number;
  readonly engineRows: number;
  readonly engineBusyMs: number;
  readonly events: number;
}

/** A run of tokens; see {@link createTokenRun}. */
export interface TokenRun {
  /** Plays one slot. @returns tokens that each device's answer gained, infinite where one ended; [M], valid until the next call */
  play(outcome: SlotOutcome): Float64Array;
  totals(): TokenTotals;
  /** How far a device may draft from now on. */
  limit(device: number, budget: DraftBudget): void;
  /** Where sessions stand before a slot is played. @param of the devices of its state, by their indices */
  standings(of: Int32Array): readonly Standing[];
  /** Tokens that reached each device's reader so far; [M]. */
  deviceTokens(): readonly number[];
  /** What each device has spent so far; [M]. */
  deviceEfforts(): readonly DeviceEffort[];
  /** Time that each device has waited for first tokens so far, ms; [M]. */
  waitedMs(): readonly number[];
  /** Time that each server's engine has run, ms; [E]. */
  busyMs(): readonly number[];
}

/** Streams of createRandom: one for each server, one for each device. */
const edgeStream = 0x53600000;
const deviceStream = 0x53700000;
/** One for the texts that each device asks for, whatever else the device draws. */
const textStream = 0x53780000;
/** Limits of a batch on a GPU. The step law gives the cost of rows, and the scheduler takes only those that are worth it. */
const limits: StepLimits = { maxRows: 1024, usefulRows: 256, prefillChunk: 512 };
/** Length of a draft, in modes in which the edge drafts. */
const edgeDraftTokens = 4;
/** Time of such a draft as a share of a step's fixed time. */
const edgeDraftShare = 0.1;

/** Plays the assignments of slots with the state machines of the protocol. Its `play` is for {@link SlotRunOptions}. */
export function createTokenRun(world: World, options: TokenRunOptions): TokenRun {
  const { scenario, parts } = world;
  const { source } = options;
  const queue = new EventQueue();
  const draws = drawsOf(options, queue);
  const texts = textsOf(source);
  const deviceCount = parts.kinds.length;
  const draftMs = draftTimesMs(scenario, parts);
  const shareOf = ({ session }: OpenMessage): number => (devices[deviceOf(session)] as TokenDevice).share;
  const edgeDraft = options.adviceOf === undefined ? {} : { edgeDraft: undefined };
  const edges = stepLaws(scenario, parts).map((law, server) => {
    const settings = { ...edgeSettings(law, world, source, texts), shareOf, ...edgeDraft };
    const random = draws(edgeStream + server);
    return new VirtualEdge(queue, {}, { ...settings, name: `${server}`, random });
  });
  const answered = new Float64Array(deviceCount);
  const devices = Array.from({ length: deviceCount }, (_, index) => {
    const place = {
      index,
      draftMs: draftMs[index] as number,
      random: draws(deviceStream + index),
      texts: draws(textStream + index),
    };
    return new TokenDevice(queue, { scenario, edges, roundTripMs: parts.roundTripMs, ...options }, place);
  });

  const standings = (of: Int32Array): readonly Standing[] =>
    Array.from(of, (index) => (devices[index] as TokenDevice).standing(world.workload.task[index] as number));
  world.playedBy(standings);

  return {
    play({ state, assignment, terms }) {
      const endMs = (state.slot + 1) * state.slotMs;
      let entry = 0;
      for (let index = 0; index < deviceCount; index++) {
        const device = devices[index] as TokenDevice;
        const hasTask = entry < state.deviceCount && world.devices[entry] === index;
        if (hasTask) {
          device.assign(
            assignment.server[entry] as number,
            terms.rateBitPerSecond[entry] as number,
            assignment.computeShare[entry] as number,
            endMs,
          );
          device.wantTask(world.workload.task[index] as number);
          entry++;
        } else device.rest();
      }
      queue.runUntil(endMs);
      for (let index = 0; index < deviceCount; index++)
        answered[index] = (devices[index] as TokenDevice).takeAnswered();
      return answered;
    },
    standings,
    limit: (device, budget) => (devices[device] as TokenDevice).limit(budget),
    deviceTokens: () => devices.map(({ tokens }) => tokens),
    deviceEfforts: () => devices.map(({ effort }) => effort),
    waitedMs: () => devices.map(({ waitedMs }) => waitedMs),
    busyMs: () => edges.map(({ account }) => account.busyMs),
    totals: () => ({
      tokens: sumOf(devices, ({ tokens }) => tokens),
      handovers: sumOf(devices, ({ handovers }) => handovers),
      unfinishedSessions: devices.filter(({ isBusy }) => isBusy).length,
      engineSteps: sumOf(edges, ({ account }) => account.steps),
      engineRows: sumOf(edges, ({ account }) => account.rows),
      engineBusyMs: sumOf(edges, ({ account }) => account.busyMs),
      events: queue.ranCount,
    }),
  };
}

/** The random numbers of a stream, from the seed that holds at the time. */
function drawsOf({ seed, reseeded }: TokenRunOptions, queue: EventQueue): (stream: number) => Random {
  if (reseeded === undefined) return (stream) => createRandom(seed, stream);
  return (stream) => {
    const [before, after] = [createRandom(seed, stream), createRandom(reseeded.seed, stream)];
    const now = (): Random => (queue.nowMs() < reseeded.fromMs ? before : after);
    return {
      uniform: () => now().uniform(),
      integer: (count) => now().integer(count),
      normal: () => now().normal(),
      exponential: () => now().exponential(),
    };
  };
}

function sumOf<Item>(items: readonly Item[], read: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + read(item), 0);
}

function edgeSettings(
  step: StepLaw,
  { scenario, parts }: World,
  { header }: TokenSource,
  { target, edgeDrafter }: TokenTexts,
): Omit<VirtualEdgeSettings, 'name' | 'random' | 'shareOf'> {
  return {
    ...plainEdge({ step, timeJitter: scenario.token.timeJitter, limits, wire: sizedWire }),
    target,
    // During a handover a session holds two places.
    capacity: 2 * parts.kinds.length,
    tokenizerHash: header.tokenizerHash,
    edgeDraft: { edgeDrafter, tokenCount: edgeDraftTokens, tokenMs: step.fixedMs * edgeDraftShare },
  };
}
