// What `shareOf` of an edge returns, checked.

import type { EdgeSettings } from '../../core/protocol/edge/edge-core.ts';

/** A share that is no positive number would end the planning of every step. */
export function checkedShare(shareOf: EdgeSettings['shareOf']): EdgeSettings['shareOf'] {
  return (open, key) => {
    const share = shareOf(open, key);
    if (Number.isFinite(share) && share > 0) return share;
    throw new RangeError(`shareOf returned ${share}; a share is a number above 0`);
  };
}
