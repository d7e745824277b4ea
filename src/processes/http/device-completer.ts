// A completer that runs a device in this process: it drafts here, if it has a draft model, and an edge verifies. For the HTTP port of an
// edge, it is a device without a draft model that is connected within the process.

import type { Clock } from '../../core/basics/clock.ts';
import { defined } from '../../core/basics/defined.ts';
import { asOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { utf8Decoder } from '../../core/basics/utf8.ts';
import { defaultLoadedWithinMs } from '../../core/protocol/device/edge-choice.ts';
import type { ModeName } from '../../core/protocol/wire/mode.ts';
import type { Drafter } from '../../models/port/drafter.ts';
import { GrammarDrafter } from '../../models/port/grammar-drafter.ts';
import type { GrammarEngine } from '../../models/port/grammar-engine.ts';
import type { Tokenizer } from '../../models/port/model.ts';
import { PredictedDrafter } from '../../models/port/predicted-drafter.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Device } from '../device/device.ts';
import type { EdgeList } from '../device/edge-list.ts';
import { startTurn, type Turn } from '../device/turn.ts';
import type { TurnOptions } from '../device/turn-options.ts';
import type { Emission, TurnReport } from '../device/turn-report.ts';
import {
  type Completer,
  type Completion,
  type CompletionEnd,
  type CompletionRequest,
  localFingerprint,
  type Round,
} from './completion-port.ts';
import { answerTokenOf, echoOf, promptLogprobsOf } from './echo.ts';
import { connectWithin, EdgeWatch } from './edge-watch.ts';
import { demandRoomFor, EncodingTurns, KnownContext } from './known-context.ts';
import { type LocalWriter, Vocabularies } from './local-writer.ts';
import { isNoEdge, OutageAnswer, type TurnParts } from './outage-answer.ts';
import { PredictedIds } from './predicted-ids.ts';
import type { PromptOwner } from './prompt-owners.ts';
import { demandTokens, demandVocabulary } from './request-limits.ts';

export interface DeviceCompleterSettings {
  readonly device: Device;
  readonly model: string;
  readonly nowMs: () => number;
  /** The key that edges are shown; default: that of the application. */
  readonly credentials?: string | undefined;
  /** Grammars for the device's vocabulary: drafts follow the grammar of an answer as well. Default: drafts ignore it. */
  readonly grammars?: GrammarEngine | undefined;
  /** What edges are shown for the key of the application, where `credentials` are not given. Default: that key. */
  readonly credentialsOf?: ((key: string | undefined) => string | undefined) | undefined;
  /** For whom edges keep what they evaluate for a key of an application. Default: for each answer alone, so that none reuses it. */
  readonly ownerOf?: ((key: string | undefined) => PromptOwner) | undefined;
  /** Most tokens of a text. Default: what the edges say, once one has. */
  readonly contextTokens?: number | undefined;
  /** Decoding mode of every answer. Default `auto`. */
  readonly mode?: ModeName | 'auto' | undefined;
  /** Whether new answers can begin. Default: always. */
  readonly state?: () => Completer['state'];
  /** What writes where no edge can be reached: the draft, or another model. Default: nothing does, and the answer fails. */
  readonly local?: LocalWriter | undefined;
  /** Notified when an answer finds no edge, and when one is back: only where something writes meanwhile. */
  readonly onOutage?: ((isDown: boolean) => void) | undefined;
  /** Called while an answer waits for an edge that loads its model, with a sentence for people. */
  readonly onLoading?: ((cause: string) => void) | undefined;
  /**
   * How long an answer waits for an edge, at its beginning and after a loss, before that, ms. Default: not at its beginning; after a loss a
   * moment with a local model, and 30 s without one.
   */
  readonly waitMs?: number | undefined;
}

/** After the loss of its edge, an answer continues with a local model after so long, ms. */
const offlineAfterMs = 2000;
/** With a local model, an attempt to connect is given up sooner, ms. */
const connectWithinMs = 3000;
/** The same of a connection that has fallen silent. */
const offlineLiveness = { pingAfterMs: 1000, lostAfterMs: 4000 } as const;
const askAgainMs = 500;

export function createDeviceCompleter(settings: DeviceCompleterSettings): Completer {
  const { device, model, nowMs, state = () => 'ready' as const } = settings;
  const clock: Clock = { nowMs, after: machineClock.after };
  const connect = settings.local === undefined ? device.edges : withinLimit(device.edges, clock);
  const context = new KnownContext(connect, nowMs);
  // All choices of a prompt share it.
  const encoded = new WeakMap<object, readonly number[]>();
  const encode = (prompt: CompletionRequest['prompt']): readonly number[] => {
    const ids = encoded.get(prompt) ?? idsOf(device, prompt);
    encoded.set(prompt, ids);
    return ids;
  };
  const watch = new EdgeWatch({ edges: device.edges, clock, changed: settings.onOutage });
  const turns = new EncodingTurns();
  const contextTokens = (): number | undefined => {
    const tokens = settings.contextTokens ?? context.known;
    // For the next request; this one learns soon enough what it has to fit into.
    if (tokens === undefined) context.tokens().catch(() => {});
    return tokens;
  };
  const predictions = new PredictedIds(device.tokenizer, contextTokens);
  /** @throws OutriderError `context-full` for a text that can't fit */
  const idsIn = async (prompt: CompletionRequest['prompt']): Promise<readonly number[]> => {
    await demandRoomFor(prompt, device.tokenizer, context);
    await turns.mine(prompt);
    return encode(prompt);
  };
  return {
    model,
    createdSeconds: Math.floor(Date.now() / 1000),
    get state() {
      return state();
    },
    get contextTokens() {
      return contextTokens();
    },
    count: async (prompt) => (await idsIn(prompt)).length,
    async start(request) {
      demandVocabulary(request, device.tokenizer.vocabularySize);
      const prompt = await idsIn(request.prompt);
      demandTokens(request, prompt);
      const { local } = settings;
      // The edge alone uses no prediction.
      const predicted = request.mode === undefined ? await predictions.idsOf(request) : null;
      const parts = { settings, connect, context, predicted };
      if (local === undefined || !canWrite(request))
        return patiently(parts, request, () => ask(parts, request, prompt));
      return askThrough(parts, request, { prompt, watch, writer: local });
    },
  };
}

/** What a local model alone can't keep is not asked of it. */
function canWrite({ grammar, topLogprobs, echo }: CompletionRequest): boolean {
  return grammar === undefined && topLogprobs === undefined && echo === undefined;
}

/** Drafts from a prediction take no time, and a step may take many. */
const predictedMaxAhead = 192;

/**
 * How a turn drafts. With a prediction most of its drafts cost nothing, so their gain is not estimated; the draft model helps where mode
 * `auto` would begin with it.
 */
function draftingOf(
  { device: { drafter, auto }, mode = 'auto' }: Pick<DeviceCompleterSettings, 'device' | 'mode'>,
  predicted: readonly number[] | null,
): Pick<TurnOptions, 'drafter' | 'auto' | 'mode' | 'maxAhead'> {
  if (predicted === null) return mode === 'auto' ? { drafter, auto } : { drafter, mode };
  const rests = mode === 'auto' && auto.follow({ canDraft: drafter !== null }).begins() !== null;
  return { drafter: new PredictedDrafter(predicted, rests ? null : drafter), mode: 'mix', maxAhead: predictedMaxAhead };
}

interface Parts {
  readonly settings: DeviceCompleterSettings;
  readonly connect: EdgeList;
  readonly context: KnownContext;
  /** Ids of the prediction; null: there is none. */
  readonly predicted: readonly number[] | null;
}

function askedOf(
  { settings, connect, predicted }: Parts,
  request: CompletionRequest,
  giveUpAfterMs: number | undefined,
): TurnParts {
  const { credentials, credentialsOf = (key) => key, ownerOf, onLoading } = settings;
  const key = credentials ?? credentialsOf(request.credentials);
  return {
    connect,
    tokenizer: settings.device.tokenizer,
    ...draftingOf({ device: settings.device, mode: request.mode ?? settings.mode }, predicted),
    ...ownerOf?.(request.credentials),
    ...defined({ credentials: key }),
    ...defined({ giveUpAfterMs, loadedWithinMs: giveUpAfterMs, targetMsPerToken: request.targetMsPerToken }),
    ...defined({ onLoading }),
  };
}

/** Asks an edge; the answer fails where none continues it. */
async function ask(parts: Parts, request: CompletionRequest, prompt: readonly number[]): Promise<Completion> {
  const { context, settings } = parts;
  const maxAnswerTokens = await context.room(request, prompt.length);
  const asked = askedOf(parts, request, settings.waitMs);
  const guided = guidedBy(settings, request, asked.drafter);
  const turn = startTurn({
    ...asked,
    drafter: guided ?? asked.drafter,
    prompt,
    sampling: request.sampling,
    stopStrings: request.stopStrings,
    maxAnswerTokens,
    grammar: request.grammar,
    topLogprobs: request.topLogprobs,
    promptLogprobs: promptLogprobsOf(request),
    signal: request.signal,
  });
  void turn.report.finally(() => guided?.[Symbol.asyncDispose]());
  // Whether an edge answers shows with the first text.
  const emissions = turn[Symbol.asyncIterator]();
  const begun = { first: await emissions.next(), emissions };
  return completionOf(turn, begun, request, { tokenizer: settings.device.tokenizer, prompt });
}

/** The drafter of an answer with a grammar; undefined: the other one is as good. */
function guidedBy(
  { grammars, device }: DeviceCompleterSettings,
  { grammar }: CompletionRequest,
  drafter: Drafter | null,
): GrammarDrafter | undefined {
  if (grammar === undefined || grammars === undefined || drafter === null) return undefined;
  return new GrammarDrafter(drafter, device.tokenizer, grammars.open(grammar));
}

/** Tries again while no edge answers, or one loads, as long as the settings say. */
async function patiently(
  { settings: { waitMs, nowMs, onLoading } }: Pick<Parts, 'settings'>,
  { signal }: Pick<CompletionRequest, 'signal'>,
  begin: () => Promise<Completion>,
): Promise<Completion> {
  const sinceMs = nowMs();
  for (;;) {
    try {
      return await begin();
    } catch (error) {
      const { code, message } = asOutriderError(error);
      const isLoading = code === 'edge-loading';
      const mostMs = waitMs ?? (isLoading ? defaultLoadedWithinMs : 0);
      if (nowMs() + askAgainMs >= sinceMs + mostMs || signal.aborted || !isNoEdge(code)) throw error;
      if (isLoading) onLoading?.(message);
      await new Promise((resolve) => setTimeout(resolve, askAgainMs));
    }
  }
}

/** Asks an edge; where none continues it, a local model does, until one is back. */
async function askThrough(
  parts: Parts,
  request: CompletionRequest,
  more: { readonly prompt: readonly number[]; readonly watch: EdgeWatch; readonly writer: LocalWriter },
): Promise<Completion> {
  const { settings, context } = parts;
  const { prompt, watch, writer } = more;
  const answer = new OutageAnswer({
    request,
    prompt,
    writer,
    watch,
    waitMs: settings.waitMs ?? 0,
    nowMs: settings.nowMs,
    vocabularies: new Vocabularies(settings.device, writer),
    turn: { ...askedOf(parts, request, settings.waitMs ?? offlineAfterMs), liveness: offlineLiveness },
    maxAnswerTokens: () => context.room(request, prompt.length),
    greeted: (hello) => context.learn(hello),
  });
  const emissions = answer.rounds[Symbol.asyncIterator]();
  const first = await emissions.next();
  async function* rounds(): AsyncGenerator<Round> {
    try {
      for (let next = first; next.done !== true; next = await emissions.next()) yield next.value;
    } finally {
      answer.stop();
    }
  }
  const end = answer.end.then(({ report, servedBy, fingerprints, acceptedDrafts, sentDrafts, standing }) => ({
    ...endOf(report, prompt.length),
    cachedTokens: cachedOf(answer.heldTokens, prompt.length),
    stopText: stopTextOf(report, report.mode === 'local' ? writer.tokenizer : settings.device.tokenizer, request),
    edges: servedBy.length,
    servedBy,
    fingerprints,
    acceptedDrafts,
    rejectedDrafts: Math.max(0, sentDrafts - acceptedDrafts),
    ...defined({ standing }),
  }));
  end.catch(() => {});
  return {
    promptTokens: prompt.length,
    rounds: rounds(),
    end,
    fingerprint: () => answer.fingerprints.at(-1) ?? null,
    cachedTokens: () => cachedOf(answer.heldTokens, prompt.length),
  };
}

function withinLimit({ edges, ...list }: EdgeList, clock: Clock): EdgeList {
  const limited = [...edges].map(([name, edge]) => {
    return [name, { ...edge, connect: connectWithin(edge.connect, connectWithinMs, clock) }] as const;
  });
  return { ...list, edges: new Map(limited) };
}

interface Begun {
  readonly first: IteratorResult<Emission>;
  readonly emissions: AsyncIterator<Emission>;
}

function idsOf({ tokenizer }: Device, prompt: CompletionRequest['prompt']): readonly number[] {
  if (prompt.kind === 'chat') return tokenizer.encodeChat(prompt.messages);
  return prompt.kind === 'text' ? tokenizer.encode(prompt.text) : prompt.ids;
}

function completionOf(
  turn: Turn,
  { first, emissions }: Begun,
  request: CompletionRequest,
  { tokenizer, prompt }: { readonly tokenizer: Tokenizer; readonly prompt: readonly number[] },
): Completion {
  async function* rounds(): AsyncGenerator<Round> {
    try {
      // All of the prompt was scored before the first text.
      if (request.echo !== undefined) yield echoOf(request, prompt, turn.status.promptLogprobs, tokenizer);
      for (let next = first; next.done !== true; next = await emissions.next()) {
        const { text, tokens, pieces, atMs, logprobs } = next.value;
        const acceptedDrafts = pieces.filter(({ drafted }) => drafted).length;
        const named = logprobs?.map((one) => answerTokenOf(one, tokenizer));
        yield { text, tokens: tokens.length, acceptedDrafts, pieces, atMs, ...defined({ logprobs: named }) };
      }
    } finally {
      turn.stop();
    }
  }
  const promptTokens = prompt.length;
  return {
    promptTokens,
    rounds: rounds(),
    end: turn.report.then((report) => {
      return { ...endOf(report, promptTokens), stopText: stopTextOf(report, tokenizer, request) };
    }),
    fingerprint: () => turn.status.fingerprint,
    cachedTokens: () => cachedOf(turn.status.heldTokens, promptTokens),
  };
}

/** An edge may hold some of an answer as well, which another one has begun. */
function cachedOf(heldTokens: number | null | undefined, promptTokens: number): number | undefined {
  return heldTokens == null ? undefined : Math.min(heldTokens, promptTokens);
}

function endOf(report: TurnReport, promptTokens: number) {
  const { outcome, mode, tokens, acceptedTokens, sentDrafts, servedBy, fingerprints } = report;
  if (outcome.kind === 'failed') throw new OutriderError(outcome.code, outcome.cause, outcome.remedy);
  if (outcome.kind === 'stopped') throw new OutriderError('interrupted', 'the request was given up', 'ask again');
  return {
    reason: reasons[outcome.reason],
    promptTokens,
    cachedTokens: cachedOf(report.heldTokens, promptTokens),
    completionTokens: tokens.length,
    acceptedDrafts: acceptedTokens,
    rejectedDrafts: Math.max(0, sentDrafts - acceptedTokens),
    fingerprints: outcome.kind === 'unverified' ? [localFingerprint] : fingerprints,
    mode,
    edges: servedBy.length,
    servedBy: servedBy.map(({ edge }) => edge),
  } satisfies Omit<CompletionEnd, 'stopText'>;
}

const reasons = { 'end-token': 'end', 'stop-string': 'stop', length: 'length', 'context-full': 'length' } as const;

/** The stop text with which the tokens continue where the text ends. */
function stopTextOf(
  { outcome, text, tokens }: TurnReport,
  tokenizer: Tokenizer,
  { stopStrings }: Pick<CompletionRequest, 'stopStrings'>,
) {
  if ((outcome.kind !== 'ended' && outcome.kind !== 'unverified') || outcome.reason !== 'stop-string') return null;
  const decoder = utf8Decoder();
  const all = tokens.map((id) => decoder.decode(tokenizer.bytes(id), { stream: true })).join('');
  const rest = `${all}${decoder.decode()}`.slice(text.length);
  return stopStrings.find((stop) => rest.startsWith(stop)) ?? null;
}
