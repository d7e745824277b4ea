// Says while a turn runs that its connection is lost, that there is another one, and how many wait for the edge before this turn.

import type { TurnOptions } from '../../processes/device/turn-options.ts';

type OnStep = NonNullable<TurnOptions['onStep']>;

/** An edge that changes its mind all the time must not fill the terminal. */
const mostQueueNotes = 100;

/** @param say gets one line */
export function noteConnections(say: (line: string) => void): OnStep {
  let isGreeted = false;
  let isLost = false;
  let queueNotes = 0;
  return ({ event, effects, state }) => {
    // An edge that loads has not served yet.
    if (effects.some(({ kind }) => kind === 'connect') && isGreeted && !isLost && state.outcome === null) {
      isLost = true;
      say('[the connection to the edge is lost: reconnecting]');
    }
    if (event.kind !== 'message-received') return;
    const { message } = event;
    if (message.kind === 'queued' && queueNotes < mostQueueNotes) {
      queueNotes += 1;
      say(`[the edge is full: ${message.ahead === 0 ? 'you are next' : `${message.ahead} before you`}]`);
    }
    isGreeted ||= message.kind === 'hello';
    if (isLost && message.kind === 'hello') {
      isLost = false;
      say('[connected again]');
    }
  };
}

/** Says which of several edges takes over, and why. @param say gets one line @param whyOf undefined: no one has said it */
export function noteServer(
  say: (line: string) => void,
  whyOf: (edge: string) => string | undefined,
): (edge: string) => void {
  let isFirst = true;
  return (edge) => {
    const why = whyOf(edge);
    if (!isFirst) say(`[${edge} goes on${why === undefined ? '' : `: ${why}`}]`);
    isFirst = false;
  };
}
