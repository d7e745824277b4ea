// The options of an edge and of its port, and what is checked of them.

import {
  between,
  type Checks,
  callback,
  clock,
  hasMembers,
  having,
  isWithin,
  listOf,
  must,
  optional,
  record,
  text,
  truth,
  whole,
} from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { type ConnectionLimits, connectionLimitChecks } from '../../core/protocol/edge/connection-limits.ts';
import type { anyone, EdgeKey } from '../../core/protocol/edge/edge-key.ts';
import { type PlaceRules, placeChecks } from '../../core/protocol/edge/edge-places.ts';
import type { RowQuotas } from '../../core/protocol/edge/row-quotas.ts';
import { type LivenessSettings, livenessChecks } from '../../core/protocol/wire/liveness.ts';
import type { OpenMessage } from '../../core/protocol/wire/messages.ts';
import { type RateLimitSettings, rateChecks } from '../../core/protocol/wire/rate-limit.ts';
import type { StepTimeModel } from '../../core/scheduling/step-time.ts';
import type { GrammarEngine } from '../../models/port/grammar-engine.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { portLimitChecks } from '../../network/transport-node/port-limits.ts';
import type { TlsIdentity } from '../../network/transport-node/websocket-server.ts';
import type { EdgeLogEvent } from './edge-events.ts';
import type { EdgeMeter } from './edge-meter.ts';
import type { ListenEdgeSettings } from './edge-requests.ts';

/** Most alternatives beside a draft of the edge's own draft model. */
export const mostEdgeHedges = 3;

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
  /** Who waits for a place, how long, and who gives one up; missing ones are the default's (docs/operate/operations.md). */
  readonly places?: Partial<PlaceRules>;
  /** Compute share z of a session, relative to the others of its key; default: equal. `Edge.setShares` changes it later. */
  readonly shareOf?: (open: OpenMessage, key: EdgeKey) => number;
  /**
   * The time per token that answers are to keep, ms: of sessions whose keys have no class (`EdgeKey.targetMsPerToken`), and the tightest that
   * these may ask for. Default: no target but what sessions ask for.
   */
  readonly targetMsPerToken?: number;
  /**
   * Rate of the edge's way to its devices, headers included: all connections share it by their shares y, and none of it is lost while some
   * of them are idle. At least 8,000. Default: nothing is paced.
   */
  readonly downlinkBitsPerSecond?: number;
  /**
   * Whose credentials these are; null: they are not valid, and the device is refused as `unauthorized`. It may throw an
   * `OutriderError` `unauthorized`, whose words the device and the log get. Default: {@link anyone}'s.
   */
  readonly keyOf?: (credentials: string) => EdgeKey | null;
  /** What keys have used before, and what counts their rows from now on (`openUsage`); default: nothing. */
  readonly quotas?: RowQuotas | undefined;
  /** Largest number of tokens that the edge looks up in the text for a step for which no draft has arrived; 0: none; default 8. */
  readonly lookUpTokens?: number;
  /**
   * A draft model on the edge for modes edge-sd and mix, with a KV sequence per session; the caller owns it. `draftLength` is for edge-sd.
   */
  readonly draft?: {
    readonly model: LanguageModel;
    readonly draftLength: number;
    /** The draft model never works while the target steps. Default: it does where that is measured to save time. */
    readonly restsInSteps?: boolean;
    /**
     * Most second choices that a pass of the draft model draws on from as well while the target steps, 0 to 3, where it is measured to save
     * time. Each needs a KV sequence more of the draft model for every session of the target; with fewer there are fewer. Default 0.
     */
    readonly hedges?: number;
    /**
     * The draft model drafts for all sessions of a step in passes before it, where there are several. Default: where a second row is measured
     * to add at most half of a pass to it.
     */
    readonly inPasses?: boolean;
  };
  /**
   * Grammars for the target's vocabulary; the caller owns it. Default: the edge makes them from the model's tokenizer, and loads their
   * library when the first session asks for one. Null: such sessions are refused.
   */
  readonly grammars?: GrammarEngine | null | undefined;
  /** Rate of one connection; default: what an honest device needs, several times. */
  readonly rate?: RateLimitSettings;
  /**
   * Rate of all connections of a key together, and of its HTTP requests; default: `rate` for each session that the model can hold, and for
   * eight at least.
   */
  readonly keyRate?: RateLimitSettings;
  /** Limits of connections, above all of those that have shown no key; missing ones are the default's (docs/operate/operations.md). */
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
  /** Called for events of interest to an operator: connections, refusals, sessions, faults. Floods are summarised. */
  readonly onEvent?: (event: EdgeLogEvent) => void;
  /** Receives everything that is measured, for metrics. */
  readonly meter?: EdgeMeter;
}

const modelCheck = having('a model', 'identity', 'tokenizer', 'limits', 'openSequence', 'evaluate');

export const edgeChecks: Checks<EdgeOptions> = {
  model: modelCheck,
  maxRows: optional(whole(1)),
  stepTime: optional(having('a model of the step time, as linearStepTime makes', 'law', 'calls')),
  learnsStepTime: optional(truth),
  keepLostMs: optional(between(0)),
  places: optional(record(placeChecks)),
  shareOf: optional(callback),
  targetMsPerToken: optional(between(0.001)),
  downlinkBitsPerSecond: optional(between(8000)),
  keyOf: optional(callback),
  quotas: optional(having('quotas, as a RowQuotas', 'demand', 'spend', 'stillUsed')),
  lookUpTokens: optional(whole(0)),
  draft: optional(
    record<NonNullable<EdgeOptions['draft']>>({
      model: modelCheck,
      draftLength: whole(1),
      restsInSteps: optional(truth),
      hedges: optional(whole(0, mostEdgeHedges)),
      inPasses: optional(truth),
    }),
  ),
  grammars: optional(
    must('Give a grammar engine, as createGrammarEngine makes, or null.', (engine) => {
      return engine === null || hasMembers(engine, 'open');
    }),
  ),
  rate: optional(record(rateChecks)),
  keyRate: optional(record(rateChecks)),
  connectionLimits: optional(record(connectionLimitChecks)),
  liveness: optional(record(livenessChecks)),
  clock: optional(clock),
  stallAfterMs: optional(between(0)),
  onFault: optional(callback),
  onEvent: optional(callback),
  meter: optional(having('a meter', 'opened', 'placed', 'committed', 'ended', 'stepped')),
};

export const listenChecks: Checks<ListenEdgeSettings> = {
  host: text,
  port: must('Give a whole number from 0 to 65535; 0 takes a free port.', (port) => {
    return Number.isInteger(port) && isWithin(port, 0, 65_535);
  }),
  onRequest: optional(callback),
  server: optional(having('a server of node:http or node:https', 'on', 'listening')),
  tls: optional(record<TlsIdentity>({ cert: text, key: text })),
  allowOrigins: optional(listOf('texts', text)),
  allowHosts: optional(listOf('texts', text)),
  portLimits: optional(record(portLimitChecks)),
  addressOf: optional(callback),
  onRefused: optional(callback),
  mayOrder: optional(callback),
  onApi: optional(callback),
};
