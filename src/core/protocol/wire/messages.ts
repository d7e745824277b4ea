// The messages of the protocol between device and edge. Positions count from the start of the prompt. codec.ts encodes the messages;
// docs/internals/protocol.md has the rules of the two sides.

import type { ErrorCode } from '../../basics/errors.ts';
import type { Grammar } from '../../decoding/grammar.ts';
import type { Logprobs } from '../../decoding/logprobs.ts';
import type { Sampling } from '../../decoding/sampling.ts';
import type { ModeName } from './mode.ts';

/** The two sides agree on it for each connection, before its first frame. */
export const protocolVersion = 3;

/** A device starts a turn. Creates the session, or replaces its text with the device's. */
export interface OpenMessage {
  readonly kind: 'open';
  readonly version: number;
  /** API key, or empty. The edge checks it before it reads the fields after it. */
  readonly credentials: string;
  /** Both sides fill the frames of this connection with zero bytes up to multiples of this length in bytes; 0: they do not. */
  readonly padding: number;
  /** 32 random hex digits. The same digits shown with another key name another session. */
  readonly session: string;
  /** 32 hex digits. Turns of one conversation may reuse each other's KV sequence on the edge. */
  readonly conversation: string;
  /**
   * 32 hex digits; absent: none. Sessions of other namespaces, or of none, never reuse each other's KV sequences, whatever
   * key and conversation they have.
   */
  readonly namespace?: string | undefined;
  /** Grows with each attach of this session to this edge; the edge refuses an attempt that is not larger than the last. */
  readonly attempt: number;
  /** 64 hex digits. */
  readonly tokenizerHash: string;
  readonly mode: ModeName;
  readonly sampling: Sampling;
  readonly stopStrings: readonly string[];
  /** 0 only where `promptLogprobs` are asked for. */
  readonly maxAnswerTokens: number;
  /** The edge pauses when it has committed this many tokens that the device has not acknowledged. */
  readonly flowControlWindow: number;
  /** The device never sends a draft further than this many tokens beyond the committed text. */
  readonly maxAhead: number;
  readonly prompt: readonly number[];
  /** Answer ids that are already committed, after the loss of an edge. Penalties, stop strings and lengths count them. */
  readonly answer: readonly number[];
  /** What the answer must follow; absent: anything. */
  readonly grammar?: Grammar | undefined;
  /** Every commit carries logprobs, with so many of the likeliest tokens of each position; absent: none does. */
  readonly topLogprobs?: number | undefined;
  /**
   * The edge sends the logprobs of the prompt's tokens as it evaluates them, with so many of the likeliest tokens of each
   * position; absent: it does not.
   */
  readonly promptLogprobs?: number | undefined;
  /** The time per token that the session is to keep, ms, to the microsecond; absent: the edge decides. */
  readonly targetMsPerToken?: number | undefined;
}

/** Continues a session on a new connection. */
export interface ResumeMessage {
  readonly kind: 'resume';
  readonly version: number;
  /** The key that opened the session. */
  readonly credentials: string;
  /** As in `open`. */
  readonly padding: number;
  readonly session: string;
  readonly attempt: number;
  /** Length of the committed text that the device has from this edge. */
  readonly length: number;
}

/** Drafts of the device, without a gap. The first frame of a branch starts at a committed length that the edge is known to have. */
export interface DraftMessage {
  readonly kind: 'draft';
  /** Counter of the connection, from 1. A higher number replaces the branch; a frame with a lower number is ignored. */
  readonly branch: number;
  readonly first: number;
  readonly tokens: readonly number[];
}

/**
 * A second continuation beside a draft that was sent before it: `tokens[0]` is another candidate for that draft's position. If the text
 * agrees with branch `base` up to there and then has `tokens[0]`, the edge continues with the rest, as branch `branch`.
 */
export interface AlternativeMessage {
  readonly kind: 'alternative';
  /** From the same counter as the numbers of branches. A new number begins an alternative, a known one extends it. */
  readonly branch: number;
  /** The device's branch. */
  readonly base: number;
  readonly first: number;
  readonly tokens: readonly number[];
}

/** Acknowledges committed text when no new branch or `verify` does. */
export interface AckMessage {
  readonly kind: 'ack';
  readonly length: number;
}

