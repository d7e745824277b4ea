// What page, device worker and engine worker say to each other.

import type { Candidates } from '../../src/core/decoding/candidates.ts';
import type { SamplingOptions } from '../../src/core/decoding/sampling.ts';
import type { ModeName } from '../../src/core/protocol/wire/mode.ts';
import type { Message, ModelLimits } from '../../src/models/port/model.ts';
import type { PartInfo } from '../../src/processes/http/weights-info.ts';

/** Why a tab drafts by look-up; words.ts has a sentence for each. */
export type LookUpReason =
  | 'loading'
  | 'no-draft'
  | 'no-simd'
  | 'no-memory'
  | 'cut'
  | 'wrong-bytes'
  | 'refused'
  | 'engine-failed';

/** What a tab drafts with. */
export interface TabState {
  /** The target. */
  readonly model: string;
  /** The draft model; null: the edge has none for tabs. */
  readonly draft: string | null;
  /** Bytes of the draft model. */
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** Null: the draft model drafts. */
  readonly lookUp: LookUpReason | null;
  /** False: this browser keeps no weights, so they are loaded again next time. */
  readonly isKept: boolean;
}

/** Options of one answer; defaults as those of a device. */
export interface TabAskOptions {
  /** `ar`: the edge alone. Default: both draft while their drafts save time. */
  readonly mode?: ModeName | 'auto';
  readonly maxAnswerTokens?: number;
  readonly sampling?: SamplingOptions;
  readonly stopStrings?: readonly string[];
  /** Delays what this answer sends and receives, as a network with this round trip would, ms. Default 0. */
  readonly emulatedRoundTripMs?: number;
}

/** Text that became final together: drafted here or not. */
export interface TabPiece {
  readonly text: string;
  readonly drafted: boolean;
}

/** The facts of an answer; undefined: there was nothing to measure. */
export interface TabReport {
  /** `ended`, or `stopped`. */
  readonly outcome: string;
  /** `end-token`, `stop-string` or `length`; null: it was stopped. */
  readonly reason: string | null;
  readonly text: string;
  readonly tokens: number;
  readonly mode: string;
  readonly msPerToken: number | undefined;
  readonly timeToFirstTokenMs: number | undefined;
  readonly roundTripMs: number | undefined;
  readonly acceptance: number | undefined;
  /** Tokens of the answer that were drafted in this tab. */
  readonly acceptedTokens: number;
  readonly sentDrafts: number;
  readonly draftMs: number | undefined;
  readonly connections: number;
  /** That wrote it, in order. */
  readonly edges: readonly string[];
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export type ToDevice =
  | { readonly kind: 'open'; readonly edge: string; readonly key: string | undefined }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly messages: readonly Message[];
      readonly options: TabAskOptions;
    }
  | { readonly kind: 'stop'; readonly id: number };

export type FromDevice =
  | { readonly kind: 'opened'; readonly state: TabState }
  | { readonly kind: 'not-opened'; readonly failure: Failure }
  | { readonly kind: 'state'; readonly state: TabState }
  | { readonly kind: 'pieces'; readonly id: number; readonly pieces: readonly TabPiece[] }
  /** The connection of an answer is lost, or there again. */
  | { readonly kind: 'link'; readonly id: number; readonly isLost: boolean }
  | { readonly kind: 'loading'; readonly id: number; readonly sentence: string }
  | { readonly kind: 'ended'; readonly id: number; readonly report: TabReport }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };

export interface LoadOrder {
  readonly kind: 'load';
  readonly edge: string;
  readonly key: string | undefined;
  readonly weights: PartInfo;
}

/** Part of a call of the engine. */
export interface EngineItem {
  /** Number of the sequence. */
  readonly sequence: number;
  /** What it holds from this position on is removed first. */
  readonly from: number;
  readonly tokens: readonly number[];
  readonly rows: number;
}

export interface EvaluateOrder {
  readonly kind: 'evaluate';
  readonly id: number;
  readonly items: readonly EngineItem[];
}

/** One sequence becomes the beginning of another. */
export interface CopyOrder {
  readonly kind: 'copy';
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

export type ToEngine = LoadOrder | EvaluateOrder | CopyOrder;

export type FromEngine =
  | { readonly kind: 'progress'; readonly loadedBytes: number }
  | { readonly kind: 'loaded'; readonly limits: EngineLimits; readonly isKept: boolean }
  | { readonly kind: 'not-loaded'; readonly reason: LookUpReason }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: Candidates[][] }
  | { readonly kind: 'fault'; readonly id: number; readonly message: string };

export type EngineLimits = Pick<ModelLimits, 'contextLength' | 'maxSequences' | 'maxItemTokens'>;
