// Who a device is to an edge: the key that it shows when it attaches. Sessions, places, rows and prompt memory belong to keys.

import {
  between,
  type Check,
  type Checks,
  checkOptions,
  must,
  optional,
  text,
  whole,
} from '../../basics/check-options.ts';
import type { Secret } from '../../basics/secret.ts';

/** What an edge stores about the holder of a key. It never has the key itself. */
export interface EdgeKey {
  /** Unique among the keys of the edge; never a secret. */
  readonly id: string;
  /** For logs and counts. */
  readonly name: string;
  /** Share of places, rows and prompt tokens while others want them too, relative to other keys; above 0. */
  readonly share: number;
  /** Most sessions with a place at the same time; null: the limit of the edge. */
  readonly maxSessions: number | null;
  /** Most sessions that wait for a place at the same time; null: the limit of the edge. */
  readonly maxWaiting: number | null;
  /** Rows that the engine evaluates for it in a minute, prompts and drafts included; null: any number. */
  readonly rowsPerMinute: number | null;
  /**
   * Its class: the tightest time per token that its sessions may have as a target, and the target of those that ask for none, ms; null: that
   * of the edge.
   */
  readonly targetMsPerToken: number | null;
  /** What its owner finds it by again, also in a copy. Left out: it is never changed. */
  readonly proof?: Secret | undefined;
}

/** The key of all devices at an edge that asks for no key. */
export const anyone: EdgeKey = {
  id: '',
  name: 'anyone',
  share: 1,
  maxSessions: null,
  maxWaiting: null,
  rowsPerMinute: null,
  targetMsPerToken: null,
};

/** Sessions of this key that may have a place or wait for one, at an edge with so many places and room for so many that wait. */
export function mostSessionsOf({ maxSessions, maxWaiting }: EdgeKey, places: number, waiting: number): number {
  return Math.min(places, maxSessions ?? places) + Math.min(waiting, maxWaiting ?? waiting);
}

const countOrNull: Check = (field, value) => {
  if (value !== null) whole(0)(field, value);
};
const changeChecks: Checks<Partial<Omit<EdgeKey, 'id' | 'proof'>>> = {
  name: optional(text),
  share: optional(between(0.001, 1000)),
  maxSessions: optional(countOrNull),
  maxWaiting: optional(countOrNull),
  rowsPerMinute: optional((field, value) => {
    if (value !== null) whole(1)(field, value);
  }),
  targetMsPerToken: optional((field, value) => {
    if (value !== null) between(0.001)(field, value);
  }),
};
const isId = must('Give a text that no other key of the edge has.', (id) => typeof id === 'string' && id !== '');

/** A key without limits of its own, unless `changes` sets some. @throws OutriderError `bad-argument` */
export function edgeKey(id: string, changes: Partial<Omit<EdgeKey, 'id' | 'proof'>> = {}): EdgeKey {
  isId('edgeKey: id', id);
  checkOptions('edgeKey', changes, changeChecks);
  return { ...anyone, id, name: id, ...changes };
}