/** The device's window is complete and it requests the verdict. Also acknowledges. Only in modes in which the edge waits for the device. */
export interface VerifyMessage {
  readonly kind: 'verify';
  /** Length of the committed text that the device has. */
  readonly length: number;
}

/** The device no longer needs the session on this edge: it stopped, finished elsewhere, or was handed over. */
export interface ByeMessage {
  readonly kind: 'bye';
}

/** From both sides: keep-alive, and measurement of the round trip. */
export interface PingMessage {
  readonly kind: 'ping';
  /** Time on the sender's clock; the pong repeats it. */
  readonly stamp: number;
}

export interface PongMessage {
  readonly kind: 'pong';
  readonly stamp: number;
}

/** Times that an edge announces; in ms, to the microsecond. */
export interface EdgeTiming {
  /** Steps of one session with 1 row, 2 rows, ... 8 rows; null: not announced. */
  readonly stepMs: readonly number[] | null;
  /** One edge draft; null: the edge has no draft model; it refuses mode edge-sd, and serves mix as stream. */
  readonly edgeDraftMs: number | null;
}

/** The edge's first frame. */
export interface HelloMessage {
  readonly kind: 'hello';
  readonly version: number;
  readonly model: string;
  readonly fingerprint: string;
  readonly tokenizerHash: string;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly timing: EdgeTiming;
}

/** The edge does not have the text to resume; the device must `open` with the whole text. */
export interface GoneMessage {
  readonly kind: 'gone';
}

/** The session waits for a place. Sent when it begins to wait, and when the number changes. */
export interface QueuedMessage {
  readonly kind: 'queued';
  /** About how many sessions get a place before this one. */
  readonly ahead: number;
}

/** The edge is going down. It keeps its sessions for a while; a device that has another edge moves there. */
export interface LeavingMessage {
  readonly kind: 'leaving';
}

/** The session has got a place of the edge. */
export interface HeldMessage {
  readonly kind: 'held';
  /** Leading tokens of the text whose keys and values the place has already, so that the edge does not evaluate them. */
  readonly tokens: number;
}

/** Logprobs of tokens of the prompt, in order, before the first commit. */
export interface PromptScoredMessage {
  readonly kind: 'prompt-scored';
  /** Position of the first of these tokens, at least 1: nothing predicts the first token of a prompt. */
  readonly first: number;
  readonly logprobs: readonly Logprobs[];
}

/** Final tokens, in order. The first `accepted` of them equal the device's drafts of `branch` and are not sent. */
export interface CommitMessage {
  readonly kind: 'commit';
  readonly first: number;
  /** 0 if `accepted` is 0. */
  readonly branch: number;
  readonly accepted: number;
  /** Tokens after the accepted ones. */
  readonly tokens: readonly number[];
  /** Log-probabilities of every token, the accepted ones included, where `open` asks for them. */
  readonly logprobs?: readonly Logprobs[] | undefined;
}

export const endReasons = ['end-token', 'stop-string', 'length', 'context-full'] as const;
export type EndReason = (typeof endReasons)[number];

/** The edge's counts of a turn. */
export interface TurnAccount {
  /** Steps in which this session decoded. */
  readonly steps: number;
  /** Drafts of the device that were evaluated. */
  readonly draftRows: number;
  /** How many of them were accepted. */
  readonly acceptedRows: number;
  /** The same two counts for edge drafts, looked-up drafts included. */
  readonly edgeDraftRows: number;
  readonly acceptedEdgeDraftRows: number;
}

/** The text is complete at `length`. Sent again on each resume of a finished session. */
export interface EndMessage {
  readonly kind: 'end';
  readonly reason: EndReason;
  readonly length: number;
  readonly account: TurnAccount;
}

/** The edge refuses the connection or its session, and closes the connection after this message. */
export interface RefusedMessage {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly cause: string;
  readonly remedy: string;
}

export type DeviceMessage =
  | OpenMessage
  | ResumeMessage
  | DraftMessage
  | AlternativeMessage
  | AckMessage
  | VerifyMessage
  | ByeMessage
  | PingMessage
  | PongMessage;

export type EdgeMessage =
  | HelloMessage
  | GoneMessage
  | QueuedMessage
  | LeavingMessage
  | HeldMessage
  | PromptScoredMessage
  | CommitMessage
  | EndMessage
  | RefusedMessage
  | PingMessage
  | PongMessage;
