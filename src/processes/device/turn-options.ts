// What one answer is asked for: the options, their checks, and the request that the protocol's machine gets from them.

import {
  abortSignal,
  between,
  type Check,
  type Checks,
  callback,
  clock,
  hasMembers,
  having,
  isWithin,
  listOf,
  must,
  oneOf,
  optional,
  record,
  secret,
  text,
  truth,
  whole,
} from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { defined } from '../../core/basics/defined.ts';
import { badArgument } from '../../core/basics/errors.ts';
import { validateEndRule } from '../../core/decoding/ending.ts';
import { type Grammar, grammarKinds } from '../../core/decoding/grammar.ts';
import { hedgesAtPrice, mostHedges } from '../../core/decoding/hedge-count.ts';
import { topLogprobsLimit } from '../../core/decoding/logprobs.ts';
import { type PassPrices, supposedPrices } from '../../core/decoding/pass-times.ts';
import {
  completeSampling,
  type SamplingOptions,
  samplingChecks,
  validateSampling,
} from '../../core/decoding/sampling.ts';
import type { BegunAnswer, DeviceEvent, DeviceStep, TurnRequest } from '../../core/protocol/device/device-state.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import { type LivenessSettings, livenessChecks } from '../../core/protocol/wire/liveness.ts';
import { type ModeName, modeNames } from '../../core/protocol/wire/mode.ts';
import type { Drafter } from '../../models/port/drafter.ts';
import type { Tokenizer } from '../../models/port/model.ts';
import type { Connect } from '../../network/transport/transport.ts';
import type { AutoMode } from './auto-mode.ts';
import { type EdgeList, isEdgeList, type TurnEdge } from './edge-list.ts';

/** Options of one answer. Times in ms, lengths in tokens. */
export interface TurnOptions {
  /**
   * Connector to the edge, or several edges in the order of preference. With several, a turn moves to another one when its edge is lost,
   * full, silent or going down.
   */
  readonly connect: Connect | readonly TurnEdge[] | EdgeList;
  /**
   * Whether an edge with another fingerprint may continue a text. Its text could differ where two tokens are almost equally likely; the
   * report then has all fingerprints. Default false: the turn fails with `target-changed` if no other edge can continue.
   */
  readonly allowsOtherTarget?: boolean;
  /** Must be the edge's tokenizer. */
  readonly tokenizer: Tokenizer;
  /** Null: the device does not draft; the edge decodes alone in any mode. */
  readonly drafter: Drafter | null;
  /** Ids of the whole prompt, chat format included. */
  readonly prompt: readonly number[];
  /** What exists of the answer: the turn continues after it. Emissions have what is new, the report has all. Default: nothing. */
  readonly begun?: BegunAnswer;
  /** Default `stream`; `ar` without a drafter. */
  readonly mode?: ModeName;
  /** Decides from measurements of earlier turns and of this one whether the device drafts; `mode` is then ignored. */
  readonly auto?: AutoMode;
  /**
   * With `auto`: charge of the device's battery, 0 to 1. Below 0.5 drafts must save more time to be made, below 0.05 none are. Default: the
   * battery does not matter.
   */
  readonly batteryLevel?: number;
  /** Fields that are left out are neutral; the default is the most likely token each time. */
  readonly sampling?: SamplingOptions;
  readonly stopStrings?: readonly string[];
  /** Default 256. 0, with `promptLogprobs` only: the turn ends when the prompt was read. */
  readonly maxAnswerTokens?: number;
  /** What the answer must follow, token by token; the edge sees to it. Default: anything. */
  readonly grammar?: Grammar | undefined;
  /** With it emissions carry logprobs: how many of the likeliest tokens beside the chosen one, 0 to 20. Default: none. */
  readonly topLogprobs?: number | undefined;
  /**
   * With it the report has logprobs of the prompt's tokens: how many of the likeliest tokens beside each, 0 to 20. The edge then evaluates
   * the whole prompt, whatever it has of it already. Default: none.
   */
  readonly promptLogprobs?: number | undefined;
  /**
   * The time per token that the answer is to keep, ms: while it is late the edge gives its drafts rows first. The edge may clip it, and
   * refuses it with `target-refused` if it can't be kept. Default: that of the key or edge.
   */
  readonly targetMsPerToken?: number | undefined;
  /** Largest number of drafts beyond the committed text; default 24. */
  readonly maxAhead?: number;
  /** Largest number of committed tokens that this device has not acknowledged; default 256. */
  readonly flowControlWindow?: number;
  /**
   * The device pauses drafting while the probability that its whole chain is accepted is below this; 0: never. Default `auto`: from
   * measurements, the value below which a draft is not worth its time; in `stream`, drafting also stops while it saves no time on this edge.
   */
  readonly minChainConfidence?: number | 'auto';
  /** 32 hex digits; turns of one conversation may reuse its KV sequence on the edge. Default: random. */
  readonly conversation?: string;
  /**
   * 32 hex digits, not all zero: only turns of the same namespace reuse each other's prompts on the edge, where one key stands for several
   * people. Default: none.
   */
  readonly namespace?: string | undefined;
  /** gamma: drafts in a window, in the modes that have windows (sd, psd); default 4. */
  readonly draftLength?: number;
  /** Windows that may wait for their verdicts, in mode psd; default 1. */
  readonly windowsInFlight?: number;
  /**
   * Most alternatives that one pass of the drafter extends beside its draft, in `stream` and `mix`, where measurements of the turn say
   * that it pays; 0: none. Default: by the price of a row of the drafter ({@link hedgesAtPrice}), 1 until it is measured. A drafter extends
   * as many as it has sequences for; one that gives no runner-up has none.
   */
  readonly hedges?: number;
  /** API key, if the edge asks for one. */
  readonly credentials?: string;
  /** Frames are filled up to multiples of this length, in bytes, so that their lengths reveal less; default 0: they are not. */
  readonly padding?: number;
  readonly liveness?: LivenessSettings;
  /**
   * Whether a turn that no edge answers at its beginning tries again, for `giveUpAfterMs`. Default false: it fails at once, when each edge was
   * tried once.
   */
  readonly waitsForEdge?: boolean;
  /** The turn fails when connections have failed for this long without new text; default 30,000. */
  readonly giveUpAfterMs?: number;
  /**
   * How long the turn waits for an edge that says that it still loads its model, ms; then it fails with `edge-loading`. Default 120,000.
   */
  readonly loadedWithinMs?: number;
  /**
   * Time limit from the opening to the first token, ms; default 120,000, 20 for each token of the prompt, and of a prompt of n tokens
   * beyond 2,048 also 0.005 n for each of those beyond. When the edge keeps its
   * connection but sends no text for so long, the device connects again; when that does not help either, the turn fails with `edge-silent`.
   */
  readonly firstTokenWithinMs?: number;
  /** The same from one commit to the next; time in which the edge waits for this device's drafts does not count. Default 30,000. */
  readonly nextTokenWithinMs?: number;
  readonly clock?: Clock;
  /** When aborted: stops drafting, notifies the edge, ends the iteration. The report keeps the received text. */
  readonly signal?: AbortSignal;
  /** Called when the edge is full and this turn waits for a place, and when the number changes: about how many get one before it. */
  readonly onQueued?: (ahead: number) => void;
  /** Called when an edge says that it still loads its model, once for each new sentence: it has the time that is left, as far as known. */
  readonly onLoading?: (cause: string) => void;
  /** Called when an edge takes the turn over, the first one included: its name. */
  readonly onServedBy?: (edge: string) => void;
  /** Called for every event of the turn's machine, before its effects are performed. */
  readonly onStep?: (step: DeviceStep & { readonly event: DeviceEvent }) => void;
}

