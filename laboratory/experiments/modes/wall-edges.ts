// The edge processes of a wall bench: one under the shape law, for all modes, and one without a law for each row of plain decoding. It knows
// no prompts and no runs.

import { availableParallelism } from 'node:os';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { probeEdge } from '../../../src/processes/device/probe-edge.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';
import { type BenchMode, isPlain, type PlainMode } from './metrics.ts';
import type { StepFigures } from './wall-runs.ts';

export interface EdgePlan {
  /** Flags of every edge. */
  readonly flags: readonly string[];
  /** Flags of the edge under the law alone. */
  readonly lawfulFlags: readonly string[];
  /** The engine of the bench; undefined: llama.cpp. */
  readonly engine?: string | undefined;
  /** Its latency profile; null: no latency emulation. */
  readonly profile: string | null;
  readonly modes: readonly BenchMode[];
  readonly onLine: (line: string) => void;
}

export class WallEdges {
  readonly #lawful: ProbedEdge;
  readonly #plain: ReadonlyMap<BenchMode, ProbedEdge>;
  readonly steps: StepFigures;

  constructor(lawful: ProbedEdge, plain: ReadonlyMap<BenchMode, ProbedEdge>, steps: StepFigures) {
    this.#lawful = lawful;
    this.#plain = plain;
    this.steps = steps;
  }

  of(mode: BenchMode): ProbedEdge {
    return this.#plain.get(mode) ?? this.#lawful;
  }

  async close(): Promise<void> {
    for (const edge of [this.#lawful, ...this.#plain.values()]) await edge.close();
  }
}

/**
 * One after the other, because each measures its own steps at its start.
 * @throws OutriderError when an edge ends before it listens
 */
export async function startWallEdges(plan: EdgePlan): Promise<WallEdges> {
  const { flags, lawfulFlags, engine, profile, modes, onLine } = plan;
  const engineFlags = engine === undefined ? [] : ['--engine', engine];
  const lawful = await startProbedEdge([...flags, ...engineFlags, ...lawfulFlags], onLine);
  const edges = new Map<BenchMode, ProbedEdge>();
  const plainMs: Partial<Record<PlainMode, number>> = {};
  try {
    for (const mode of modes.filter(isPlain)) {
      const own = mode.startsWith('ar-native') ? engineFlags : [];
      const threads = mode.endsWith('-cores') ? availableParallelism() : 1;
      const edge = await startProbedEdge([...flags, ...own, '--fast', '--threads', String(threads)], () => {});
      edges.set(mode, edge);
      const [oneRowMs] = await measuredStepMs(edge);
      if (oneRowMs !== undefined) plainMs[mode] = oneRowMs;
    }
    const stepMs = profile === null ? await measuredStepMs(lawful) : profiledStepMs(profile);
    return new WallEdges(lawful, edges, { stepMs, nativeMs: plainMs['ar-native'] ?? null, plainMs });
  } catch (error) {
    for (const edge of [lawful, ...edges.values()]) await edge.close();
    throw error;
  }
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
