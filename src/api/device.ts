// `outrider/device`: asks an edge, and drafts for it. For a page in the browser, and for Node, Bun and Deno alike: nothing below this file
// imports a Node module or a package (tsconfig.browser.json and test/browser/bundle.test.ts keep it so). The functions that open models by
// their names are in `outrider`. docs/use/library.md shows how to combine the parts.

/// <reference lib="esnext.disposable" preserve="true" />

export type { Clock } from '../core/basics/clock.ts';
export { type ErrorCode, errorCodes, isOutriderError, OutriderError } from '../core/basics/errors.ts';
export type { Grammar, GrammarKind } from '../core/decoding/grammar.ts';
export type { Logprobs, TokenLogprobs } from '../core/decoding/logprobs.ts';
export { neutralSampling, type Sampling, type SamplingOptions } from '../core/decoding/sampling.ts';
export type { DraftedText } from '../core/decoding/token-list.ts';
export type { TokenText } from '../core/decoding/token-text.ts';
export type { LinkSettings } from '../core/protocol/wire/link-model.ts';
export { idealLink, parseLink } from '../core/protocol/wire/link-model-settings.ts';
export { type ModeName, modeNames } from '../core/protocol/wire/mode.ts';
export { openGgufTokenizer } from '../models/engines/wasm/bpe-tokenizer.ts';
export { wasmKernelName } from '../models/engines/wasm/kernel.ts';
export { openWasmModel, type WasmModelOptions } from '../models/engines/wasm/wasm-model.ts';
export type { ByteSource } from '../models/gguf/gguf.ts';
export { AdaptiveDrafter } from '../models/port/adaptive-drafter.ts';
export { type Draft, type Drafter, type DraftRequest, ModelDrafter } from '../models/port/drafter.ts';
export type { LanguageModel, Message, Tokenizer } from '../models/port/model.ts';
export { createNgramModel, type NgramOptions } from '../models/port/ngram.ts';
export { createToyModel, type ToyOptions } from '../models/port/toy.ts';
export { createEmulatedLink, type EmulatedLink } from '../network/transport/emulated-link.ts';
export { type PacedUplink, paceUplink } from '../network/transport/paced-direction.ts';
export type { Accept, CloseReason, Connect, Connection, ConnectionHandler } from '../network/transport/transport.ts';
export { type ConnectSettings, connectWebSocket } from '../network/transport/websocket-client.ts';
export type { AutoMode, ModeChange } from '../processes/device/auto-mode.ts';
export { type AskOptions, createDevice, type Device, type DeviceParts } from '../processes/device/device.ts';
export type { DeviceEdge, EdgeList, TurnEdge } from '../processes/device/edge-list.ts';
export { type LocalTurnOptions, startLocalTurn } from '../processes/device/local-turn.ts';
export { type EdgeProbe, probeEdge } from '../processes/device/probe-edge.ts';
export { startTurn, type Turn } from '../processes/device/turn.ts';
export type { TurnOptions } from '../processes/device/turn-options.ts';
export type { Emission, TurnReport } from '../processes/device/turn-report.ts';
