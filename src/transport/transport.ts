// The port between two machines: whole binary frames, in order, until one side closes. It knows nothing of messages.

import type { ErrorCode } from '../basics/errors.ts';
import { limits } from '../protocol/limits.ts';

/** Both sides' limit if nothing else is said: the largest frame of docs/protocol.md. */
export const defaultMaxFrameBytes: number = limits.edgeFrameBytes;
/** `writable` is false while more application bytes than this wait to leave. */
export const sendMarkBytes = 65_536;

/** Why a connection has ended, and who ended it. */
export type CloseReason =
  | { readonly by: 'us' | 'peer'; readonly code: ErrorCode | 'done'; readonly detail: string }
  | { readonly by: 'network'; readonly code: 'edge-unreachable'; readonly detail: string };

/** Callbacks of one connection's holder. After `closed` nothing else is called. */
export interface ConnectionHandler {
  frame(bytes: Uint8Array): void;
  /** The send buffer has drained below its mark after `writable` was false. */
  writable(): void;
  closed(reason: CloseReason): void;
}

/** One open connection, for its holder. */
export interface Connection {
  /** False while more than the send mark waits to leave; sending is still possible, but the holder should pause. */
  readonly writable: boolean;
  /** Application bytes so far, without WebSocket and TCP/IP headers. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentFrames: number;
  readonly receivedFrames: number;
  /** Hands one frame to the network, which must not be changed afterwards; silently dropped after the close. */
  send(bytes: Uint8Array): void;
  /**
   * Frames sent before still arrive, frames of the peer no longer do; `closed` follows when the peer has answered or has had
   * its time. `edge-unreachable` is the exception: it drops the connection without a goodbye, and both ends see 'network'.
   */
  close(code: ErrorCode | 'done', detail: string): void;
}

/** Called once per connection, before any of its frames; returns the handler. */
export type Accept = (connection: Connection) => ConnectionHandler;

/** A port that is listened on. */
export interface Listener {
  /** The port that was really bound (ask for 0 to get a free one). */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Opens a connection. Aborting the signal stops the attempt only.
 * @throws OutriderError `edge-unreachable`, `version-mismatch`, or `interrupted` when aborted
 */
export type Connect = (accept: Accept, options?: { readonly signal?: AbortSignal }) => Promise<Connection>;
