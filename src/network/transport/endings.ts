// Ends of connections that all transports have in common.

import { OutriderError } from '../../core/basics/errors.ts';
import type { CloseReason } from './transport.ts';

/** The connection ended without a close by either side. */
export const lostConnection: CloseReason = {
  by: 'network',
  code: 'edge-unreachable',
  detail: 'the connection was lost',
};

/** The caller aborted its attempt to connect. */
export function interrupted(): OutriderError {
  return new OutriderError('interrupted', 'connecting was interrupted', 'connect again');
}