type PartNames = 'begun' | 'connect' | 'tokenizer' | 'drafter' | 'prompt' | 'credentials' | 'auto';

/** Checks of what a device gives to all its turns. */
export const partChecks: Checks<Pick<TurnOptions, 'tokenizer' | 'drafter' | 'credentials'>> = {
  tokenizer: having('a tokenizer', 'hash', 'vocabularySize', 'endIds', 'encodeChat', 'bytes'),
  drafter: must('Give a drafter, or null: nothing drafts then.', (drafter) => {
    return drafter === null || hasMembers(drafter, 'draft');
  }),
  credentials: optional(secret(limits.credentialBytes)),
};

function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[0-9a-f]{32}$/.test(id);
}

/** Checks of what each turn is asked for. */
export const questionChecks: Checks<Omit<TurnOptions, PartNames>> = {
  allowsOtherTarget: optional(truth),
  waitsForEdge: optional(truth),
  mode: optional(oneOf(modeNames)),
  batteryLevel: optional(between(0, 1)),
  sampling: optional(record(samplingChecks)),
  stopStrings: optional(listOf('texts', text)),
  maxAnswerTokens: optional(whole(0, limits.textTokens)),
  grammar: optional(record<Grammar>({ kind: oneOf(grammarKinds), text })),
  topLogprobs: optional(whole(0, topLogprobsLimit)),
  promptLogprobs: optional(whole(0, topLogprobsLimit)),
  targetMsPerToken: optional(between(0.001, limits.stepMicroseconds / 1000)),
  maxAhead: optional(whole(1, limits.maxAhead)),
  flowControlWindow: optional(whole(limits.minFlowControlWindow, limits.maxFlowControlWindow)),
  minChainConfidence: optional(
    must('Give "auto" or a number from 0 to 1.', (least) => least === 'auto' || isWithin(least, 0, 1)),
  ),
  conversation: optional(must('Give 32 hex digits in lower case.', isId)),
  namespace: optional(must('Give 32 hex digits in lower case, not all zero.', (id) => isId(id) && !/^0*$/.test(id))),
  draftLength: optional(whole(1, limits.draftTokens)),
  hedges: optional(whole(0, mostHedges)),
  windowsInFlight: optional(whole(1, limits.maxAhead)),
  liveness: optional(record(livenessChecks)),
  giveUpAfterMs: optional(between(0, Number.POSITIVE_INFINITY)),
  loadedWithinMs: optional(between(0, Number.POSITIVE_INFINITY)),
  firstTokenWithinMs: optional(between(0, Number.POSITIVE_INFINITY)),
  nextTokenWithinMs: optional(between(0, Number.POSITIVE_INFINITY)),
  padding: optional(whole(0, limits.maxPadding)),
  clock: optional(clock),
  signal: optional(abortSignal),
  onQueued: optional(callback),
  onLoading: optional(callback),
  onServedBy: optional(callback),
  onStep: optional(callback),
};

