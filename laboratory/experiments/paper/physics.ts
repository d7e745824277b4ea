// What the paper's slots leave out: uploads that outlast their slot, slots without a server, and pairs that a traced map does not connect.
// Each is mended by an option of the scenario; here the reductions of latency are measured with it, beside the slots as published.

import { type Estimate, estimate, middleEstimate } from '../../../simulator/charts/bootstrap.ts';
import { findMapOf } from '../../../simulator/files/shipped-maps.ts';
import type { Unit } from '../../../simulator/runner/experiment.ts';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import type { Override } from '../../../simulator/scenario/read-scenario.ts';
import { runSlots } from '../../../simulator/simulation/run-slots.ts';
import { endsInSlot } from '../../../simulator/simulation/slot-world.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';
import { paperObjective, seedsOf } from '../first-slots.ts';
import { type PayloadLaw, payloadLaws } from './interpretations.ts';

export interface PhysicsCase {
  readonly world: 'paper' | 'munich';
  readonly becomes: string;
  readonly overrides: readonly Override[];
  readonly law: PayloadLaw;
}

/** The results of one run; a task is a device in a slot, or, where tasks are carried, the slots until it ends. */
interface RunFigures {
  readonly latencyMs: number;
  readonly unservedShare: number;
  /** Tasks that ended within the run, for each device and second; carried tasks only. */
  readonly tasksPerDeviceSecond: number | null;
}

/** Runs by policy, one for each seed. */
export type PhysicsFound = Readonly<Record<string, readonly RunFigures[]>>;

const carried: Override = { path: ['workload', 'unfinished'], value: 'carried' };
/** As long as the uploads of a served device take on average. */
const priced: Override = { path: ['objective', 'unservedMs'], value: 5000 };
const floored: Override = { path: ['channel', 'floor'], value: 'umi-nlos' };
/** The same sites and streets, traced with diffuse scattering as well (maps/README.md). */
const scattered: readonly Override[] = [
  { path: ['channel', 'map'], value: 'munich-scattering' },
  { path: ['channel', 'sha256'], value: null },
];

const asPublished = 'as published';
const changes: readonly Omit<PhysicsCase, 'law'>[] = [
  { world: 'paper', becomes: asPublished, overrides: [] },
  { world: 'paper', becomes: 'unfinished tasks carried', overrides: [carried] },
  { world: 'paper', becomes: 'unserved slot: 5,000 ms', overrides: [priced] },
  { world: 'munich', becomes: asPublished, overrides: [] },
  { world: 'munich', becomes: 'unfinished tasks carried', overrides: [carried] },
  { world: 'munich', becomes: 'unserved slot: 5,000 ms', overrides: [priced] },
  { world: 'munich', becomes: 'NLOS floor', overrides: [floored] },
  { world: 'munich', becomes: 'traced with diffuse scattering', overrides: scattered },
  { world: 'munich', becomes: 'all three', overrides: [carried, priced, floored] },
];
const baselines = ['random+equal', 'max-sinr+equal', 'max-compute+equal'] as const;
const against = 'max-sinr+equal';

/** @param limit of the number of cases; null: all */
export function physicsCases(limit: number | null): PhysicsCase[] {
  const all = changes.flatMap((change) => payloadLaws.map((law) => ({ ...change, law })));
  return limit === null ? all : all.slice(0, limit);
}

export function physicsUnit(given: PhysicsCase, seedCount: number, slots: number): Unit<PhysicsFound> {
  return {
    key: `physics: ${given.world}, ${given.becomes}, ${given.law}`,
    async measure() {
      const law: Override = { path: ['workload', 'payloadLaw'], value: given.law };
      const scenario = readPreset(given.world, [paperObjective, ...given.overrides, law]);
      const map = await findMapOf(scenario);
      const runs = [...baselines, 'tma+equal', 'best'].map(async (name) => {
        const policy = await findPolicy(name);
        return [name, seedsOf(seedCount).map((seed) => measureRun({ scenario, policy, seed, map }, slots))];
      });
      return Object.fromEntries(await Promise.all(runs));
    },
  };
}

/** Carried tasks that have not ended count with their time and not as a task, so that leaving devices waiting is no way to win. */
function measureRun(run: Parameters<typeof runSlots>[0], slots: number): RunFigures {
  const { workload, slotMs } = run.scenario;
  const carries = workload.unfinished === 'carried';
  const sums = { timeMs: 0, ended: 0, tasks: 0, unserved: 0 };
  const onSlot: (typeof run)['onSlot'] = ({ state, assignment, terms }) => {
    sums.tasks += state.deviceCount;
    sums.unserved += terms.sum.unservedCount;
    for (let device = 0; device < state.deviceCount; device++) {
      const ends = endsInSlot(state, terms, assignment.server[device] as number, device);
      sums.timeMs += ends || !carries ? (terms.latencyMs[device] as number) : slotMs;
      sums.ended += ends ? 1 : 0;
    }
  };
  runSlots({ ...run, onSlot }, slots);
  const { timeMs, ended, tasks, unserved } = sums;
  return {
    // A lower limit where no task has ended.
    latencyMs: timeMs / (carries ? Math.max(1, ended) : tasks),
    unservedShare: unserved / tasks,
    tasksPerDeviceSecond: carries ? ended / ((tasks * slotMs) / 1000) : null,
  };
}

/** Shares of latency that are saved, each seed with itself. */
export function physicsEstimates(found: PhysicsFound): Readonly<Record<string, Estimate>> {
  const of = (policy: string): number[] => (found[policy] ?? []).map(({ latencyMs }) => latencyMs);
  const saved = (policy: string, over: readonly string[]): Estimate =>
    middleEstimate(of(policy).map((ms, seed) => mean(over.map((baseline) => 1 - ms / (of(baseline)[seed] as number)))));
  return {
    maxSinrMs: middleEstimate(of(against)),
    bestMs: middleEstimate(of('best')),
    bestMean: saved('best', baselines),
    bestAgainstMaxSinr: saved('best', [against]),
    tmaMean: saved('tma+equal', baselines),
    unservedShare: middleEstimate((found[against] ?? []).map(({ unservedShare }) => unservedShare)),
  };
}

export function taskEstimates(found: PhysicsFound): Readonly<Record<string, Estimate>> {
  const estimates = [against, 'best'].flatMap((policy) => {
    const counts = (found[policy] ?? []).flatMap(({ tasksPerDeviceSecond }) => tasksPerDeviceSecond ?? []);
    const tasks = estimate(counts.length, (pick) => mean(pick.map((seed) => counts[seed] as number)));
    return counts.length === 0 ? [] : [[`${policy}: tasks of a device a second`, tasks]];
  });
  return Object.fromEntries(estimates);
}
