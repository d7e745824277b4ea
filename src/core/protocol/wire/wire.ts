// The interfaces of connections, live or in virtual time, and two wire formats. `byteWire` encodes frames, as on a socket. `sizedWire`
// passes the message itself with the length of its frame; it is faster, but both ends must be honest.

import type { ErrorCode } from '../../basics/errors.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import type { Admission } from './codec-open.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';

/** A message on a link; the link needs only its length. */
export interface Frame {
  /** Bytes. */
  readonly length: number;
}

/** The carrier of one side's frames, for example a connection of a transport. @typeParam Sent messages of this side */
export interface FrameConnection<Sent> {
  /** False while the send queue is full. Sending is still possible, but the sender should pause. */
  readonly writable: boolean;
  /** @param message content of the frame, for links that need it */
  send(frame: Frame, message: Sent): void;
  /** The peer, for limits and logs; absent: unknown. */
  readonly address?: string | undefined;
  close(code: ErrorCode | 'done', detail: string): void;
}

export interface FrameHandler {
  frame(frame: Frame): void;
  /** The send queue has become full, or has room again. */
  writable(isWritable: boolean): void;
  closed(): void;
  /** Bytes have arrived, maybe of an unfinished frame. Only of carriers that know. */
  arriving?(bytes: number): void;
  /** A frame of the carrier's own, as a WebSocket ping. */
  control?(bytes: number): void;
}

/** Encodes and decodes for one end of one connection. */
export interface WireEnd<Sent, Received> {
  pack(message: Sent): Frame;
  /** @throws OutriderError `protocol-error` if the frame is malformed */
  unpack(frame: Frame): Received;
}

/** A device needs no more of a wire: an edge's end is no part of a page's bundle. */
export interface DeviceWire {
  device(): WireEnd<DeviceMessage, EdgeMessage>;
}

export interface Wire extends DeviceWire {
  edge(admission?: Admission): WireEnd<EdgeMessage, DeviceMessage>;
}

/** Encoded frames of a device, as on a socket. */
export const deviceByteWire: DeviceWire = { device: () => byteEnd(new DeviceCodec()) };

/** Encoded frames, as on a socket. */
export const byteWire: Wire = {
  ...deviceByteWire,
  edge: (admission) => byteEnd(new EdgeCodec(admission)),
};

/** Messages that are not encoded, with the length of their frames. Both ends must use it. */
export const sizedWire: Wire = {
  device: () => sizedEnd<DeviceMessage, EdgeMessage>(new DeviceCodec()),
  edge: (admission) => sizedEnd<EdgeMessage, DeviceMessage>(new EdgeCodec(admission)),
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