function areIds(ids: unknown): boolean {
  return Array.isArray(ids) && ids.every((id) => Number.isInteger(id) && id >= 0);
}

export const promptCheck: Check = must('Give a list of token ids, at least one.', (ids) => {
  return areIds(ids) && (ids as readonly number[]).length > 0;
});
export const idsCheck: Check = must('Give a list of token ids.', areIds);

const begunChecks: Checks<BegunAnswer> = { tokens: idsCheck, fingerprints: optional(listOf('texts', text)) };

const listedEdge = having('an edge', 'name', 'connect');

const edgesCheck: Check = (field, edges) => {
  if (Array.isArray(edges)) listOf('edges', listedEdge)(field, edges);
  else if (!isEdgeList(edges)) callback(field, edges);
};

export const turnChecks: Checks<TurnOptions> = {
  ...partChecks,
  ...questionChecks,
  connect: edgesCheck,
  prompt: promptCheck,
  begun: optional(record(begunChecks)),
  auto: optional(having('the `auto` of a device', 'follow')),
};

export const defaultMaxAhead = 24;
export const defaultFlowControlWindow = 256;

/** 32 hex digits. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Adds defaults and random ids.
 * @param prices what alternatives add to a pass of the drafter, as measured in earlier turns
 * @throws OutriderError `bad-argument` for what the checks above can't see alone
 */
export function requestOf(options: TurnOptions, mode: ModeName, prices: PassPrices = supposedPrices): TurnRequest {
  const sampling = completeSampling(options.sampling);
  const { stopStrings = [], maxAnswerTokens = 256 } = options;
  const { endIds, vocabularySize } = options.tokenizer;
  validateSampling(sampling, vocabularySize);
  validateEndRule({ endIds, stopStrings, maxAnswerTokens });
  if (maxAnswerTokens === 0 && (options.promptLogprobs === undefined || options.begun !== undefined))
    throw badArgument('startTurn: maxAnswerTokens is 0', 'Give at least 1; only a prompt alone may be scored with 0.');
  for (const [name, ids] of [
    ['prompt', options.prompt] as const,
    ['begun answer', options.begun?.tokens ?? []] as const,
  ]) {
    const unknownId = ids.find((id) => id >= vocabularySize);
    if (unknownId === undefined) continue;
    const remedy = `Ids of this vocabulary go from 0 to ${vocabularySize - 1}.`;
    throw badArgument(`startTurn: the ${name} has the token id ${unknownId}`, remedy);
  }
  return {
    session: randomId(),
    conversation: options.conversation ?? randomId(),
    credentials: options.credentials ?? '',
    padding: options.padding ?? 0,
    tokenizerHash: options.tokenizer.hash,
    mode,
    sampling,
    stopStrings,
    maxAnswerTokens,
    flowControlWindow: options.flowControlWindow ?? defaultFlowControlWindow,
    maxAhead: options.maxAhead ?? defaultMaxAhead,
    prompt: options.prompt,
    ...defined({ grammar: options.grammar }),
    ...defined({ topLogprobs: options.topLogprobs, targetMsPerToken: options.targetMsPerToken }),
    ...defined({ namespace: options.namespace, promptLogprobs: options.promptLogprobs }),
    endIds,
    minChainConfidence: typeof options.minChainConfidence === 'number' ? options.minChainConfidence : 0,
    draftLength: options.draftLength ?? 4,
    hedges: options.hedges ?? hedgesAtPrice(prices.continued),
    windowsInFlight: options.windowsInFlight ?? 1,
  };
}
