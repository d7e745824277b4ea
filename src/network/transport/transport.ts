// The interface of transports between two machines: complete binary frames, in order, until one side closes. It does not know messages.

import type { ErrorCode } from '../../core/basics/errors.ts';
import { limits } from '../../core/protocol/wire/limits.ts';

/** Default limit of both sides: the largest frame of docs/internals/protocol.md. */
export const defaultMaxFrameBytes: number = limits.edgeFrameBytes;
/** `writable` is false while more application bytes than this are in the send buffer. */
export const sendMarkBytes = 65_536;

/** Why a connection has ended, and which side ended it. */
export type CloseReason =
  | { readonly by: 'us' | 'peer'; readonly code: ErrorCode | 'done'; readonly detail: string }
  | { readonly by: 'network'; readonly code: 'edge-unreachable'; readonly detail: string };

/** Callbacks of one connection's holder. After `closed` nothing else is called. */
export interface ConnectionHandler {
  frame(bytes: Uint8Array): void;
  /** The send buffer is below its mark again, after `writable` was false. */
  writable(): void;
  closed(reason: CloseReason): void;
  /** Bytes have come from the network, maybe of an unfinished frame. Only of transports that know. */
  arriving?(bytes: number): void;
  /** A frame of the transport's own, as a WebSocket ping. */
  control?(bytes: number): void;
}

/** One open connection, for its holder. */
export interface Connection {
  /** The peer, for limits and logs: an IPv4 address, or the first half of an IPv6 address. Absent: unknown. */
  readonly address?: string | undefined;
  /** Whether the peer's certificate was checked, by an authority or a fingerprint. Absent: it was not, or that is not known. */
  readonly isPeerChecked?: boolean | undefined;
  /** False while the send buffer is above its mark. Sending is still possible, but the holder should pause. */
  readonly writable: boolean;
  /** Application bytes so far, without WebSocket and TCP/IP headers. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentFrames: number;
  readonly receivedFrames: number;
  /** Sends one frame; `bytes` must not be changed afterwards. No effect after the close. */
  send(bytes: Uint8Array): void;
  /**
   * Earlier frames still arrive; frames of the peer are no longer delivered. `closed` follows when the peer has answered, or after a time
   * limit. Code `edge-unreachable` is an exception: it drops the connection without a close, and both ends get 'network'.
   */
  close(code: ErrorCode | 'done', detail: string): void;
}

/** Called once per connection, before any of its frames; returns the handler. */
export type Accept = (connection: Connection) => ConnectionHandler;

/** A listening port. */
export interface Listener {
  /** The bound port, also if port 0 was requested. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Opens a connection. Aborting the signal stops the attempt only.
 * @throws OutriderError `edge-unreachable`, `version-mismatch`, or `interrupted` when aborted
 */
export type Connect = (accept: Accept, options?: { readonly signal?: AbortSignal }) => Promise<Connection>;
