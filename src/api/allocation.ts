// `outrider/allocation`: which server serves which device, with which share of band and computing, for one time slot (the UARA problem
// of Koh & Yang 2025). Pure functions; they run anywhere. docs/research/allocation.md has the problem, docs/use/library.md an example.

export { type PacePrediction, predictPace } from '../allocation/felt/predict-pace.ts';
export { shareEqually } from '../allocation/paper/equal-shares.ts';
export { createSlotTerms, evaluate, type SlotTerms, type TermSums } from '../allocation/paper/objective.ts';
export { shareOptimally } from '../allocation/paper/optimal-shares.ts';
export { createPolicy, type PolicyEntry, policyList, type Sharing } from '../allocation/policies/policies.ts';
export { type Certificate, certify } from '../allocation/search/certify.ts';
export { checkAssignment } from '../allocation/slot/check-assignment.ts';
export { checkState } from '../allocation/slot/check-state.ts';
export { type Decision, type DecisionRow, describeDecision } from '../allocation/slot/describe-decision.ts';
export type { PaceState } from '../allocation/slot/pace-state.ts';
export { type NamedPolicy, requireAssignment } from '../allocation/slot/require-assignment.ts';
export { readState } from '../allocation/slot/slot-json.ts';
export { exampleState } from '../allocation/slot/slot-json-example.ts';
export type {
  Assignment,
  CandidateLinks,
  HandoverState,
  ObjectiveSettings,
  Outlook,
  Policy,
  SlotState,
} from '../allocation/slot/slot-state.ts';
export type { PlacedText, Standing } from '../allocation/slot/standing.ts';
export { type SyntheticSettings, syntheticSlot } from '../allocation/slot/synthetic-slot.ts';
export { type ErrorCode, isOutriderError, OutriderError } from '../core/basics/errors.ts';
