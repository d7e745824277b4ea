// Who may reuse what an edge has evaluated of a text. That an evaluated prefix saves time shows to whoever shares it that somebody has sent
// this prefix, so texts are shared only by those who are one to the edge.

import type { OpenMessage } from '../wire/messages.ts';
import { anyone, type EdgeKey } from './edge-key.ts';

/** From this version on a device says for whom it asks, if there are several (`namespace`). Before, it did so by the conversation. */
const namespaceVersion = 3;

/** Two texts have the same owner if and only if these parts are equal. */
export function promptOwnerOf(
  key: Pick<EdgeKey, 'id'>,
  { version, namespace = '', conversation }: Pick<OpenMessage, 'version' | 'namespace' | 'conversation'>,
): readonly string[] {
  const isOneOwner = key.id !== anyone.id && version >= namespaceVersion;
  return isOneOwner ? [key.id, namespace] : [key.id, namespace, conversation];
}
