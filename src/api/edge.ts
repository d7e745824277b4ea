// `outrider/edge`: runs a large model for devices, on Node. docs/use/library.md shows how the parts go together.

export type { Clock } from '../core/basics/clock.ts';
export { type ErrorCode, errorCodes, isOutriderError, OutriderError } from '../core/basics/errors.ts';
export { type Candidates, candidateLimit, type RowAsk } from '../core/decoding/candidates.ts';
export type { Grammar, GrammarKind } from '../core/decoding/grammar.ts';
export { describeLaw, freeLaw, type ShapeLaw } from '../core/decoding/shape-law.ts';
export type { ConnectionLimits } from '../core/protocol/edge/connection-limits.ts';
export { anyone, type EdgeKey, edgeKey } from '../core/protocol/edge/edge-key.ts';
export { defaultPlaceRules, type PlaceRules } from '../core/protocol/edge/edge-places.ts';
export { defaultLiveness, type LivenessSettings } from '../core/protocol/wire/liveness.ts';
export type { OpenMessage } from '../core/protocol/wire/messages.ts';
export type { RateLimitSettings } from '../core/protocol/wire/rate-limit.ts';
export { linearStepTime, type StepTimeModel } from '../core/scheduling/step-time.ts';
export { type OpenModelOptions, openModel } from '../models/engines/open-model.ts';
export { createGrammarEngine, type GrammarLimits } from '../models/engines/xgrammar.ts';
export type { GrammarEngine, GrammarMatcher } from '../models/port/grammar-engine.ts';
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
export { createToyModel, type ToyOptions } from '../models/port/toy.ts';
export { createInMemoryNetwork, type InMemoryNetwork, type InMemorySettings } from '../network/transport/in-memory.ts';
export type {
  Accept,
  CloseReason,
  Connect,
  Connection,
  ConnectionHandler,
  Listener,
} from '../network/transport/transport.ts';
export type { PortLimits } from '../network/transport-node/port-limits.ts';
export type { UpgradeRefusal, UpgradeRefusalReason } from '../network/transport-node/upgrade-guard.ts';
export type { ListenSettings, TlsIdentity, WebSocketListener } from '../network/transport-node/websocket-server.ts';
export { type Edge, type EdgeStatus, listenEdge, startEdge } from '../processes/edge/edge.ts';
export { type EdgeLogEvent, type LogLevel, levelOf } from '../processes/edge/edge-events.ts';
export type { EdgeCounts } from '../processes/edge/edge-journal.ts';
export type { EdgeOptions } from '../processes/edge/edge-options.ts';
export type { SessionShares, SharesSet } from '../processes/edge/edge-shares.ts';
