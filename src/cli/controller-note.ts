// What a controller says of an event on its terminal.

import { type ControllerEvent, notFollowedCause } from '../allocation/controller/controller-events.ts';

/** One line for people; null: nothing that they should know. */
export function controllerNote(event: ControllerEvent): string | null {
  switch (event.kind) {
    case 'policy-failed':
      return `policy ${event.policy} failed: ${event.cause}; greedy decides [${event.fault}]`;
    case 'policy-late':
      return `policy ${event.policy} is late: ${event.cause}; greedy decides`;
    case 'refused':
      return `refused ${event.id ?? 'a stranger'}: ${event.cause} [${event.code}]`;
    case 'not-followed':
      return `a device has not gone to ${event.edge}: that edge refuses it, or is out of its reach (${notFollowedCause(event)})`;
    case 'model-differs': {
      const consequence = 'neither goes on with a text of the other';
      return `edges ${event.edge} and ${event.other} run different models under the name ${event.model}; ${consequence}`;
    }
    case 'replaced':
      return `${event.role} ${event.id} has joined again; its older connection was closed (two with one name?)`;
    case 'joined':
      return `${event.role} ${event.id} has joined`;
    case 'left':
      return `${event.role} ${event.id} has left${whyLeft[event.code] ?? ` [${event.code}]`}`;
    default:
      return null;
  }
}

/** Why a member has left, by the code of its connection's end; other codes stand for themselves. */
const whyLeft: Readonly<Record<string, string>> = {
  done: '',
  interrupted: ': this controller ends',
  silent: ': it has heard nothing from here for too long [silent]',
  superseded: ': it obeys a controller with a higher epoch [superseded]',
  'edge-unreachable': ': its connection is lost',
};
