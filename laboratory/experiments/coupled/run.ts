// One run of `outrider bench coupled`: a scenario, a policy and a seed over many slots. It counts costs, queues, batteries
// and handovers.

import type { Scenario } from '../../../simulator/scenario/scenario.ts';
import { runSlots, type SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { startCpuTime } from '../../measuring/cpu-time.ts';

/** Means of one run. */
export interface CoupledRun {
  readonly coupling: string;
  readonly policy: string;
  readonly seed: number;
  /** Mean objective of a slot. */
  readonly costMs: number;
  readonly costMsP95: number;
  /** Mean latency of a task. */
  readonly latencyMs: number;
  readonly energyJ: number;
  readonly queueMs: number;
  /** Per 1000 tasks: tasks whose device left the server that had its text. */
  readonly handoversPer1000Tasks: number;
  /** Share of the devices with an empty battery at the end. */
  readonly batteryOutShare: number;
  /** Mean processor time of a decision. */
  readonly decisionCpuMs: number;
}

export function runCoupled(
  scenario: Scenario,
  policy: NamedPolicy,
  settings: { readonly coupling: string; readonly seed: number; readonly slots: number },
): CoupledRun {
  const costs: number[] = [];
  let [tasks, latencyMs, energyJ, queueMs, handovers, cpuMs] = [0, 0, 0, 0, 0, 0];
  const onSlot = ({ state, assignment, terms }: SlotOutcome): void => {
    costs.push(terms.sum.costMs);
    tasks += state.deviceCount;
    latencyMs += terms.sum.latencyMs;
    energyJ += terms.sum.computeEnergyJ + terms.sum.transmitEnergyJ;
    handovers += countHandovers(state, assignment.server);
    for (let device = 0; device < state.deviceCount; device++) {
      const server = assignment.server[device] as number;
      if (server >= 0) queueMs += state.queueDelayMs[server] as number;
    }
  };
  const timed: NamedPolicy = {
    name: policy.name,
    decide(state) {
      const cpuSince = startCpuTime();
      const assignment = policy.decide(state);
      cpuMs += cpuSince();
      return assignment;
    },
  };
  const { battery } = runSlots({ scenario, policy: timed, seed: settings.seed, onSlot }, settings.slots);
  const { floorShare } = scenario.devices.battery;
  return {
    coupling: settings.coupling,
    policy: policy.name,
    seed: settings.seed,
    costMs: costs.reduce((sum, one) => sum + one, 0) / costs.length,
    costMsP95: quantile(costs, 0.95),
    latencyMs: latencyMs / tasks,
    energyJ: energyJ / tasks,
    queueMs: queueMs / tasks,
    handoversPer1000Tasks: (1e3 * handovers) / tasks,
    batteryOutShare: battery.filter((share) => share <= floorShare).length / battery.length,
    decisionCpuMs: cpuMs / settings.slots,
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
