// The port that every route of the HTTP app completes through: what a request asks for, and what comes back, whoever writes the text.

import type { Grammar } from '../../core/decoding/grammar.ts';
import type { TokenLogprobs } from '../../core/decoding/logprobs.ts';
import type { SamplingOptions } from '../../core/decoding/sampling.ts';
import type { Message } from '../../models/port/model.ts';

export interface CompletionRequest {
  /** A conversation in the model's chat format, a plain text, or token ids. */
  readonly prompt:
    | { readonly kind: 'chat'; readonly messages: readonly Message[] }
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'ids'; readonly ids: readonly number[] };
  /** What the route calls the prompt, for errors. Default: `prompt`. */
  readonly promptField?: string | undefined;
  readonly sampling: SamplingOptions;
  readonly stopStrings: readonly string[];
  /** Null: up to the limit of the context. 0: nothing is written, and the prompt is repeated; only with `echo`. */
  readonly maxTokens: number | null;
  /** The answer begins with its prompt, which is no conversation then. Default: it does not. */
  readonly echo?: EchoWish | undefined;
  /** A text that the answer will probably repeat, with changes: a source of drafts. It changes no text; default: none. */
  readonly prediction?: string | undefined;
  /** What the answer must follow; default: anything. */
  readonly grammar?: Grammar | undefined;
  /** How many of the likeliest tokens are named at each position, 0 to 20, beside the chosen one; default: no logprobs at all. */
  readonly topLogprobs?: number | undefined;
  /** `ar`: the edge alone; default: the mode of the completer. */
  readonly mode?: 'ar' | undefined;
  /** The time per token that the answer is to keep, ms; default: that of the key or the edge. */
  readonly targetMsPerToken?: number | undefined;
  /** Whether the client reads the text while it is written; otherwise what was written may still be replaced. */
  readonly isStreamed: boolean;
  /** Key of the application; undefined: it has shown none. */
  readonly credentials: string | undefined;
  readonly signal: AbortSignal;
}

export interface EchoWish {
  /** How many of the likeliest tokens are named at each position of the prompt, 0 to 20; null: its tokens carry no logprobs. */
  readonly topLogprobs: number | null;
}

/** Text that became final together; the first of an echo is the prompt, without tokens of the answer. */
export interface Round {
  readonly text: string;
  /** Tokens of it, and how many of them were drafts of this device. */
  readonly tokens: number;
  readonly acceptedDrafts: number;
  /** For each token the text that it adds, and whether it was a draft of this device. Default: unknown. */
  readonly pieces?: readonly Piece[];
  /** When it came, ms on a monotonic clock: it may be read later. Default: unknown. */
  readonly atMs?: number;
  /** How far all text so far is a target's own. Absent: as before; in the first round: all of it. */
  readonly standing?: Standing;
  /** Who wrote the text so far, as in {@link CompletionEnd}. Absent: as before. */
  readonly fingerprints?: readonly string[];
  /** Log-probabilities of each of its tokens, where they were asked for. */
  readonly logprobs?: readonly AnswerToken[];
}

export interface Piece {
  readonly text: string;
  readonly drafted: boolean;
}

/** A token of an answer, or of a prompt that it repeats, with its bytes. */
export interface AnswerToken extends Omit<TokenLogprobs, 'logprob'> {
  /** Null: the first token of a prompt, which follows nothing. */
  readonly logprob: number | null;
  readonly bytes: Uint8Array;
  /** As `top`, with the bytes of each. */
  readonly topBytes: readonly Uint8Array[];
}

export interface CompletionEnd {
  /** `end`: an end token; `stop`: a stop text; `length`: the limit of the request, or a full context. */
  readonly reason: 'end' | 'stop' | 'length';
  /** The stop text that ended it; null: none did. */
  readonly stopText: string | null;
  readonly promptTokens: number;
  /** Tokens of the prompt that the edge had evaluated before. Default: unknown. */
  readonly cachedTokens?: number | undefined;
  /** The end token included. */
  readonly completionTokens: number;
  readonly acceptedDrafts: number;
  readonly rejectedDrafts: number;
  /** Fingerprint of the target that wrote the text; several: of each. {@link localFingerprint}: no target did. */
  readonly fingerprints: readonly string[];
  /** Decoding mode of its last tokens; `local`: a draft model wrote alone. Default: unknown. */
  readonly mode?: string;
  /** Times that an edge took it up. Default: once. */
  readonly edges?: number;
  /** Names of the edges that wrote it, in their order. Default: unknown. */
  readonly servedBy?: readonly string[];
  /** Absent: no model of this device has written text, and all of it is a target's own. */
  readonly standing?: Standing;
}

/** How far the text of an answer is a target's own, where a model of this device has written some of it. */
export type Standing =
  | { readonly verified: true }
  | {
      readonly verified: false;
      /** The first character that no target has verified; characters are Unicode code points, counted from 0. */
      readonly from: number;
      /** Where the target's own text is another one, and the client could no longer be given that. */
      readonly differsAt?: number;
    };

/** Stands for the fingerprint of a target where a model of this device wrote, and no edge verified it. */
export const localFingerprint = 'local';

/** A running answer. */
export interface Completion {
  readonly promptTokens: number;
  /** Throws an OutriderError when the answer fails; ends early when the request is aborted. */
  readonly rounds: AsyncIterable<Round>;
  /** After the rounds; rejects as they throw. */
  readonly end: Promise<CompletionEnd>;
  /** Fingerprint of the target that writes, as soon as it is known, or {@link localFingerprint}. */
  fingerprint(): string | null;
  /** As in {@link CompletionEnd}, known with the first text. */
  cachedTokens?(): number | undefined;
}

/** What writes answers: a device that drafts and lets an edge verify, or an edge by itself. */
export interface Completer {
  /** Id of the model, as requests name it. */
  readonly model: string;
  /** When it was opened, s since 1970. */
  readonly createdSeconds: number;
  /** Whether new answers can begin: only when it is `ready`. `stalled`: the engine does not return from a step. */
  readonly state: 'loading' | 'ready' | 'draining' | 'stalled';
  /** Most tokens of a text, its prompt included; undefined: not known yet. */
  readonly contextTokens?: number | undefined;
  /** Tokens of a prompt, in the model's chat format where it is a conversation. @throws OutriderError `context-full` for far too many */
  count(prompt: CompletionRequest['prompt']): number | Promise<number>;
  /** @throws OutriderError `bad-argument`, `edge-unreachable` */
  start(request: CompletionRequest): Promise<Completion>;
}

/** The same completer, which starts its answers in another way. */
export function startingWith(completer: Completer, start: Completer['start']): Completer {
  return Object.assign(Object.create(completer) as Completer, { start });
}
