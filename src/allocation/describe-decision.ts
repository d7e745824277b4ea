// A decision in numbers: the result for each device, the total cost, and a bound on the optimality gap.

import { type Certificate, certify } from './certify.ts';
import { createSlotTerms, evaluate, type SlotTerms, type TermSums } from './objective.ts';
import type { Assignment, SlotState } from './slot-state.ts';

/** The resources and the cost of one device. Times in ms; the terms are those of {@link SlotTerms}. */
export interface DecisionRow {
  readonly device: number;
  /** -1: not served. */
  readonly server: number;
  readonly bandwidthShare: number;
  readonly computeShare: number;
  readonly deviceMs: number;
  readonly uploadMs: number;
  readonly edgeMs: number;
  readonly mismatchMs: number;
  readonly energyMs: number;
  readonly handoverMs: number;
  readonly costMs: number;
  readonly latencyMs: number;
  readonly computeEnergyJ: number;
  readonly transmitEnergyJ: number;
  readonly rateBitPerSecond: number;
}

/** A decision in numbers; see {@link describeDecision}. */
export interface Decision {
  /** One for each device, in their order. */
  readonly rows: readonly DecisionRow[];
  /** Sums, and the certificate; without lambda no term needs bandwidth, so there is no bound and no certificate. */
  readonly summary: Readonly<TermSums> & Partial<Certificate>;
}

/**
 * @param assignment must have passed requireAssignment or checkAssignment
 * @param withDual computes the dual bound as well: a tenth of a second for 180 devices and 20 servers
 */
export function describeDecision(state: SlotState, assignment: Assignment, withDual: boolean): Decision {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, assignment, terms);
  const certificate = state.objective.lambdaPerMs > 0 ? certify(state, terms.sum.costMs, withDual) : undefined;
  const rows = Array.from({ length: state.deviceCount }, (_, device) => rowOf(device, assignment, terms));
  return { rows, summary: { ...terms.sum, ...certificate } };
}

function rowOf(device: number, { server, bandwidthShare, computeShare }: Assignment, terms: SlotTerms): DecisionRow {
  const at = (values: ArrayLike<number>): number => values[device] as number;
  return {
    device,
    server: at(server),
    bandwidthShare: at(bandwidthShare),
    computeShare: at(computeShare),
    deviceMs: at(terms.deviceMs),
    uploadMs: at(terms.uploadMs),
    edgeMs: at(terms.edgeMs),
    mismatchMs: at(terms.mismatchMs),
    energyMs: at(terms.energyMs),
    handoverMs: at(terms.handoverMs),
    costMs: at(terms.costMs),
    latencyMs: at(terms.latencyMs),
    computeEnergyJ: at(terms.computeEnergyJ),
    transmitEnergyJ: at(terms.transmitEnergyJ),
    rateBitPerSecond: at(terms.rateBitPerSecond),
  };
}
