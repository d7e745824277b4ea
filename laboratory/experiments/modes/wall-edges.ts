// The edge processes of "bench modes --clock wall": one under the shape law for all modes, and, without latency emulation,
// a second one without a law for `ar-native`.

import type { GpuChoice } from '../../../src/core/basics/gpu-choice.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { probeEdge } from '../../../src/processes/device/probe-edge.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';
import type { BenchMode } from './metrics.ts';

export interface BenchEdgeSettings {
  readonly target: string;
  /** The edge's own draft; null: none. */
  readonly draft: string | null;
  /** Draft length of that draft model. */
  readonly gamma: number;
  /** Null: no latency emulation. */
  readonly profile: string | null;
  readonly gpu?: GpuChoice | undefined;
  readonly sessions: number;
  readonly contextLength: number;
  readonly lookUpTokens: number;
}

/** Step times of the edges. */
export interface StepFigures {
  /** Times of steps of 1, 2, ... rows, up to the limit of rows in a step. */
  readonly stepMs: readonly number[];
  /** Time of a step of one row on the edge without a law; null: there is no such edge. */
  readonly nativeMs: number | null;
}

export interface BenchEdges extends StepFigures {
  edgeOf(mode: BenchMode): ProbedEdge;
  close(): Promise<void>;
}

/** @param hasNative whether mode ar-native is run @throws OutriderError when an edge ends before it listens */
export async function startBenchEdges(
  settings: BenchEdgeSettings,
  hasNative: boolean,
  onNote: (text: string) => void,
): Promise<BenchEdges> {
  const lawful = await startProbedEdge(flagsOf(settings), onLawOnly(onNote));
  // They start one after the other, because each measures its own steps at its start.
  const native = hasNative ? await startNative(settings, lawful) : null;
  const close = async (): Promise<void> => {
    await lawful.close();
    await native?.close();
  };
  try {
    const stepMs = settings.profile === null ? await measuredStepMs(lawful) : profiledStepMs(settings.profile);
    const nativeMs = native === null ? null : ((await measuredStepMs(native))[0] ?? null);
    return { edgeOf: (mode) => (mode === 'ar-native' && native !== null ? native : lawful), stepMs, nativeMs, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Of the messages of an edge, those about long work are passed on. */
function onLawOnly(onNote: (text: string) => void): (line: string) => void {
  return (line) => {
    if (line.includes('shape law')) onNote(line);
  };
}

async function startNative(settings: BenchEdgeSettings, lawful: ProbedEdge): Promise<ProbedEdge> {
  try {
    return await startProbedEdge([...flagsOf({ ...settings, draft: null }), '--fast', '--threads', '1'], () => {});
  } catch (error) {
    await lawful.close();
    throw error;
  }
}

function flagsOf(settings: BenchEdgeSettings): string[] {
  const { target, draft, gamma, profile, gpu = 'off', sessions, contextLength, lookUpTokens } = settings;
  const flags = ['--model', target, '--context', String(contextLength), '--sessions', String(sessions)];
  flags.push('--look-up', String(lookUpTokens));
  if (gpu !== 'off') flags.push('--gpu', gpu);
  if (profile !== null) flags.push('--profile', profile);
  if (draft !== null) flags.push('--draft', draft, '--draft-window', String(gamma));
  return flags;
}

function profiledStepMs(profile: string): number[] {
  const { stepMs, rowMs, rowCap } = findProfile(profile);
  return Array.from({ length: rowCap }, (_, index) => stepMs + rowMs * (index + 1));
}

/** Step times of 1 to 8 rows, as the edge announces them: on a processor larger steps do not pay. */
async function measuredStepMs({ url }: ProbedEdge): Promise<readonly number[]> {
  const { hello } = await probeEdge(url);
  return hello.timing.stepMs ?? [1];
}
