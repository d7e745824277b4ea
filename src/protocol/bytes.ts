// The error for malformed frames, and the reader that throws it.

import { ByteReader } from '../basics/bytes.ts';
import { OutriderError } from '../basics/errors.ts';

export function malformed(cause: string): OutriderError {
  return new OutriderError('protocol-error', cause, 'use a client that speaks docs/protocol.md of this version');
}

/** @throws OutriderError `protocol-error` from every method when the frame is short or a field is out of range. */
export class FrameReader extends ByteReader {
  constructor(bytes: Uint8Array) {
    super(bytes, malformed);
  }
}
