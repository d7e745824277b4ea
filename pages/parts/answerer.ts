// What writes the answers of a page: the endpoint over HTTP, or a device in the tab. A page does not depend on which.

export interface Said {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** All that decides an answer, and how it is decoded. */
export interface Question {
  /** The last one is the user's. */
  readonly said: readonly Said[];
  /** A whole number up to 2^53 - 1. */
  readonly seed: number;
  readonly temperature: number;
  readonly mostTokens: number;
  /** False: the edge alone. It changes no text. */
  readonly withDrafts: boolean;
}

export interface Piece {
  readonly text: string;
  readonly drafted: boolean;
}

/** Text that came together. */
export interface AnswerPart {
  readonly text: string;
  /** The same text by tokens; empty: not known. */
  readonly pieces: readonly Piece[];
  /** Whether a target has written or checked all text so far. */
  readonly verified: boolean;
}

export interface AnswerEnd {
  /** `length`: it was cut at the most tokens, or at a full context. */
  readonly reason: 'end' | 'length';
  /** Null: not known, as all below. */
  readonly mode: string | null;
  readonly edges: readonly string[];
  readonly tokens: number | null;
  readonly sentDrafts: number | null;
  readonly acceptedDrafts: number | null;
}

/** What is known before the first question. */
export interface Abilities {
  readonly model: string;
  readonly drafts: 'device' | 'tab' | 'edge' | 'none' | 'unknown';
  readonly emulated: {
    readonly roundTripMs?: number | undefined;
    readonly link?: string | undefined;
    readonly pace?: string | undefined;
  };
}

export interface Answerer {
  /** @throws AnswerFailure */
  open(): Promise<Abilities>;
  /**
   * Resolves when the answer is whole. What `onPart` was given stays, whatever happens later.
   * @throws AnswerFailure, or any error after `signal` was aborted
   */
  answer(question: Question, onPart: (part: AnswerPart) => void, signal: AbortSignal): Promise<AnswerEnd>;
}

/** `key`: it is missing, wrong or revoked; `away`: nothing answers; `cut`: the answer ended before its end; `refused`: see the message. */
export type FailureKind = 'key' | 'away' | 'cut' | 'refused';

export class AnswerFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message = '') {
    super(message);
    this.kind = kind;
  }
}
