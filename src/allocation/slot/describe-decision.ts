// A decision in numbers: the result for each device, the total cost, and a bound on the optimality gap.

import { type SlotTerms, type TermSums, termsOf } from '../paper/objective.ts';
import { type Certificate, certify } from '../search/certify.ts';
import { assignmentFields } from './check-assignment.ts';
import type { Assignment, SlotState } from './slot-state.ts';

/** The terms of {@link SlotTerms} in a row, in this order. */
const rowTerms = [
  'deviceMs',
  'uploadMs',
  'edgeMs',
  'mismatchMs',
  'energyMs',
  'handoverMs',
  'costMs',
  'latencyMs',
  'computeEnergyJ',
  'transmitEnergyJ',
  'rateBitPerSecond',
] as const;

/** The resources and the cost of one device. Times in ms; the terms are those of {@link SlotTerms}. */
export interface DecisionRow extends Readonly<Record<(typeof rowTerms)[number], number>> {
  readonly device: number;
  /** -1: not served. */
  readonly server: number;
  readonly bandwidthShare: number;
  readonly computeShare: number;
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
  const terms = termsOf(state, assignment);
  const { kind, lambdaPerMs } = state.objective;
  const certificate = kind === 'felt' || lambdaPerMs > 0 ? certify(state, terms.sum.costMs, withDual) : undefined;
  const rows = Array.from({ length: state.deviceCount }, (_, device) => rowOf(device, assignment, terms));
  return { rows, summary: { ...terms.sum, ...certificate } };
}

function rowOf(device: number, assignment: Assignment, terms: SlotTerms): DecisionRow {
  const row: Record<string, number> = { device };
  for (const field of assignmentFields) row[field] = assignment[field][device] as number;
  for (const term of rowTerms) row[term] = terms[term][device] as number;
  return row as unknown as DecisionRow;
}
