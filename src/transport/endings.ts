// Endings that all transports have in common.

import { OutriderError } from '../basics/errors.ts';
import type { CloseReason } from './transport.ts';

/** Nobody said goodbye. */
export const lostConnection: CloseReason = {
  by: 'network',
  code: 'edge-unreachable',
  detail: 'the connection was lost',
};

/** The caller aborted its attempt to connect. */
export function interrupted(): OutriderError {
  return new OutriderError('interrupted', 'connecting was interrupted', 'connect again');
}
