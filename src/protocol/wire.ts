// Connections as the rules of both sides see them, live or in virtual time, and what travels over them: the frame that a socket
// carries, or, where both ends are known to be honest, the message itself with the length that its frame would have.

import type { ErrorCode } from '../basics/errors.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';

/** All that a link needs to know. */
export interface Frame {
  /** Bytes. */
  readonly length: number;
}

/** What carries the frames of one side; a transport's connection is one. @typeParam Sent messages of this side */
export interface FrameConnection<Sent> {
  /** False while the send queue is full: sending is still possible, but the sender should pause. */
  readonly writable: boolean;
  /** @param message what the frame says, for links that carry more than the frame */
  send(frame: Frame, message: Sent): void;
  close(code: ErrorCode | 'done', detail: string): void;
}

/** What a connection tells its holder. */
export interface FrameHandler {
  frame(frame: Frame): void;
  /** The send queue has become full, or has room again. */
  writable(isWritable: boolean): void;
  closed(): void;
}

/** Encodes and decodes for one end of one connection. */
export interface WireEnd<Sent, Received> {
  pack(message: Sent): Frame;
  /** @throws OutriderError `protocol-error` where a frame is none of the protocol's */
  unpack(frame: Frame): Received;
}

export interface Wire {
  device(): WireEnd<DeviceMessage, EdgeMessage>;
  edge(): WireEnd<EdgeMessage, DeviceMessage>;
}

/** As on a socket: bytes, whoever made them. */
export const byteWire: Wire = {
  device: () => byteEnd(new DeviceCodec()),
  edge: () => byteEnd(new EdgeCodec()),
};

/** Messages as they are, as long as their frames: nothing is decoded. Both ends must use it. */
export const sizedWire: Wire = {
  device: () => sizedEnd<DeviceMessage, EdgeMessage>(new DeviceCodec()),
  edge: () => sizedEnd<EdgeMessage, DeviceMessage>(new EdgeCodec()),
};

interface Codec<Sent, Received> {
  encode(message: Sent): Uint8Array;
  decode(bytes: Uint8Array): Received;
  measure(message: Sent): number;
  received(message: Received): void;
}

function byteEnd<Sent, Received>(codec: Codec<Sent, Received>): WireEnd<Sent, Received> {
  return { pack: (message) => codec.encode(message), unpack: (frame) => codec.decode(frame as Uint8Array) };
}

interface SizedFrame<Message> extends Frame {
  readonly message: Message;
}

function sizedEnd<Sent, Received>(codec: Codec<Sent, Received>): WireEnd<Sent, Received> {
  return {
    pack: (message): SizedFrame<Sent> => ({ length: codec.measure(message), message }),
    unpack(frame) {
      const { message } = frame as SizedFrame<Received>;
      codec.received(message);
      return message;
    },
  };
}
