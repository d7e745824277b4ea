// An edge server from code: one target model, many devices. It puts links, sessions and the engine loop together and owns their
// lifetimes.

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
/** Only those that pay become rows. */
export const defaultLookUpTokens = 8;

/** What an edge runs and whom it serves; only `model` must be given. Times in ms. */
export interface EdgeOptions {
  /** The target. Stays the caller's: closing the edge does not close it. */
  readonly model: LanguageModel;
  /** Rows of all sessions that one engine step may hold; default 32. */
  readonly maxRows?: number;
  /** What a step costs, where that is known; measured at start-up otherwise. */
  readonly stepTime?: StepTimeModel;
  /** Whether measured steps correct that; default true. */
  readonly learnsStepTime?: boolean;
  /** How long a session without a connection is kept; default 60,000. */
  readonly keepLostMs?: number;
  /** Compute share z of a session, relative to the others; default: equal. */
  readonly shareOf?: (open: OpenMessage) => number;
  /** Whether a key may open sessions; default: everybody may. */
  readonly admits?: (credentials: string) => boolean;
  /** Tokens at most that the edge looks up in the text for steps at which no draft has arrived; 0: none; default 8. */
  readonly lookUpTokens?: number;
  /** A draft model on the edge, for sessions in modes edge-sd (in windows) and mix (as many as pay); stays the caller's, one sequence per session. */
  readonly draft?: { readonly model: LanguageModel; readonly draftLength: number };
  readonly rate?: RateLimitSettings;
  readonly liveness?: LivenessSettings;
  readonly clock?: Clock;
  /** Told of faults that are not a device's: engine failures and bugs. Default: ignored. */
  readonly onFault?: (error: unknown) => void;
  /** Told of every event of every session's machine: for logs (`createEdgeLog`). */
  readonly onStep?: (step: SessionStep) => void;
}

/** Counts since the start; sessions and connections as they are now. */
export interface EdgeStatus extends LoopAccount {
  readonly sessions: number;
  readonly connections: number;
}

/** A running edge; see {@link startEdge}. It has no port until {@link listenEdge} gives it one. */
export interface Edge extends AsyncDisposable {
  /** Serves one connection of any transport. */
  readonly accept: Accept;
  readonly status: EdgeStatus;
  /** Ends all sessions, waits for the step in flight. */
  close(): Promise<void>;
}

/** @throws OutriderError `edge-full` if the model has no sequence to measure with */
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

/** Serves an edge on a WebSocket port, with a server of the caller's if one is given. @throws OutriderError `port-in-use` */
export function listenEdge(edge: Edge, settings: Omit<ListenSettings, 'maxFrameBytes'>): Promise<Listener> {
  return listenWebSocket({ ...settings, maxFrameBytes: limits.openBytes }, edge.accept);
}
