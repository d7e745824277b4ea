// Who may reuse what an edge has evaluated of a text. That an evaluated prefix saves time shows to whoever shares it that somebody has sent
// this prefix, so texts are shared only by those who are one to the edge.

import type { OpenMessage } from '../wire/messages.ts';
import { anyone, type EdgeKey } from './edge-key.ts';

/** Two texts have the same owner if and only if these parts are equal. */
export function promptOwnerOf(
  key: Pick<EdgeKey, 'id'>,
  { namespace = '', conversation }: Pick<OpenMessage, 'namespace' | 'conversation'>,
): readonly string[] {
  return key.id === anyone.id ? [key.id, namespace, conversation] : [key.id, namespace];
}
