// One run of a policy over many slots of a world, for `outrider bench coupled` and `bench learned`. It counts costs, queues, batteries and
// handovers.

import type { Unit } from '../../../simulator/runner/experiment.ts';
import type { Scenario } from '../../../simulator/scenario/scenario.ts';
import { runSlots, type SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import type { FoundPolicy } from '../../../src/files/policy-file.ts';
import { timed } from '../../measuring/cpu-time.ts';

type Figure =
  | 'costMs'
  | 'costMsP95'
  | 'latencyMs'
  | 'serialMs'
  | 'energyJ'
  | 'queueMs'
  | 'handoversPer1000Tasks'
  | 'batteryOutShare'
  | 'decisionCpuMs';

/**
 * Figures of one run: cost of a slot; latency, energy and queue of a task; processor time of a decision; means. `latencyMs` is
 * max(D^MD, d/R) + D^ES, `serialMs` D^MD + D^ES, the latency that Koh & Yang's objective names.
 */
export interface CostRun extends Readonly<Record<Figure, number>> {
  /** The world: a coupling, or a scenario with its changes. */
  readonly coupling: string;
  readonly policy: string;
  readonly seed: number;
  /** The training seed of weights that `bench learned` compares. */
  readonly trainingSeed?: number | null;
}

/** No setting was chosen by results of this seed and those after it. */
export const firstCostSeed = 101;

/** A policy in a world. */
export interface CostCell extends Pick<CostRun, 'coupling' | 'trainingSeed'> {
  readonly scenario: Scenario;
  readonly policy: FoundPolicy;
}

/** @param world of the keys: all that a run depends on, beside policy and seed */
export function costUnits(cell: CostCell, world: string, seeds: number, slots: number): Unit<CostRun>[] {
  const { name, sha256 } = cell.policy;
  return Array.from({ length: seeds }, (_, index) => {
    const seed = firstCostSeed + index;
    // The key holds the hash of the weights, because other weights are another policy.
    const key = [world, name, sha256 ?? '', 'both latencies', seed].join(' ');
    return { key, mayDiffer: ['decisionCpuMs'], measure: () => runCosts(cell, seed, slots) };
  });
}

function runCosts({ scenario, policy, ...cell }: CostCell, seed: number, slots: number): CostRun {
  const costs: number[] = [];
  const sums = { tasks: 0, latencyMs: 0, serialMs: 0, energyJ: 0, queueMs: 0, handovers: 0, cpuMs: 0 };
  const onSlot = ({ state, assignment, terms }: SlotOutcome): void => {
    costs.push(terms.sum.costMs);
    sums.tasks += state.deviceCount;
    sums.latencyMs += terms.sum.latencyMs;
    sums.serialMs += terms.sum.serialMs;
    sums.energyJ += terms.sum.computeEnergyJ + terms.sum.transmitEnergyJ;
    sums.handovers += countHandovers(state, assignment.server);
    for (const server of assignment.server) if (server >= 0) sums.queueMs += state.queueDelayMs[server] as number;
  };
  const decide: NamedPolicy['decide'] = (state) => {
    const { found, cpuMs } = timed(() => policy.decide(state));
    sums.cpuMs += cpuMs;
    return found;
  };
  const { battery } = runSlots({ scenario, policy: { name: policy.name, decide }, seed, onSlot }, slots);
  const { floorShare } = scenario.devices.battery;
  return {
    ...cell,
    policy: policy.name,
    seed,
    costMs: mean(costs),
    costMsP95: quantile(costs, 0.95),
    latencyMs: sums.latencyMs / sums.tasks,
    serialMs: sums.serialMs / sums.tasks,
    energyJ: sums.energyJ / sums.tasks,
    queueMs: sums.queueMs / sums.tasks,
    // Tasks whose device left the server that had its text.
    handoversPer1000Tasks: (1e3 * sums.handovers) / sums.tasks,
    // Devices with an empty battery at the end.
    batteryOutShare: battery.filter((share) => share <= floorShare).length / battery.length,
    decisionCpuMs: sums.cpuMs / slots,
  };
}

/** A scenario without a cost of handovers does not record where texts are: then the server of the previous slot counts. */
function countHandovers({ handover, previousServer }: SlotState, server: Int32Array): number {
  const before = handover?.textServer ?? previousServer;
  return server.filter((now, device) => {
    const at = before[device] as number;
    return now >= 0 && at >= 0 && now !== at;
  }).length;
}
