// The port to every language model: device drafts and edge targets alike. It evaluates tokens and hands out raw candidates;
// it does not sample, schedule, or know of sessions. One contract suite (model.contract.ts) holds for every engine.

import type { Candidates } from '../decoding/candidates.ts';
import type { ShapeLaw } from '../decoding/shape-law.ts';

/** What must be equal on two machines for them to write the same text (design: exactness is promised per fingerprint). */
export interface ModelIdentity {
  /** Name in the manifest, or the file's name. */
  readonly name: string;
  /** Hash over model, engine, version, back-end, processor, threads, flash attention, layout of weights and shape law; hex. */
  readonly fingerprint: string;
  /** The same in words, for people: "smollm2-135m, llama.cpp ..., cpu, 1 thread, flash attention, exact: any shape". */
  readonly description: string;
}

/** One message of a conversation, in the model's own chat format once encoded. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Text to ids and ids to bytes. Two tokenizers are the same exactly if their hashes are equal. */
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
  /** The bytes of one token; empty for special ones. Tokens may split a UTF-8 character. */
  bytes(id: number): Uint8Array;
}

/** A row of key-value memory in the engine. Not shared: one holder at a time. */
export interface ModelSequence {
  /** Tokens now held. */
  readonly length: number;
  /** Forgets everything from position `length` on; exact, as if it had never been evaluated. */
  truncate(length: number): Promise<void>;
  /** Gives the sequence back to the engine. Wait until no evaluation of it is in flight. */
  release(): Promise<void>;
}

/** What one sequence does in a batch. */
export interface EvaluateItem {
  readonly sequence: ModelSequence;
  /** Appended to the sequence; at least one. */
  readonly tokens: readonly number[];
  /** Candidates wanted after each of the last `rows` tokens; 0 while prefilling. */
  readonly rows: number;
}

/** What an engine can hold, in tokens and sequences. */
export interface ModelLimits {
  /** Tokens that one sequence can hold. A longer one is refused, never shifted. */
  readonly contextLength: number;
  readonly maxSequences: number;
  /** Tokens of one item at most (up to 63 where text must be exact). */
  readonly maxItemTokens: number;
  /** How the engine lays items out in calls, for whoever predicts what they cost. The engine itself keeps to it. */
  readonly law: ShapeLaw;
}

/** What an engine found out about itself before it promised exact text. */
export interface Exactness {
  /** Whether weights lie as the engine prefers them on this processor, or as in the file. */
  readonly weights: 'repacked' | 'plain';
  /** A step of so many rows of one sequence, ms, as measured then: under the law, and as the engine would take it without one. */
  readonly costs: readonly { readonly rows: number; readonly ms: number; readonly nativeMs: number }[];
  /** Positions that were compared under the law. */
  readonly comparisons: number;
}

/** An engine with one model, whoever runs it. `evaluate` calls run one after the other. */
export interface LanguageModel extends AsyncDisposable {
  readonly identity: ModelIdentity;
  readonly tokenizer: Tokenizer;
  readonly limits: ModelLimits;
  /** Of an engine that had to find its law; absent where it promises nothing, or has no rounding of its own. */
  readonly exactness?: Exactness;
  /** @throws OutriderError `edge-full` when no sequence is left. */
  openSequence(): ModelSequence;
  /**
   * One batch: evaluates every item and resolves with the candidates of each, `rows` entries per item, in order.
   * A sequence may occur once in a batch. The work that has started can't be aborted.
   * @throws OutriderError `context-full` before anything is evaluated if an item would pass `contextLength`.
   */
  evaluate(items: readonly EvaluateItem[]): Promise<Candidates[][]>;
  close(): Promise<void>;
}
