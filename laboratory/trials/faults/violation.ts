// The invariants of `trial faults`, the error that ends a run which violates one, and the words of what is logged.

/** The invariants of every run. */
export const invariants = [
  'edge-text', // an edge's text is a prefix of the text that the target writes alone
  'device-text', // so is the text that the reader sees, and it never becomes shorter
  'prompt-scores', // a device gets the target's own logprobs of its prompt, each once, and all before its answer
  'no-honest-error', // an honest device neither receives nor reports a protocol error
  'lies-refused', // a device accepts no message that it can recognise as a lie
  'one-target', // where a device insists on one target, one fingerprint has written its text
  'patient', // a device gives up only if the first connection fails, or after a long time without text
  'gives-up', // after that time it does give up
  'current-link', // the newest connection of a session is never superseded
  'bounded', // the number of drafts and the number of unacknowledged tokens have a limit
  'nothing-when-blocked', // a side sends nothing while its queue is full
  'commits-in-order', // each commit starts at the end of the last one on its connection
  'finished', // every honest session ends with the whole text
  'forgotten', // edges keep no finished session, no closed connection and no timer
  'owner', // a session is attached to, written to, and ended by devices of its own key only, while the key is valid
  'withdrawn', // a session ends when its key or secret is withdrawn
  'no-stranger', // a connection without a session is closed in time, pings or not
  'places', // never more sessions decode than the edge has places, nor than a key may have
  'turns', // a free place goes to the key with the fewest for its share, and there to the longest wait
  'shared', // while a key waits, no other holds two places more for its share for longer than the rules say
  'kept-place', // a session keeps its place for the grace of the rules
  'freed-place', // after that, an unused place is given to a session that waits
  'served', // a session that waits is served or refused in time, and is not refused for nothing
  'kept', // sessions without a place, and their tokens, stay within their bounds
  'tickets', // an edge takes a ticket for its device only, and not after it has expired
  'own-key', // a device shows a key of its own only to addresses of its own list
  'listed', // a device goes to edges of its own list or of a list of its controller only, whatever an order names
  'epoch', // while an epoch counts, a member follows no controller with a lower one, and parts from it
  'epoch-forgotten', // a member parts from a controller for its epoch only while a higher one counts
  'one-decider', // as a controller of a fleet begins to lead a cell no other may order there, and none with a lower epoch does later
  'cell', // a member follows no controller of another cell, and parts from it
  'led', // soon after the last fault of a fleet, every member is at the controller that leads its cell
  'back', // a minute and a little after the last false controller, every member is at a true one
  'stands', // without its controller, a device keeps its edges and its assignment
  'orders-refused', // a member follows no message that is malformed or out of range, and parts from its sender
  'shares-in-range', // whatever a controller says, the shares of an edge's sessions are finite and above 0
  'evaluated-once', // in its place, each token of a text is evaluated once, beside the one whose row is asked for
  'rows-counted', // the rows that count for the quota of a key are those that an engine evaluates for it
  'alternatives-in-time', // a device sends no alternative to an edge that lags behind the text
  'moves-tried', // a device that is ordered to another edge connects to it, unless it is there or on the way
  'no-crash', // no machine violates an internal invariant
] as const;
export type InvariantName = (typeof invariants)[number];

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly invariant: InvariantName;

  constructor(invariant: InvariantName, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

export function demand(condition: boolean, invariant: InvariantName, detail: () => string): asserts condition {
  if (!condition) throw new InvariantViolation(invariant, detail());
}

/** Receives lines; undefined: no one reads them, and they are not made. */
export type Log = ((line: string) => void) | undefined;

/** JSON without prompts and sampling, with counts in place of long lists. */
export function describe(value: object): string {
  return JSON.stringify(value, (key, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (key === 'sampling' || key === 'prompt') return undefined;
    return Array.isArray(part) && part.length > 24 ? `${part.length} ids` : part;
  });
}
