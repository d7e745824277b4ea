// A point of the plane of units: which of the four parts of Fig. 6 hold there.

import { type Verdict, verdictOnDirection } from '../../../simulator/runner/claim.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import type { Fig6Change } from './fig6-changes.ts';
import { leastChange } from './fig6-page.ts';

/** A point of the plane: the changes of Fig. 6 there, and how many of its four parts hold. */
export interface PlanePoint extends Fig6Change {
  readonly transmitScale: number;
  readonly lambdaSpanMs: number;
  readonly parts: Readonly<Record<Part, Verdict>>;
  readonly heldParts: number;
}

type Part = 'energyFalls' | 'latencyRises' | 'energyMostAtLowBattery' | 'latencyMostAtLowBattery';

export function pointOf(change: Fig6Change): PlanePoint {
  const { all, lowBeyondOthers, transmitScale = 1, lambdaScale = 1 } = change;
  const falls = ({ interval }: Estimate): Verdict => verdictOnDirection('falls', interval, leastChange);
  const rises = ({ interval }: Estimate): Verdict => verdictOnDirection('rises', interval, leastChange);
  const parts = {
    energyFalls: falls(all.energy),
    latencyRises: rises(all.latency),
    energyMostAtLowBattery: falls(lowBeyondOthers.energy),
    latencyMostAtLowBattery: rises(lowBeyondOthers.latency),
  };
  const heldParts = Object.values(parts).filter((verdict) => verdict === 'holds').length;
  return { ...change, transmitScale, lambdaSpanMs: Math.round(1 / lambdaScale), parts, heldParts };
}
