// `outrider/device`: asks an edge, and drafts for it. For a page in the browser, and for Node, Bun and Deno alike: nothing below this
// file imports a Node module or a package (tsconfig.browser.json and test/browser/bundle.test.ts keep it so). What opens models by
// their names is in `outrider`. docs/library.md shows how the parts go together.

export type { Clock } from '../basics/clock.ts';
export { type ErrorCode, errorCodes, isOutriderError, OutriderError } from '../basics/errors.ts';
export type { Grammar, GrammarKind } from '../decoding/grammar.ts';
export type { Logprobs, TokenLogprobs } from '../decoding/logprobs.ts';
export { neutralSampling, type Sampling, type SamplingOptions } from '../decoding/sampling.ts';
export type { DraftedText } from '../decoding/token-list.ts';
export type { TokenText } from '../decoding/token-text.ts';
export type { AutoMode, ModeChange } from '../device/auto-mode.ts';
export { type AskOptions, createDevice, type Device, type DeviceParts } from '../device/device.ts';
export type { DeviceEdge, EdgeList, TurnEdge } from '../device/edge-list.ts';
export { type LocalTurnOptions, startLocalTurn } from '../device/local-turn.ts';
export { type EdgeProbe, probeEdge } from '../device/probe-edge.ts';
export { startTurn, type Turn } from '../device/turn.ts';
export type { TurnOptions } from '../device/turn-options.ts';
export type { Emission, TurnReport } from '../device/turn-report.ts';
export { AdaptiveDrafter } from '../models/adaptive-drafter.ts';
export { type Draft, type Drafter, type DraftRequest, ModelDrafter } from '../models/drafter.ts';
export type { LanguageModel, Message, Tokenizer } from '../models/model.ts';
export { createNgramModel, type NgramOptions } from '../models/ngram.ts';
export { createToyModel, type ToyOptions } from '../models/toy.ts';
export type { LinkSettings } from '../protocol/link-model.ts';
export { idealLink, parseLink } from '../protocol/link-model-settings.ts';
export { type ModeName, modeNames } from '../protocol/mode.ts';
export { createEmulatedLink, type EmulatedLink } from '../transport/emulated-link.ts';
export { type PacedUplink, paceUplink } from '../transport/paced-direction.ts';
export type { Accept, CloseReason, Connect, Connection, ConnectionHandler } from '../transport/transport.ts';
export { type ConnectSettings, connectWebSocket } from '../transport/websocket-client.ts';
