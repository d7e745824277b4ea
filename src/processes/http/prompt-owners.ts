// For whom an endpoint lets edges keep what they evaluate. Edges see neither the keys of applications nor their number: only that two
// texts are for the same one.

import { createHmac, randomBytes } from 'node:crypto';
import type { TurnOptions } from '../device/turn-options.ts';

/** The same for all texts of one owner. The conversation is for edges that know no namespaces, or ask for no key. */
export type PromptOwner = Pick<TurnOptions, 'namespace' | 'conversation'>;

/** @returns the owner of what an application asks with this key; undefined: it has shown none */
export function createPromptOwners(): (key: string | undefined) => PromptOwner {
  const secret = randomBytes(32);
  return (key) => {
    const named = key === undefined ? 'none' : `key ${key}`;
    const digest = (of: string): string =>
      createHmac('sha256', secret).update(`${of} of ${named}`).digest('hex').slice(0, 32);
    return { namespace: digest('namespace'), conversation: digest('conversation') };
  };
}
