// A drafter's confidence on a grid of 16 bits. The drafter rounds it, so a recorded trace holds exactly the number of a live
// drafter, and a rule on confidence (when to stop drafting) decides the same with both.

const unitsOfCertainty = 65_535;

/** Whole units of 1/65,535, at least 1, as in a trace. @param confidence (0, 1] */
export function confidenceUnits(confidence: number): number {
  return Math.max(1, Math.round(confidence * unitsOfCertainty));
}

/** (0, 1] */
export function confidenceOfUnits(units: number): number {
  return units / unitsOfCertainty;
}

/** The nearest value on the grid, never 0. */
export function roundConfidence(confidence: number): number {
  return confidenceOfUnits(confidenceUnits(confidence));
}
