// `outrider/allocation`: which server serves which device, with which share of band and computing, for one time slot (the UARA problem
// of Koh & Yang 2025). Pure functions; they run anywhere. docs/allocation.md has the problem, docs/library.md an example.

export { type Certificate, certify } from '../allocation/certify.ts';
export { checkAssignment } from '../allocation/check-assignment.ts';
export { checkState } from '../allocation/check-state.ts';
export { type Decision, type DecisionRow, describeDecision } from '../allocation/describe-decision.ts';
export { shareEqually } from '../allocation/equal-shares.ts';
export { createSlotTerms, evaluate, type SlotTerms, type TermSums } from '../allocation/objective.ts';
export { shareOptimally } from '../allocation/optimal-shares.ts';
export type { PaceState } from '../allocation/pace-state.ts';
export { createPolicy, type PolicyEntry, policyList, type Sharing } from '../allocation/policies.ts';
export { type PacePrediction, predictPace } from '../allocation/predict-pace.ts';
export { type NamedPolicy, requireAssignment } from '../allocation/require-assignment.ts';
export { readState } from '../allocation/slot-json.ts';
export { exampleState } from '../allocation/slot-json-example.ts';
export type {
  Assignment,
  CandidateLinks,
  HandoverState,
  ObjectiveSettings,
  Outlook,
  Policy,
  SlotState,
} from '../allocation/slot-state.ts';
export { type SyntheticSettings, syntheticSlot } from '../allocation/synthetic-slot.ts';
export { type ErrorCode, isOutriderError, OutriderError } from '../basics/errors.ts';
