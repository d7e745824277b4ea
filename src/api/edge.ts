// `outrider/edge`: runs a large model for devices, on Node. docs/library.md shows how the parts go together.

export type { Clock } from '../basics/clock.ts';
export { type ErrorCode, errorCodes, isOutriderError, OutriderError } from '../basics/errors.ts';
export { type Candidates, candidateLimit, type RowAsk } from '../decoding/candidates.ts';
export type { Grammar, GrammarKind } from '../decoding/grammar.ts';
export { describeLaw, freeLaw, type ShapeLaw } from '../decoding/shape-law.ts';
export { type Edge, type EdgeStatus, listenEdge, startEdge } from '../edge/edge.ts';
export { type EdgeLogEvent, type LogLevel, levelOf } from '../edge/edge-events.ts';
export type { EdgeCounts } from '../edge/edge-journal.ts';
export type { EdgeOptions } from '../edge/edge-options.ts';
export type { SessionShares, SharesSet } from '../edge/edge-shares.ts';
export { type OpenModelOptions, openModel } from '../engines/open-model.ts';
export { createGrammarEngine, type GrammarLimits } from '../engines/xgrammar.ts';
export type { GrammarEngine, GrammarMatcher } from '../models/grammar-engine.ts';
export type {
  EvaluateItem,
  Exactness,
  LanguageModel,
  Message,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from '../models/model.ts';
export { createToyModel, type ToyOptions } from '../models/toy.ts';
export type { ConnectionLimits } from '../protocol/connection-limits.ts';
export { anyone, type EdgeKey, edgeKey } from '../protocol/edge-key.ts';
export { defaultPlaceRules, type PlaceRules } from '../protocol/edge-places.ts';
export { createEdgeLog, type LogOptions } from '../protocol/event-log-write.ts';
export { defaultLiveness, type LivenessSettings } from '../protocol/liveness.ts';
export type { OpenMessage } from '../protocol/messages.ts';
export type { RateLimitSettings } from '../protocol/rate-limit.ts';
export { linearStepTime, type StepTimeModel } from '../scheduling/step-time.ts';
export { createInMemoryNetwork, type InMemoryNetwork, type InMemorySettings } from '../transport/in-memory.ts';
export type { Accept, CloseReason, Connect, Connection, ConnectionHandler, Listener } from '../transport/transport.ts';
export {
  type BandwidthEnforcer,
  type BandwidthSession,
  type NetworkEnd,
  type PacedEnds,
  pacedBandwidth,
  type SessionRates,
} from '../transport-node/bandwidth-enforcer.ts';
export { type CamaraBandwidthOptions, camaraBandwidth } from '../transport-node/camara-bandwidth.ts';
export { type MecBandwidthOptions, mecBandwidth } from '../transport-node/mec-bandwidth.ts';
export type { PortLimits } from '../transport-node/port-limits.ts';
export type { UpgradeRefusal, UpgradeRefusalReason } from '../transport-node/upgrade-guard.ts';
export type { ListenSettings, TlsIdentity, WebSocketListener } from '../transport-node/websocket-server.ts';
