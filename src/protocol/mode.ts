// The decoding modes as a table: when a device drafts and sends, and when an edge steps.

import type { TurnTaking } from '../decoding/draft-timing.ts';

/** Wire order: a new name goes to the end. */
export const modeNames = ['ar', 'stream', 'sd', 'psd', 'psd-lockstep', 'edge-sd', 'mix'] as const;
/** How device and edge take turns; docs/glossary.md, "mode". */
export type ModeName = (typeof modeNames)[number];

/** What a policy may look at on the device. */
export interface DeviceView {
  /** Drafts beyond the committed text, and those of them that the edge has not been sent. */
  readonly tailLength: number;
  readonly unsentLength: number;
  /** Windows that the edge was asked to verify and whose verdict has not arrived. */
  readonly verificationsPending: number;
  /** Nothing was sent since the start, the last roll-back or the last attach. */
  readonly isFresh: boolean;
  /** The drafter has no guess, or the text can't go on: this window will not grow. */
  readonly isExhausted: boolean;
  /** gamma: drafts of a window. */
  readonly draftLength: number;
  readonly maxAhead: number;
}

/** What a policy may look at on the edge. */
export interface EdgeView {
  /** Drafts of the device that have arrived beyond the committed text. */
  readonly draftsReady: number;
  /** The device has asked for a verdict since the last step. */
  readonly isVerificationRequested: boolean;
  /** It asked with all committed text in its hands: nothing else can move it. */
  readonly isDeviceInSync: boolean;
  /** The text was opened, or a draft was rejected, since the last step. */
  readonly isAfterRejection: boolean;
  /** As many drafts are there, whoever made them, as the edge wants for a step; or it can't add any. */
  readonly isChainReady: boolean;
}

export type Sending = 'nothing' | 'drafts' | 'drafts-and-verify';

export interface Mode {
  readonly name: ModeName;
  /** The device drafts. */
  readonly deviceDrafts: boolean;
  /** The edge drafts on from what it has until it has enough for a step. */
  readonly edgeDrafts: boolean;
  /** What is enough: a window of the edge's own setting; else as many as pay. */
  readonly hasEdgeDraftLength: boolean;
  /** The edge looks drafts up in the text for a step that would have none. */
  readonly edgeLooksUp: boolean;
  /** Drafts come in windows of a set length, the device's or the edge's own. */
  readonly hasWindows: boolean;
  /** Drafting can be switched off in the midst of a text: the mode is then the edge alone. */
  readonly draftingIsOptional: boolean;
  /** What drafts cost the device. */
  readonly turnTaking: TurnTaking;
  /** The edge steps only when the device has asked, or drafted. */
  readonly waitsForDevice: boolean;
  /** May the device draft one more token now? */
  mayDraft(view: DeviceView): boolean;
  /** Do the unsent drafts go now, and is the edge asked to verify them? */
  send(view: DeviceView): Sending;
  /** May the edge run a step now, although more drafts could arrive? */
  mayStep(view: EdgeView): boolean;
}

const nobody = {
  waitsForDevice: false,
  deviceDrafts: false,
  edgeDrafts: false,
  hasEdgeDraftLength: false,
  edgeLooksUp: false,
  hasWindows: false,
  draftingIsOptional: false,
  turnTaking: 'free-running',
} as const;
const onDevice = { ...nobody, deviceDrafts: true } as const;
const inWindows = { ...onDevice, waitsForDevice: true, hasWindows: true } as const;
const onEdge = { ...nobody, edgeDrafts: true, hasEdgeDraftLength: true, hasWindows: true } as const;

const never = (): boolean => false;
const always = (): boolean => true;

/** The edge alone. */
const ar: Mode = { name: 'ar', ...nobody, mayDraft: never, send: () => 'nothing', mayStep: always };

/** Nobody waits: the device drafts up to `maxAhead`, the edge takes what has arrived. */
const stream: Mode = {
  name: 'stream',
  ...onDevice,
  edgeLooksUp: true,
  draftingIsOptional: true,
  mayDraft: ({ tailLength, maxAhead }) => tailLength < maxAhead,
  send: ({ unsentLength }) => (unsentLength > 0 ? 'drafts' : 'nothing'),
  mayStep: always,
};

function answersRequest({ draftsReady, isVerificationRequested, isDeviceInSync }: EdgeView): boolean {
  return isVerificationRequested && (draftsReady > 0 || isDeviceInSync);
}

/** Conventional speculation (Leviathan et al. 2023): draft a window, wait for the verdict, draft the next. */
const sd: Mode = {
  name: 'sd',
  ...inWindows,
  turnTaking: 'in-turns',
  mayDraft: ({ verificationsPending, tailLength, draftLength }) =>
    verificationsPending === 0 && tailLength < draftLength,
  send: ({ verificationsPending, tailLength, draftLength, isExhausted }) =>
    verificationsPending === 0 && (tailLength >= draftLength || isExhausted) ? 'drafts-and-verify' : 'nothing',
  mayStep: answersRequest,
};

/** Pre-verify: after a rejection the target goes on by itself at once, while the device drafts. */
function preVerifies(view: EdgeView): boolean {
  return view.isAfterRejection || answersRequest(view);
}

/**
 * Parallel speculation (PEARL, Liu et al. 2024; Koh & Yang 2025, section II). The first draft goes at once (pre-verify); then a
 * window is drafted while the one before travels and is verified (post-verify), and sent when that verdict has arrived.
 */
const psd: Mode = {
  name: 'psd',
  ...inWindows,
  turnTaking: 'overlapped',
  mayDraft: ({ unsentLength, draftLength, tailLength, maxAhead }) =>
    unsentLength < draftLength && tailLength < maxAhead,
  send: (view) => (view.verificationsPending === 0 && isWindowComplete(view) ? 'drafts-and-verify' : 'nothing'),
  mayStep: preVerifies,
};

/** The same with a meeting at the end of each window: a window is sent when it is complete, the next begins when the verdict on the one before has come. */
const psdLockstep: Mode = {
  name: 'psd-lockstep',
  ...inWindows,
  turnTaking: 'overlapped',
  mayDraft: (view) => view.verificationsPending <= 1 && psd.mayDraft(view),
  send: (view) => (view.verificationsPending <= 1 && isWindowComplete(view) ? 'drafts-and-verify' : 'nothing'),
  mayStep: preVerifies,
};

function isWindowComplete(view: DeviceView): boolean {
  const { isFresh, unsentLength, draftLength, isExhausted, verificationsPending } = view;
  if (unsentLength > 0) return isFresh || isExhausted || unsentLength >= draftLength;
  return isExhausted && verificationsPending === 0;
}

/** Draft and target both on the edge: each step waits for a window of the edge's own. */
const edgeSd: Mode = {
  name: 'edge-sd',
  ...onEdge,
  mayDraft: never,
  send: () => 'nothing',
  mayStep: (view) => view.isChainReady,
};

/** Both draft: the device as in `stream`, the edge on from what has arrived, as far as that pays. */
const mix: Mode = {
  ...stream,
  name: 'mix',
  edgeDrafts: true,
  edgeLooksUp: false,
  draftingIsOptional: false,
  mayStep: (view) => view.isChainReady,
};

const policies: Readonly<Record<ModeName, Mode>> = {
  ar,
  stream,
  sd,
  psd,
  'psd-lockstep': psdLockstep,
  'edge-sd': edgeSd,
  mix,
};

export function modeOf(name: ModeName): Mode {
  return policies[name];
}
