// Every message of the stream protocol: who sends it and why. Positions count from the start of the prompt.
// How they look as bytes is in codec.ts; the rules that the two sides keep are in docs/protocol.md.

import type { ErrorCode } from '../basics/errors.ts';
import type { Sampling } from '../decoding/sampling.ts';
import type { ModeName } from './mode.ts';

export const protocolVersion = 1;

/** A device's opening words for a turn. Creates the session, or replaces it: the device's text wins. */
export interface OpenMessage {
  readonly kind: 'open';
  readonly version: number;
  /** 32 hex digits, random: whoever knows it owns the session. */
  readonly session: string;
  /** 32 hex digits: turns that share it may reuse each other's evaluated prefix on the edge. */
  readonly conversation: string;
  /** Grows with each attach of this session to this edge; the edge takes only a larger one. */
  readonly attempt: number;
  /** API key, or empty. */
  readonly credentials: string;
  /** 64 hex digits. */
  readonly tokenizerHash: string;
  readonly mode: ModeName;
  readonly sampling: Sampling;
  readonly stopStrings: readonly string[];
  readonly maxAnswerTokens: number;
  /** The edge pauses when it is this many tokens ahead of what the device has acknowledged. */
  readonly flowControlWindow: number;
  /** The device never sends a draft further than this beyond the committed text. */
  readonly maxAhead: number;
  readonly prompt: readonly number[];
  /** Answer ids that are committed already (after a lost edge): penalties, stops and lengths count them. */
  readonly answer: readonly number[];
}

/** Takes a session up again on a new connection. */
export interface ResumeMessage {
  readonly kind: 'resume';
  readonly version: number;
  readonly session: string;
  readonly attempt: number;
  /** Length of the text that the device holds from this edge. */
  readonly length: number;
}

/** Drafts of the device, without a gap. The first frame of a branch starts at a length that the edge is known to have. */
export interface DraftMessage {
  readonly kind: 'draft';
  /** Counter of the connection, from 1. Higher replaces, lower is dropped. */
  readonly branch: number;
  readonly first: number;
  readonly tokens: readonly number[];
}

/** Says how much committed text the device has, where no draft says so. */
export interface AckMessage {
  readonly kind: 'ack';
  readonly length: number;
}

/** The device's window is complete: verify what has arrived. Acknowledges as well. Only in modes that wait. */
export interface VerifyMessage {
  readonly kind: 'verify';
  /** Committed text that the device has. */
  readonly length: number;
}

/** The device needs no more of this session here: stopped, finished elsewhere, or handed over. */
export interface ByeMessage {
  readonly kind: 'bye';
}

/** Both sides: proof of life when nothing else is to be said, and a round-trip measurement. */
export interface PingMessage {
  readonly kind: 'ping';
  /** Comes back in the pong; the sender's own milliseconds. */
  readonly stamp: number;
}

export interface PongMessage {
  readonly kind: 'pong';
  readonly stamp: number;
}

/** How quick an edge is, as it tells devices; times in ms, to the microsecond. */
export interface EdgeTiming {
  /** Steps of one session over 1 row, 2 rows, ... 8 rows; null: it does not say. */
  readonly stepMs: readonly number[] | null;
  /** One draft of the edge's own; null: it has no draft, and refuses modes edge-sd and mix. */
  readonly edgeDraftMs: number | null;
}

/** The edge's first frame: what it runs. */
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

/** The edge does not have the resumed text: open again with the whole of it. */
export interface GoneMessage {
  readonly kind: 'gone';
}

/** Final tokens, in order. The first `accepted` of them equal the device's own drafts of `branch` and stay at home. */
export interface CommitMessage {
  readonly kind: 'commit';
  readonly first: number;
  /** 0 where nothing is accepted. */
  readonly branch: number;
  readonly accepted: number;
  /** Follow the accepted ones. */
  readonly tokens: readonly number[];
}

export const endReasons = ['end-token', 'stop-string', 'length', 'context-full'] as const;
export type EndReason = (typeof endReasons)[number];

/** The edge's account of a turn. */
export interface TurnAccount {
  /** Steps of this session that committed something. */
  readonly steps: number;
  /** Drafts of the device that were evaluated. */
  readonly draftRows: number;
  /** Of them accepted. */
  readonly acceptedRows: number;
  /** The same for rows that the edge drafted itself. */
  readonly edgeDraftRows: number;
  readonly acceptedEdgeDraftRows: number;
}

/** The turn is over at `length`; says why. Sent again on each resume of a finished session. */
export interface EndMessage {
  readonly kind: 'end';
  readonly reason: EndReason;
  readonly length: number;
  readonly account: TurnAccount;
}

/** The edge will not go on with this connection; it closes it after this. */
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
  | AckMessage
  | VerifyMessage
  | ByeMessage
  | PingMessage
  | PongMessage;

export type EdgeMessage =
  | HelloMessage
  | GoneMessage
  | CommitMessage
  | EndMessage
  | RefusedMessage
  | PingMessage
  | PongMessage;
