// Pacing policies: when a device drafts and sends, and when an edge steps. A mode is nothing but one of these.

/** Wire order: a new name goes to the end. */
export const pacingNames = ['ar', 'stream'] as const;
export type PacingName = (typeof pacingNames)[number];

/** What a policy may look at on the device. */
export interface DeviceView {
  /** Drafts beyond the committed text. */
  readonly tailLength: number;
  readonly maxAhead: number;
}

/** What a policy may look at on the edge. */
export interface EdgeView {
  /** Drafts that have arrived beyond the committed text. */
  readonly draftsReady: number;
}

export interface Pacing {
  readonly name: PacingName;
  /** May the device draft one more token now? */
  mayDraft(view: DeviceView): boolean;
  /** May the edge run a step now, although more drafts could arrive? */
  mayStep(view: EdgeView): boolean;
}

/** The edge alone. */
const ar: Pacing = { name: 'ar', mayDraft: () => false, mayStep: () => true };

/** Nobody waits: the device drafts up to `maxAhead`, the edge takes what has arrived. */
const stream: Pacing = { name: 'stream', mayDraft: (view) => view.tailLength < view.maxAhead, mayStep: () => true };

const policies: Readonly<Record<PacingName, Pacing>> = { ar, stream };

export function pacingOf(name: PacingName): Pacing {
  return policies[name];
}
