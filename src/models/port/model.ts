// The port to every language model: device drafts and edge targets alike. It evaluates tokens and returns raw candidates; it does
// not sample, schedule, or know sessions. One contract suite (model.contract.ts) applies to every engine.

import type { Candidates, RowAsk } from '../../core/decoding/candidates.ts';
import type { ShapeLaw } from '../../core/decoding/shape-law.ts';

/** The parts that must be equal on two machines for equal texts (exactness is promised per fingerprint). */
export interface ModelIdentity {
  /** Name in the manifest, or the file's name. */
  readonly name: string;
  /** Hash over model, engine, version, back-end, processor, threads, flash attention, layout of weights and shape law; hex. */
  readonly fingerprint: string;
  /** The same in words: "smollm2-135m, llama.cpp ..., cpu, 1 thread, flash attention, exact: any shape". */
  readonly description: string;
}

/** One message of a conversation; encoding puts it into the model's own chat format. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Text to ids and ids to bytes. Two tokenizers are the same if and only if their hashes are equal. */
export interface Tokenizer {
  /** SHA-256 over vocabulary, merges and special ids; hex. */
  readonly hash: string;
  readonly vocabularySize: number;
  /** Ids that end a text (end of sequence, end of turn). */
  readonly endIds: ReadonlySet<number>;
  /** Plain text to ids; special tokens in it stay plain text. */
  encode(text: string): number[];
  /** A conversation in the model's own chat format, ready for the assistant's answer. */
  encodeChat(messages: readonly Message[]): number[];
  /** The bytes of one token; empty for special tokens. Tokens may split a UTF-8 character. */
  bytes(id: number): Uint8Array;
}

/** A sequence in the engine's key-value (KV) cache. Not shared: one holder at a time. */
export interface ModelSequence {
  /** Number of tokens in the sequence. */
  readonly length: number;
  /** Removes everything from position `length` on; exact, as if it had never been evaluated. */
  truncate(length: number): Promise<void>;
  /**
   * Forgets what the sequence holds, and holds the first `length` tokens of `other` then, another sequence of the same engine, as if it
   * had evaluated them. Absent where an engine can't copy.
   */
  copyFrom?(other: ModelSequence, length: number): Promise<void>;
  /** Returns the sequence to the engine. Wait until no evaluation of it is in flight. */
  release(): Promise<void>;
}

/** The part of one sequence in a batch. */
export interface EvaluateItem {
  readonly sequence: ModelSequence;
  /** Appended to the sequence; at least one. */
  readonly tokens: readonly number[];
  /** Candidates are returned after each of the last `rows` tokens; 0 during prefill. */
  readonly rows: number;
  /** For each of these rows what it is asked for beside; default: nothing. */
  readonly asks?: readonly (RowAsk | undefined)[] | undefined;
}

/** The capacity of an engine, in tokens and sequences. */
export interface ModelLimits {
  /** Capacity of one sequence in tokens. A longer text is refused, never shifted. */
  readonly contextLength: number;
  readonly maxSequences: number;
  /** Limit of tokens in one item: of an engine that follows a law, its largest call, or a few small ones. */
  readonly maxItemTokens: number;
  /** Memory that the keys and values of a token take, bytes; absent where it is not known. */
  readonly cachedTokenBytes?: number;
  /** How the engine lays items out in calls, for predictions of their cost. The engine itself follows it. */
  readonly law: ShapeLaw;
}

/** The engine's findings about itself before it promised exact text. */
export interface Exactness {
  /** Whether weights are laid out as the engine prefers on this processor, or as in the file; absent where the engine does not say. */
  readonly weights?: 'repacked' | 'plain';
  /** Measured time of a step of this many rows of one sequence, ms: under the law, and without a law. */
  readonly costs: readonly { readonly rows: number; readonly ms: number; readonly nativeMs: number }[];
  /** Number of positions that were compared under the law. */
  readonly comparisons: number;
}

/** An engine with one model. `evaluate` calls run one after the other. */
export interface LanguageModel extends AsyncDisposable {
  readonly identity: ModelIdentity;
  readonly tokenizer: Tokenizer;
  readonly limits: ModelLimits;
  /** Present if the engine had to find its law; absent if it promises nothing, or has no rounding differences. */
  readonly exactness?: Exactness;
  /** Whether evaluations wait for an engine in another process that was lost, or for the texts that it must read again. */
  readonly isWaiting?: boolean;
  /** How often that began; a step in which it grows says nothing about the speed of the engine. */
  readonly waitCount?: number;
  /** Ends the evaluation in flight, which rejects; absent where started work can't be ended. */
  giveUp?(): void;
  /** @throws OutriderError `edge-full` when no sequence is left. */
  openSequence(): ModelSequence;
  /**
   * Evaluates a batch and resolves with the candidates of each item, `rows` entries per item, in order. A sequence may occur once
   * in a batch.
   * @throws OutriderError `context-full` before anything is evaluated if an item would pass `contextLength`.
   */
  evaluate(items: readonly EvaluateItem[]): Promise<Candidates[][]>;
  close(): Promise<void>;
}
