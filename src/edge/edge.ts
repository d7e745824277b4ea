// An edge server, to be started from code: one target model, many devices. It combines connections, sessions and the engine loop, and
// owns their lifetimes.

import {
  between,
  type Checks,
  callback,
  checkOptions,
  clock,
  having,
  isWithin,
  listOf,
  must,
  optional,
  record,
  text,
  truth,
  whole,
} from '../basics/check-options.ts';
import type { Clock } from '../basics/clock.ts';
import { OutriderError } from '../basics/errors.ts';
import { createEnding } from '../decoding/ending.ts';
import { largestExactCall } from '../decoding/shape-law.ts';
import type { LanguageModel } from '../models/model.ts';
import {
  type ConnectionLimits,
  connectionLimitChecks,
  defaultConnectionLimits,
} from '../protocol/connection-limits.ts';
import { defaultRate } from '../protocol/edge-connections.ts';
import { EdgeCore, type EdgeSettings } from '../protocol/edge-core.ts';
import { anyone, type EdgeKey } from '../protocol/edge-key.ts';
import { createEdgeSession, stepEdge } from '../protocol/edge-session.ts';
import { limits } from '../protocol/limits.ts';
import { defaultLiveness, type LivenessSettings, livenessChecks } from '../protocol/liveness.ts';
import type { OpenMessage } from '../protocol/messages.ts';
import { type RateLimitSettings, rateChecks } from '../protocol/rate-limit.ts';
import { byteWire, type FrameHandler } from '../protocol/wire.ts';
import { unpaddedTokens } from '../scheduling/step-prompt.ts';
import type { StepTimeModel } from '../scheduling/step-time.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { Accept, Connection, ConnectionHandler, Listener } from '../transport/transport.ts';
import { portLimitChecks } from '../transport-node/port-limits.ts';
import { type ListenSettings, listenWebSocket } from '../transport-node/websocket-server.ts';
import { EdgeDrafters } from './edge-drafters.ts';
import { EdgeFaults } from './edge-faults.ts';
import { EdgeSessions, type LiveEdgeCore, type SessionStep } from './edge-sessions.ts';
import { EngineLoop, type LoopAccount, type LoopObserver } from './engine-loop.ts';
import { defaultStallAfterMs } from './engine-watch.ts';
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
  /** Compute share z of a session, relative to the others of its key; default: equal. */
  readonly shareOf?: (open: OpenMessage, key: EdgeKey) => number;
  /** Whose credentials these are; null: nobody's, and the device is refused as `unauthorized`. Default: {@link anyone}'s. */
  readonly keyOf?: (credentials: string) => EdgeKey | null;
  /** Largest number of tokens that the edge looks up in the text for a step for which no draft has arrived; 0: none; default 8. */
  readonly lookUpTokens?: number;
  /** A draft model on the edge for modes edge-sd and mix, with a KV sequence per session; the caller owns it. `draftLength` is for edge-sd. */
  readonly draft?: { readonly model: LanguageModel; readonly draftLength: number };
  readonly rate?: RateLimitSettings;
  /** Limits of connections, above all of those that have shown no key; missing ones are the default's (docs/operating.md). */
  readonly connectionLimits?: Partial<ConnectionLimits>;
  readonly liveness?: LivenessSettings;
  readonly clock?: Clock;
  /** Least time after which a step, or an edge draft, counts as one that will not return; default 60,000. */
  readonly stallAfterMs?: number;
  /**
   * Called for failures of the engine and of functions given here, and for bugs, not for faults of devices. The same words are reported
   * once in ten seconds. Default: ignored.
   */
  readonly onFault?: (error: unknown) => void;
  /** Called for every event of every session's machine; for logs (`createEdgeLog`). */
  readonly onStep?: (step: SessionStep) => void;
}

const modelCheck = having('a model', 'identity', 'tokenizer', 'limits', 'openSequence', 'evaluate');

const edgeChecks: Checks<EdgeOptions> = {
  model: modelCheck,
  maxRows: optional(whole(1)),
  stepTime: optional(having('a model of the step time, as linearStepTime makes', 'law', 'calls')),
  learnsStepTime: optional(truth),
  keepLostMs: optional(between(0)),
  shareOf: optional(callback),
  keyOf: optional(callback),
  lookUpTokens: optional(whole(0)),
  draft: optional(record<NonNullable<EdgeOptions['draft']>>({ model: modelCheck, draftLength: whole(1) })),
  rate: optional(record(rateChecks)),
  connectionLimits: optional(record(connectionLimitChecks)),
  liveness: optional(record(livenessChecks)),
  clock: optional(clock),
  stallAfterMs: optional(between(0)),
  onFault: optional(callback),
  onStep: optional(callback),
};

const listenChecks: Checks<Omit<ListenSettings, 'maxFrameBytes'>> = {
  host: text,
  port: must('Give a whole number from 0 to 65535; 0 takes a free port.', (port) => {
    return Number.isInteger(port) && isWithin(port, 0, 65_535);
  }),
  onRequest: optional(callback),
  server: optional(having('a server of node:http or node:https', 'on', 'listening')),
  allowOrigins: optional(listOf('texts', text)),
  allowHosts: optional(listOf('texts', text)),
  portLimits: optional(record(portLimitChecks)),
  addressOf: optional(callback),
  onRefused: optional(callback),
};

