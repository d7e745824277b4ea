// Completes by a device of this process: it drafts here, where it has a draft, and an edge verifies. An edge that answers by itself is a
// device without a draft that is connected within the process.

import { type ErrorCode, isOutriderError, OutriderError } from '../basics/errors.ts';
import type { Device } from '../device/device.ts';
import { startLocalTurn } from '../device/local-turn.ts';
import { probeEdge } from '../device/probe-edge.ts';
import { startTurn, type Turn } from '../device/turn.ts';
import type { TurnOptions } from '../device/turn-options.ts';
import type { Emission, TurnReport } from '../device/turn-report.ts';
import type { Tokenizer } from '../models/model.ts';
import { PredictedDrafter } from '../models/predicted-drafter.ts';
import { limits } from '../protocol/limits.ts';
import {
  type Completer,
  type Completion,
  type CompletionEnd,
  type CompletionRequest,
  localFingerprint,
  type Round,
} from './completion-port.ts';

/** What is completed by. */
export interface DeviceCompleterSettings {
  readonly device: Device;
  readonly model: string;
  readonly nowMs: () => number;
  /** The key that edges are shown; default: that of the application. */
  readonly credentials?: string | undefined;
  /** Whether new answers can begin. Default: always, as far as this device knows. */
  readonly state?: () => Completer['state'];
  /** Whether the draft model answers alone where no edge takes an answer up. Default: such an answer fails. */
  readonly isOfflineAllowed?: boolean;
}

/** How long the context length of an edge counts without being asked again, ms. */
const contextKnownMs = 60_000;

export function createDeviceCompleter(settings: DeviceCompleterSettings): Completer {
  const { device, model, nowMs, credentials, state = () => 'ready' as const } = settings;
  const { tokenizer, drafter } = device;
  const context = new KnownContext(device, nowMs);
  // All choices of a prompt share it.
  const encoded = new WeakMap<object, readonly number[]>();
  const encode = (prompt: CompletionRequest['prompt']): readonly number[] => {
    const ids = encoded.get(prompt) ?? idsOf(device, prompt);
    encoded.set(prompt, ids);
    return ids;
  };
  return {
    model,
    createdSeconds: Math.floor(nowMs() / 1000),
    get state() {
      return state();
    },
    count: (prompt) => encode(prompt).length,
    async start(request) {
      const prompt = encode(request.prompt);
      const asked = { tokenizer, prompt, sampling: request.sampling, stopStrings: request.stopStrings };
      try {
        const maxAnswerTokens = request.maxTokens ?? (await context.tokens()) - prompt.length;
        if (maxAnswerTokens < 1) throw contextFull(prompt.length, await context.tokens());
        const key = credentials ?? request.credentials;
        const turn = startTurn({
          ...{
            ...asked,
            maxAnswerTokens,
            connect: device.edges,
            ...draftingOf(device, request),
            signal: request.signal,
          },
          ...(key === undefined ? {} : { credentials: key }),
        });
        // Whether an edge answers shows with the first text.
        return completionOf(turn, await begun(turn), request, { tokenizer, promptTokens: prompt.length });
      } catch (error) {
        if (settings.isOfflineAllowed !== true || drafter === null || !isNoEdge(error)) throw error;
        const maxAnswerTokens = request.maxTokens ?? limits.textTokens;
        const turn = startLocalTurn({ ...asked, maxAnswerTokens, drafter, signal: request.signal });
        const local = await begun(turn);
        if (local.first.done === true) await demandRoom(turn, prompt.length);
        return completionOf(turn, local, request, { tokenizer, promptTokens: prompt.length });
      }
    },
  };
}

/** Drafts from a prediction take no time, and a step may take many. */
const predictedMaxAhead = 96;
/** A longer prediction is used up to here: to encode it takes time in which nobody else is answered. */
const predictedCharacters = 524_288;

/**
 * How a turn drafts. With a prediction most of its drafts cost nothing, so nobody judges what they save; the draft model helps where mode
 * `auto` would begin with it.
 */
function draftingOf(
  { tokenizer, drafter, auto }: Device,
  { prediction = '' }: Pick<CompletionRequest, 'prediction'>,
): Pick<TurnOptions, 'drafter' | 'auto' | 'mode' | 'maxAhead'> {
  if (prediction === '') return { drafter, auto };
  const rests = auto.follow({ canDraft: drafter !== null }).begins() !== null;
  const predicted = new PredictedDrafter(
    tokenizer.encode(prediction.slice(0, predictedCharacters)),
    rests ? null : drafter,
  );
  return { drafter: predicted, mode: 'mix', maxAhead: predictedMaxAhead };
}

