// What travels over a virtual link in the place of a message: the frame that a socket would carry, or, where both ends are known to be
// honest, the message itself with the length that its frame would have. Who sends and who receives can't tell.

import { DeviceCodec, EdgeCodec } from './codec.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';

/** All that a link needs to know. */
export interface Frame {
  /** Bytes. */
  readonly length: number;
}

/** One end of one connection. */
export interface WireEnd<Said, Heard> {
  pack(message: Said): Frame;
  /** @throws OutriderError `protocol-error` where a frame is none of the protocol's */
  unpack(frame: Frame): Heard;
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

interface Codec<Said, Heard> {
  encode(message: Said): Uint8Array;
  decode(bytes: Uint8Array): Heard;
  measure(message: Said): number;
  heard(message: Heard): void;
}

function byteEnd<Said, Heard>(codec: Codec<Said, Heard>): WireEnd<Said, Heard> {
  return { pack: (message) => codec.encode(message), unpack: (frame) => codec.decode(frame as Uint8Array) };
}

interface SizedFrame<Message> extends Frame {
  readonly message: Message;
}

function sizedEnd<Said, Heard>(codec: Codec<Said, Heard>): WireEnd<Said, Heard> {
  return {
    pack: (message): SizedFrame<Said> => ({ length: codec.measure(message), message }),
    unpack(frame) {
      const { message } = frame as SizedFrame<Heard>;
      codec.heard(message);
      return message;
    },
  };
}
