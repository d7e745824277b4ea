// The error for malformed frames.

import { OutriderError } from '../../basics/errors.ts';

export function malformed(cause: string): OutriderError {
  return new OutriderError(
    'protocol-error',
    cause,
    'use a client that speaks docs/internals/protocol.md of this version',
  );
}
