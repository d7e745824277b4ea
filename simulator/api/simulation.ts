// `outrider/simulation`: a world of devices and servers slot by slot, the protocol's machines in it token by token, and one session
// in virtual time. Pure functions of their settings and a seed; they run anywhere. docs/research/simulator.md has the models,
// docs/use/library.md two examples.

export type { PolicyEntry } from '../../src/allocation/policies/policies.ts';
export type { NamedPolicy } from '../../src/allocation/slot/require-assignment.ts';
export type { Assignment, Policy, SlotState } from '../../src/allocation/slot/slot-state.ts';
export { type ErrorCode, isOutriderError, OutriderError } from '../../src/core/basics/errors.ts';
export { neutralSampling, type Sampling, type SamplingOptions } from '../../src/core/decoding/sampling.ts';
export type { LinkSettings } from '../../src/core/protocol/wire/link-model.ts';
export { idealLink, parseLink } from '../../src/core/protocol/wire/link-model-settings.ts';
export { type ModeName, modeNames } from '../../src/core/protocol/wire/mode.ts';
export { createPolicy, policyList } from '../policies/policies.ts';
export { presetNames, readPreset } from '../scenario/presets.ts';
export { type Override, parseOverride, parseScenarioText, readScenario } from '../scenario/read-scenario.ts';
export type { Scenario } from '../scenario/scenario.ts';
export { scenarioText } from '../scenario/write-scenario.ts';
export {
  createSlotRun,
  runSlots,
  type SlotOutcome,
  type SlotRun,
  type SlotRunOptions,
} from '../simulation/run-slots.ts';
export {
  createSimulation,
  type Fidelity,
  type Simulation,
  type SimulationResult,
  type SimulationRow,
  type SimulationSettings,
  type SimulationSummary,
  simulate,
} from '../simulation/simulate.ts';
export {
  createSlotTally,
  type SlotFigures,
  type SlotRow,
  type SlotSummary,
  type SlotTally,
} from '../simulation/slot-tally.ts';
export { createWorld, type World } from '../simulation/slot-world.ts';
export type { SessionRecord } from '../simulation/token-device.ts';
export { createTokenRun, type TokenRun, type TokenRunOptions, type TokenTotals } from '../simulation/token-run.ts';
export { drawnSource, type TokenSource, traceSourceOf } from '../simulation/token-source.ts';
export {
  createTokenTally,
  type TokenFigures,
  type TokenRow,
  type TokenSummary,
  type TokenTally,
} from '../simulation/token-tally.ts';
export type { Trace, TraceHeader, TraceSession } from '../traces/trace.ts';
export { parseTrace } from '../traces/trace-file.ts';
export {
  runSession,
  runSourceSession,
  type SessionConditions,
  type SessionResult,
  type SessionSettings,
  type SessionSource,
} from '../virtual-time/run-session.ts';
export { TraceReplay, traceSource } from '../virtual-time/trace-replay.ts';
export { parseRadioMap, type RadioMap } from '../world/radio-map.ts';
