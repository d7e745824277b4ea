// `outrider`: asks an edge, or runs one, with models opened by their names; event logs, predicted times. An export list and nothing
// else. docs/library.md shows how the parts go together.

export type { Assignment, ObjectiveSettings, Policy, SlotState } from './allocation/slot-state.ts';
export { type DeviceOptions, type OpenedDevice, type OpenedEdge, openDevice } from './api/open-device.ts';
export type { Clock } from './basics/clock.ts';
export { type ErrorCode, errorCodes, isOutriderError, OutriderError } from './basics/errors.ts';
export { type Candidates, candidateLimit, type RowAsk } from './decoding/candidates.ts';
export type { Grammar, GrammarKind } from './decoding/grammar.ts';
export type { Logprobs, TokenLogprobs } from './decoding/logprobs.ts';
export { neutralSampling, type Sampling, type SamplingOptions } from './decoding/sampling.ts';
export { describeLaw, freeLaw, type ShapeLaw } from './decoding/shape-law.ts';
export type { DraftedText } from './decoding/token-list.ts';
export type { TokenText } from './decoding/token-text.ts';
export { type AskOptions, createDevice, type Device, type DeviceParts } from './device/device.ts';
export type { DeviceEdge, EdgeList, TurnEdge } from './device/edge-list.ts';
export { startTurn, type Turn } from './device/turn.ts';
export type { TurnOptions } from './device/turn-options.ts';
export type { Emission, TurnReport } from './device/turn-report.ts';
export { type Edge, type EdgeStatus, listenEdge, startEdge } from './edge/edge.ts';
export type { EdgeOptions } from './edge/edge-options.ts';
export { type OpenModelOptions, openModel } from './engines/open-model.ts';
export { type Draft, type Drafter, type DraftRequest, ModelDrafter } from './models/drafter.ts';
export type {
  EvaluateItem,
  Exactness,
  LanguageModel,
  Message,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from './models/model.ts';
export { type EventLog, parseEventLog } from './protocol/event-log.ts';
export { type ReplayedStep, replayLog } from './protocol/event-log-replay.ts';
export { createDeviceLog, createEdgeLog, type LogOptions } from './protocol/event-log-write.ts';
export type { LinkSettings } from './protocol/link-model.ts';
export { idealLink, parseLink } from './protocol/link-model-settings.ts';
export { type ModeName, modeNames } from './protocol/mode.ts';
export type { TimingFigures } from './scheduling/latency-model.ts';
export { predictTokenTimes, type TokenTimePrediction } from './scheduling/predict-latency.ts';
export { linearStepTime, type StepTimeModel } from './scheduling/step-time.ts';
export { createEmulatedLink, type EmulatedLink } from './transport/emulated-link.ts';
export { machineClock } from './transport/machine-clock.ts';
export type { Connect, Listener } from './transport/transport.ts';
export { connectWebSocket, type NodeConnectSettings } from './transport-node/websocket-client.ts';
