// Every interpretation of what the paper leaves open, and slots of preset `paper` under them. A world is made once for each seed and law of k; the
// other choices differ in numbers of its state only.

import { findModelShape, payloadBitsPerToken } from '../../../simulator/world/workload-models.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { combinations } from '../combinations.ts';

export type PayloadLaw = 'q16' | 'ids';
export const payloadLaws: readonly PayloadLaw[] = ['q16', 'ids'];
export type LambdaUnit = 'per-ms' | 'per-s';

/** One choice of the values that the paper leaves open. */
export interface Interpretation {
  readonly payloadLaw: PayloadLaw;
  readonly lambdaUnit: LambdaUnit;
  /** The law of k: slots of work that wait at each server, drawn uniformly from 0 to this. 0: empty queues, as in preset `paper`. */
  readonly mostQueued: number;
}

export const interpretations: readonly Interpretation[] = combinations({
  payloadLaw: payloadLaws,
  lambdaUnit: ['per-ms', 'per-s'],
  mostQueued: [0],
});

/** The grid over laws of k, beside empty queues. */
export const queueLaws = [1, 2, 4] as const;

/** With work that waits; lambda per ms, since its unit moves the latencies by half a point. */
export const queuedInterpretations: readonly Interpretation[] = combinations({
  payloadLaw: payloadLaws,
  lambdaUnit: ['per-ms'],
  mostQueued: queueLaws,
});

export function isMainInterpretation({ payloadLaw, lambdaUnit, mostQueued }: Interpretation): boolean {
  return payloadLaw === 'q16' && lambdaUnit === 'per-ms' && mostQueued === 0;
}

export function interpretationName({ payloadLaw, lambdaUnit, mostQueued }: Interpretation): string {
  return `${payloadLaw}, lambda ${lambdaUnit}${mostQueued === 0 ? '' : `, k 0 to ${mostQueued}`}`;
}

const draftName = 'gpt2';

/** @param state of preset `paper`: q16, lambda per ms, and the interpretation's law of k */
export function underInterpretation(state: SlotState, { payloadLaw, lambdaUnit }: Interpretation): SlotState {
  const shape = findModelShape(draftName);
  const scale = payloadBitsPerToken(shape, payloadLaw) / payloadBitsPerToken(shape, 'q16');
  const { objective } = state;
  const lambdaPerMs = lambdaUnit === 'per-s' ? objective.lambdaPerMs / 1000 : objective.lambdaPerMs;
  return {
    ...state,
    payloadBits: state.payloadBits.map((bits) => bits * scale),
    objective: { ...objective, lambdaPerMs },
  };
}
