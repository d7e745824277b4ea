// `outrider`: asks an edge, or runs one, with models opened by their names, and predicted times. An export list and nothing
// else. docs/use/library.md shows how the parts go together.

export type { Assignment, ObjectiveSettings, Policy, SlotState } from '../allocation/slot/slot-state.ts';
export type { Clock } from '../core/basics/clock.ts';
export { type ErrorCode, errorCodes, isOutriderError, OutriderError } from '../core/basics/errors.ts';
export { type Candidates, candidateLimit, type RowAsk } from '../core/decoding/candidates.ts';
export type { Grammar, GrammarKind } from '../core/decoding/grammar.ts';
export type { Logprobs, TokenLogprobs } from '../core/decoding/logprobs.ts';
export { neutralSampling, type Sampling, type SamplingOptions } from '../core/decoding/sampling.ts';
export { describeLaw, freeLaw, type ShapeLaw } from '../core/decoding/shape-law.ts';
export type { DraftedText } from '../core/decoding/token-list.ts';
export type { TokenText } from '../core/decoding/token-text.ts';
export type { LinkSettings } from '../core/protocol/wire/link-model.ts';
export { idealLink, parseLink } from '../core/protocol/wire/link-model-settings.ts';
export { type ModeName, modeNames } from '../core/protocol/wire/mode.ts';
export { linearStepTime, type StepTimeModel } from '../core/scheduling/step-time.ts';
export { type OpenModelOptions, openModel } from '../models/engines/open-model.ts';
export { type Draft, type Drafter, type DraftRequest, ModelDrafter } from '../models/port/drafter.ts';
export type {
  EvaluateItem,
  Exactness,
  LanguageModel,
  Message,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from '../models/port/model.ts';
export { createEmulatedLink, type EmulatedLink } from '../network/transport/emulated-link.ts';
export { machineClock } from '../network/transport/machine-clock.ts';
export type { Connect, Listener } from '../network/transport/transport.ts';
export { connectWebSocket, type NodeConnectSettings } from '../network/transport-node/websocket-client.ts';
export { type AskOptions, createDevice, type Device, type DeviceParts } from '../processes/device/device.ts';
export type { DeviceEdge, EdgeList, TurnEdge } from '../processes/device/edge-list.ts';
export { startTurn, type Turn } from '../processes/device/turn.ts';
export type { TurnOptions } from '../processes/device/turn-options.ts';
export type { Emission, TurnReport } from '../processes/device/turn-report.ts';
export { type Edge, type EdgeStatus, listenEdge, startEdge } from '../processes/edge/edge.ts';
export type { EdgeOptions } from '../processes/edge/edge-options.ts';
export { type DeviceOptions, type OpenedDevice, type OpenedEdge, openDevice } from './open-device.ts';
