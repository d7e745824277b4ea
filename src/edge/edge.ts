// An edge server, to be started from code: one target model, many devices. It combines connections, sessions and the engine loop, and
// owns their lifetimes.

import type { Clock } from '../basics/clock.ts';
import { createEnding } from '../decoding/ending.ts';
import { largestExactCall } from '../decoding/shape-law.ts';
import type { LanguageModel } from '../models/model.ts';
import { defaultRate } from '../protocol/edge-connections.ts';
import { EdgeCore, type EdgeSettings } from '../protocol/edge-core.ts';
import { createEdgeSession, stepEdge } from '../protocol/edge-session.ts';
import { limits } from '../protocol/limits.ts';
import { defaultLiveness, type LivenessSettings } from '../protocol/liveness.ts';
import type { OpenMessage } from '../protocol/messages.ts';
import type { RateLimitSettings } from '../protocol/rate-limit.ts';
import { byteWire } from '../protocol/wire.ts';
import { unpaddedTokens } from '../scheduling/step-prompt.ts';
import type { StepTimeModel } from '../scheduling/step-time.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { Accept, Listener } from '../transport/transport.ts';
import { type ListenSettings, listenWebSocket } from '../transport-node/websocket-server.ts';
import { EdgeDrafters } from './edge-drafters.ts';
import { EdgeSessions, type LiveEdgeCore, type SessionStep } from './edge-sessions.ts';
import { EngineLoop, type LoopAccount } from './engine-loop.ts';
import { measureStepTime } from './step-time-fit.ts';

export const defaultMaxRows = 32;
/** The scheduler takes only those that are worth their row. */
export const defaultLookUpTokens = 8;

/** Options of {@link startEdge}; only `model` is required. Times in ms. */
export interface EdgeOptions {
  /** The target. The caller owns it: closing the edge does not close it. */
  readonly model: LanguageModel;
  /** Largest number of rows in one engine step, of all sessions together; default 32. */
  readonly maxRows?: number;
  /** Model of the step time; default: measured at start-up. */
  readonly stepTime?: StepTimeModel;
  /** Whether measured steps correct `stepTime`; default true. */
  readonly learnsStepTime?: boolean;
  /** Time for which a session without a connection is kept; default 60,000. */
  readonly keepLostMs?: number;
  /** Compute share z of a session, relative to the others; default: equal. */
  readonly shareOf?: (open: OpenMessage) => number;
  /** Whether a key may open sessions; default: every key may. */
  readonly admits?: (credentials: string) => boolean;
  /** Largest number of tokens that the edge looks up in the text for a step for which no draft has arrived; 0: none; default 8. */
  readonly lookUpTokens?: number;
  /** A draft model on the edge for modes edge-sd and mix, with a KV sequence per session; the caller owns it. `draftLength` is for edge-sd. */
  readonly draft?: { readonly model: LanguageModel; readonly draftLength: number };
  readonly rate?: RateLimitSettings;
  readonly liveness?: LivenessSettings;
  readonly clock?: Clock;
  /** Called for engine failures and bugs, not for faults of devices. Default: ignored. */
  readonly onFault?: (error: unknown) => void;
  /** Called for every event of every session's machine; for logs (`createEdgeLog`). */
  readonly onStep?: (step: SessionStep) => void;
}

/** Counts since the start, and the present numbers of sessions and connections. */
export interface EdgeStatus extends LoopAccount {
  readonly sessions: number;
  readonly connections: number;
}

/** A running edge; see {@link startEdge}. {@link listenEdge} opens a port for it. */
export interface Edge extends AsyncDisposable {
  /** Serves one connection of any transport. */
  readonly accept: Accept;
  readonly status: EdgeStatus;
  /** Ends all sessions and waits for the running step. */
  close(): Promise<void>;
}

/** @throws OutriderError `edge-full` if the model has no free KV sequence for the measurement of step times */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { model, clock = machineClock, onFault = () => {}, maxRows = defaultMaxRows } = options;
  const stepTime = options.stepTime ?? (await measureStepTime(model, clock, maxRows));
  const drafters = options.draft === undefined ? null : await openDrafters(options.draft, clock);
  const loop = new EngineLoop(model, clock, { stepTime, learns: options.learnsStepTime ?? true }, onFault);
  const { lookUpTokens = defaultLookUpTokens, onStep } = options;
  const sessions = new EdgeSessions(model, clock, { lookUpTokens, drafters, onFault, onStep });
  const core: LiveEdgeCore = new EdgeCore(settingsOf(options, loop, drafters), clock, sessions, { fault: onFault });
  sessions.serve(core, () => loop.wake());
  const running = loop.run(core);
  const close = async (): Promise<void> => {
    core.connections.closeAll('the edge is closing');
    loop.close();
    await running;
    core.sessions.clear();
    await sessions.close();
  };
  return {
    accept: (connection) => {
      const { frame, writable, closed } = core.accept(connection);
      return { frame, writable: () => writable(true), closed };
    },
    get status() {
      return { sessions: core.sessions.count, connections: core.connections.count, ...loop.account };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function settingsOf(options: EdgeOptions, loop: EngineLoop, drafters: EdgeDrafters | null): EdgeSettings {
  const { model, maxRows = defaultMaxRows } = options;
  const { identity, tokenizer, limits: engine } = model;
  const { endIds, vocabularySize } = tokenizer;
  const prefillChunk = unpaddedTokens(engine.law, Math.min(largestExactCall, engine.maxItemTokens));
  return {
    machines: { stepEdge, createEdgeSession },
    target: { model: identity.name, fingerprint: identity.fingerprint, tokenizerHash: tokenizer.hash },
    rules: {
      vocabularySize,
      contextLength: engine.contextLength,
      endingOf: ({ stopStrings, maxAnswerTokens }) =>
        createEnding({ endIds, stopStrings, maxAnswerTokens }, tokenizer.bytes),
    },
    admits: options.admits ?? (() => true),
    shareOf: options.shareOf ?? (() => 1),
    keepLostMs: options.keepLostMs ?? 60_000,
    placeCount: engine.maxSequences,
    limits: { maxRows, usefulRows: maxRows, prefillChunk },
    stepTime: () => loop.stepTime,
    edgeDraft: drafters,
    rate: options.rate ?? defaultRate,
    liveness: options.liveness ?? defaultLiveness,
    wire: byteWire,
  };
}

async function openDrafters(draft: NonNullable<EdgeOptions['draft']>, clock: Clock): Promise<EdgeDrafters> {
  return new EdgeDrafters({ ...draft, draftTime: await measureStepTime(draft.model, clock, 1) }, clock);
}

/** Serves an edge on a WebSocket port, or on a given HTTP server. @throws OutriderError `port-in-use` */
export function listenEdge(edge: Edge, settings: Omit<ListenSettings, 'maxFrameBytes'>): Promise<Listener> {
  return listenWebSocket({ ...settings, maxFrameBytes: limits.openBytes }, edge.accept);
}