/** @throws OutriderError `context-full` where a draft model could not hold the prompt */
async function demandRoom(turn: Turn, promptTokens: number): Promise<void> {
  const { outcome } = await turn.report;
  if (outcome.kind !== 'unverified' || outcome.reason !== 'context-full') return;
  const cause = `no edge answers, and the draft model cannot hold a prompt of ${promptTokens} tokens`;
  throw new OutriderError('context-full', cause, 'shorten the messages, or try again when an edge is back');
}

/** No edge took the answer up. A refusal of what is asked, or of the key, is no such failure. */
function isNoEdge(error: unknown): boolean {
  return isOutriderError(error) && noEdge.includes(error.code);
}

const noEdge: readonly ErrorCode[] = ['edge-unreachable', 'edge-silent', 'edge-draining'];

interface Begun {
  readonly first: IteratorResult<Emission>;
  readonly emissions: AsyncIterator<Emission>;
}

async function begun(turn: Turn): Promise<Begun> {
  const emissions = turn[Symbol.asyncIterator]();
  return { first: await emissions.next(), emissions };
}

/** The context length of the first edge that answers. */
class KnownContext {
  readonly #device: Device;
  readonly #nowMs: () => number;
  #known: { readonly tokens: number; readonly atMs: number } | null = null;

  constructor(device: Device, nowMs: () => number) {
    this.#device = device;
    this.#nowMs = nowMs;
  }

  /** @throws OutriderError `edge-unreachable` */
  async tokens(): Promise<number> {
    if (this.#known !== null && this.#nowMs() - this.#known.atMs < contextKnownMs) return this.#known.tokens;
    let failure: unknown;
    for (const { connect } of this.#device.edges.edges.values()) {
      try {
        const { hello } = await probeEdge(connect);
        this.#known = { tokens: hello.contextLength, atMs: this.#nowMs() };
        return hello.contextLength;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }
}

function contextFull(promptTokens: number, contextTokens: number): OutriderError {
  const cause = `the prompt has ${promptTokens} tokens, the edge's context holds ${contextTokens}`;
  return new OutriderError('context-full', cause, 'shorten the messages');
}

function idsOf({ tokenizer }: Device, prompt: CompletionRequest['prompt']): readonly number[] {
  if (prompt.kind === 'chat') return tokenizer.encodeChat(prompt.messages);
  return prompt.kind === 'text' ? tokenizer.encode(prompt.text) : prompt.ids;
}

function completionOf(
  turn: Turn,
  { first, emissions }: Begun,
  { stopStrings }: Pick<CompletionRequest, 'stopStrings'>,
  { tokenizer, promptTokens }: { readonly tokenizer: Tokenizer; readonly promptTokens: number },
): Completion {
  async function* rounds(): AsyncGenerator<Round> {
    try {
      for (let next = first; next.done !== true; next = await emissions.next()) {
        const { text, tokens, pieces, atMs } = next.value;
        yield { text, tokens: tokens.length, acceptedDrafts: pieces.filter(({ drafted }) => drafted).length, atMs };
      }
    } finally {
      turn.stop();
    }
  }
  return {
    promptTokens,
    rounds: rounds(),
    end: turn.report.then((report) => {
      return { ...endOf(report, promptTokens), stopText: stopTextOf(report, tokenizer, stopStrings) };
    }),
    fingerprint: () => (turn.status.mode === 'local' ? localFingerprint : turn.status.fingerprint),
  };
}

function endOf(report: TurnReport, promptTokens: number) {
  const { outcome, mode, tokens, acceptedTokens, sentDrafts, servedBy, fingerprints } = report;
  if (outcome.kind === 'failed') throw new OutriderError(outcome.code, outcome.cause, outcome.remedy);
  if (outcome.kind === 'stopped') throw new OutriderError('interrupted', 'the request was given up', 'ask again');
  return {
    reason: reasons[outcome.reason],
    promptTokens,
    completionTokens: tokens.length,
    acceptedDrafts: acceptedTokens,
    rejectedDrafts: Math.max(0, sentDrafts - acceptedTokens),
    fingerprints: outcome.kind === 'unverified' ? [localFingerprint] : fingerprints,
    ...{ mode, edges: servedBy.length },
  } satisfies Omit<CompletionEnd, 'stopText'>;
}

const reasons = { 'end-token': 'end', 'stop-string': 'stop', length: 'length', 'context-full': 'length' } as const;

/** The stop text with which the tokens go on where the text ends. */
function stopTextOf({ outcome, text, tokens }: TurnReport, tokenizer: Tokenizer, stopStrings: readonly string[]) {
  if ((outcome.kind !== 'ended' && outcome.kind !== 'unverified') || outcome.reason !== 'stop-string') return null;
  const parts = tokens.map((id) => tokenizer.bytes(id));
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const rest = new TextDecoder().decode(bytes).slice(text.length);
  return stopStrings.find((stop) => rest.startsWith(stop)) ?? null;
}
