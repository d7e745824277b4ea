// What a controller answers to a member's own message. Pure.

import { isOutriderError } from '../../core/basics/errors.ts';
import {
  type ControllerMessage,
  controlVersion,
  type JoinMessage,
  type MemberMessage,
  type Origin,
} from './messages.ts';

/** To a message that was taken; null: it has no answer. */
export function answerTo(message: MemberMessage | null, origin: Origin, slotMs: number): ControllerMessage | null {
  if (message?.kind === 'join')
    return { kind: 'welcome', version: controlVersion, ...origin, slotMs, takesChanges: true, confirmsRows: true };
  const rowsId = message?.kind === 'edge-report' ? message.rowsId : undefined;
  return rowsId === undefined ? null : { kind: 'rows-counted', ...origin, rowsId };
}

/** The last message to the older connection of a member. */
export function replacedBy({ role, id }: JoinMessage): ControllerMessage {
  const cause = `another ${role} has joined under the name ${id}`;
  return { kind: 'refused', code: 'superseded', cause, remedy: 'give each a name of its own (--name)' };
}

/** The cause for a refused member. */
export function refusalOf(error: unknown): { readonly code: string; readonly cause: string; readonly remedy: string } {
  if (isOutriderError(error)) return { code: error.code, cause: error.message, remedy: error.remedy };
  return { code: 'internal', cause: 'the controller has a fault', remedy: 'try again; its log has the cause' };
}
