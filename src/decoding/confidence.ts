// A drafter's confidence on a grid of 16 bits. It is rounded where it is made, so that a recorded trace holds exactly the number that a
// live drafter gave, and a rule on confidence (when to stop drafting) decides alike in both.

const unitsOfCertainty = 65_535;

/** Whole units of 1/65,535, at least 1: what a trace stores. @param confidence (0, 1] */
export function confidenceUnits(confidence: number): number {
  return Math.max(1, Math.round(confidence * unitsOfCertainty));
}

/** (0, 1] */
export function confidenceOfUnits(units: number): number {
  return units / unitsOfCertainty;
}

/** The value on the grid that is nearest, never 0. */
export function roundConfidence(confidence: number): number {
  return confidenceOfUnits(confidenceUnits(confidence));
}