/** Counts since the start, and the present numbers of sessions and connections. */
export interface EdgeStatus extends LoopAccount {
  /** `stalled`: the engine does not return from a step, so every session is refused until it does. */
  readonly state: 'serving' | 'stalled' | 'closed';
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

/**
 * Whatever a function of `options` throws is reported to `onFault`, and ends at most the session concerned.
 * @throws OutriderError `edge-full` if the model has no free KV sequence for the measurement of step times
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  checkOptions('startEdge', options, edgeChecks);
  const { model, onFault = () => {}, maxRows = defaultMaxRows, stallAfterMs = defaultStallAfterMs } = options;
  const faults = new EdgeFaults(onFault);
  const clock = faults.guardClock(options.clock ?? machineClock);
  const stepTime = options.stepTime ?? (await measureStepTime(model, clock, maxRows));
  const drafters = options.draft === undefined ? null : await openDrafters(options.draft, clock);
  const stall = signalOnce();
  const observer: LoopObserver = {
    failed: (error) => faults.report(error),
    stalled: (isStalled) => isStalled && stall.give(),
  };
  const loop = new EngineLoop(
    model,
    clock,
    { stepTime, learns: options.learnsStepTime ?? true, stallAfterMs },
    observer,
  );
  const { lookUpTokens = defaultLookUpTokens, onStep } = options;
  const sessions = new EdgeSessions(model, clock, { lookUpTokens, drafters, faults, onStep, stallAfterMs });
  const fault = (error: unknown): void => faults.report(error);
  const core: LiveEdgeCore = new EdgeCore(settingsOf(options, loop, drafters), clock, sessions, { fault });
  sessions.serve(core, () => loop.wake());
  const running = loop.run(core);
  let isClosed = false;
  const close = async (): Promise<void> => {
    isClosed = true;
    faults.call(() => core.connections.closeAll('the edge is closing'), undefined);
    loop.close();
    // An engine that does not return would keep the edge open for ever.
    await Promise.race([running, stall.given]);
    core.sessions.clear();
    if (!loop.isStalled) await sessions.close();
  };
  return {
    accept: (connection) => guardHandler(core.accept(connection), connection, faults),
    get status(): EdgeStatus {
      const state = isClosed ? 'closed' : loop.isStalled ? 'stalled' : 'serving';
      return { state, sessions: core.sessions.count, connections: core.connections.count, ...loop.account };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What a handler throws closes its connection; thrown in a socket's event, it would end the process. */
function guardHandler(handler: FrameHandler, connection: Connection, faults: EdgeFaults): ConnectionHandler {
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      faults.report(error);
      faults.call(() => connection.close('internal', 'the edge has a fault'), undefined);
    }
  };
  return {
    frame: (bytes) => guard(() => handler.frame(bytes)),
    writable: () => guard(() => handler.writable(true)),
    closed: () => guard(() => handler.closed()),
    arriving: (bytes) => guard(() => handler.arriving?.(bytes)),
    control: (bytes) => guard(() => handler.control?.(bytes)),
  };
}

function signalOnce(): { readonly give: () => void; readonly given: Promise<void> } {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { give: () => give(), given };
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
    closedFor: () => (loop.isStalled ? stalledEngine : undefined),
    keyOf: options.keyOf ?? (() => anyone),
    shareOf: checkedShare(options.shareOf ?? (() => 1)),
    keepLostMs: options.keepLostMs ?? 60_000,
    placeCount: engine.maxSequences,
    limits: { maxRows, usefulRows: maxRows, prefillChunk },
    stepTime: () => loop.stepTime,
    edgeDraft: drafters,
    rate: options.rate ?? defaultRate,
    connectionLimits: { ...defaultConnectionLimits(engine.maxSequences), ...options.connectionLimits },
    liveness: options.liveness ?? defaultLiveness,
    wire: byteWire,
  };
}

const stalledEngine = new OutriderError(
  'internal',
  'the engine of this edge does not return from a step',
  'try again later, or use another edge; the operator finds the cause in the log',
);

/** A share that is no positive number would end the planning of every step. */
function checkedShare(shareOf: EdgeSettings['shareOf']): EdgeSettings['shareOf'] {
  return (open, key) => {
    const share = shareOf(open, key);
    if (Number.isFinite(share) && share > 0) return share;
    throw new RangeError(`shareOf returned ${share}; a share is a number above 0`);
  };
}

async function openDrafters(draft: NonNullable<EdgeOptions['draft']>, clock: Clock): Promise<EdgeDrafters> {
  return new EdgeDrafters({ ...draft, draftTime: await measureStepTime(draft.model, clock, 1) }, clock);
}

/** Serves an edge on a WebSocket port, or on a given HTTP server. @throws OutriderError `port-in-use`, `bad-argument` */
export async function listenEdge(edge: Edge, settings: Omit<ListenSettings, 'maxFrameBytes'>): Promise<Listener> {
  having('what startEdge has returned', 'accept')('listenEdge: the edge', edge);
  checkOptions('listenEdge', settings, listenChecks);
  return listenWebSocket({ ...settings, maxFrameBytes: limits.openBytes }, edge.accept);
}
