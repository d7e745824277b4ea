// The edge processes of "bench modes --clock wall": one that keeps to the shape law, in which all modes run, and where nothing is paced
// another one without a law, for `ar-native`.

import { probeEdge } from '../../device/probe-edge.ts';
import { findProfile } from '../../models/profiles.ts';
import { type EdgeProcess, startEdgeProcess } from '../edge-process.ts';
import type { BenchMode } from './metrics.ts';

export interface BenchEdgeSettings {
  readonly target: string;
  /** The edge's own draft; null: none. */
  readonly draft: string | null;
  /** Window of that draft. */
  readonly gamma: number;
  /** Null: not paced. */
  readonly profile: string | null;
  readonly sessions: number;
  readonly contextLength: number;
  readonly lookUpTokens: number;
}

/** What steps cost the edges. */
export interface StepFigures {
  /** A step of 1, 2, ... rows, up to the rows that a step may hold. */
  readonly stepMs: readonly number[];
  /** A step of one row of the edge without a law; null: there is none. */
  readonly nativeMs: number | null;
}

export interface BenchEdges extends StepFigures {
  edgeOf(mode: BenchMode): EdgeProcess;
  close(): Promise<void>;
}

/** @param hasNative whether mode ar-native is run @throws OutriderError when an edge ends before it listens */
export async function startBenchEdges(
  settings: BenchEdgeSettings,
  hasNative: boolean,
  onNote: (text: string) => void,
): Promise<BenchEdges> {
  const lawful = await startEdgeProcess(flagsOf(settings), onLawOnly(onNote));
  // One after the other: each measures its own steps when it starts.
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

/** An edge says much of itself; what takes long is passed on. */
function onLawOnly(onNote: (text: string) => void): (line: string) => void {
  return (line) => {
    if (line.includes('shape law')) onNote(line);
  };
}

async function startNative(settings: BenchEdgeSettings, lawful: EdgeProcess): Promise<EdgeProcess> {
  try {
    return await startEdgeProcess([...flagsOf({ ...settings, draft: null }), '--fast', '--threads', '1'], () => {});
  } catch (error) {
    await lawful.close();
    throw error;
  }
}

function flagsOf(settings: BenchEdgeSettings): string[] {
  const { target, draft, gamma, profile, sessions, contextLength, lookUpTokens } = settings;
  const flags = ['--model', target, '--context', String(contextLength), '--sessions', String(sessions)];
  flags.push('--look-up', String(lookUpTokens));
  if (profile !== null) flags.push('--profile', profile);
  if (draft !== null) flags.push('--draft', draft, '--draft-window', String(gamma));
  return flags;
}

function profiledStepMs(profile: string): number[] {
  const { stepMs, rowMs, rowCap } = findProfile(profile);
  return Array.from({ length: rowCap }, (_, index) => stepMs + rowMs * (index + 1));
}

/** As the edge tells devices, of 1 to 8 rows: larger steps cost a processor more than they bring. */
async function measuredStepMs({ url }: EdgeProcess): Promise<readonly number[]> {
  const { hello } = await probeEdge(url);
  return hello.timing.stepMs ?? [1];
}
