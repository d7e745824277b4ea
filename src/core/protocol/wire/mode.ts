// The table of decoding modes: when a device drafts and sends, and when an edge steps.

import type { TurnTaking } from '../../decoding/draft-timing.ts';

/** The order is that of the numbers on the wire: append new names. */
export const modeNames = ['ar', 'stream', 'sd', 'psd', 'psd-lockstep', 'edge-sd', 'mix'] as const;
/** How device and edge take turns; docs/glossary.md, "mode". */
export type ModeName = (typeof modeNames)[number];

export interface DeviceView {
  /** Drafts beyond the committed text, and how many of them were not sent yet. */
  readonly tailLength: number;
  readonly unsentLength: number;
  /** Requested verdicts that have not arrived. */
  readonly verificationsPending: number;
  /** Nothing was sent since the start, the last roll-back or the last attach. */
  readonly isFresh: boolean;
  /** This window will not grow: the drafter has no proposal, or the text is complete. */
  readonly isExhausted: boolean;
  /** gamma: drafts in a window. */
  readonly draftLength: number;
  /** Only the first draft after the start, a roll-back or an attach has been sent: the open window began with it. */
  readonly isFirstWindow: boolean;
  /** Windows that may wait for their verdicts, in mode `psd`. */
  readonly windowsInFlight: number;
  readonly maxAhead: number;
}

export interface EdgeView {
  /** Drafts of the device that have arrived beyond the committed text. */
  readonly draftsReady: number;
  /** The device has requested a verdict since the last step. */
  readonly isVerificationRequested: boolean;
  /** The device had all committed text when it requested the verdict, so it waits for nothing else. */
  readonly isDeviceInSync: boolean;
  /** The text was opened, or a draft was rejected, since the last step. */
  readonly isAfterRejection: boolean;
  /** The chain has the number of drafts that the edge collects for a step, or the edge can't add any. */
  readonly isChainReady: boolean;
}

export type Sending = 'nothing' | 'drafts' | 'drafts-and-verify';

export interface Mode {
  readonly name: ModeName;
  readonly deviceDrafts: boolean;
  /** The edge extends the chain with its own drafts until a step has enough. */
  readonly edgeDrafts: boolean;
  /** Enough is the edge's configured draft length; otherwise it is the length with the best expected gain. */
  readonly hasEdgeDraftLength: boolean;
  /** The edge takes drafts from the text (look-up) for a step that would have none. */
  readonly edgeLooksUp: boolean;
  /** Drafts come in windows of a set length. */
  readonly hasWindows: boolean;
  /** Drafting can be switched off during a text; the mode is then the edge alone. */
  readonly draftingIsOptional: boolean;
  /** The device may send alternatives beside its drafts. */
  readonly mayHedge: boolean;
  /** Determines what drafting costs the device in time. */
  readonly turnTaking: TurnTaking;
  /** The edge waits for a request or for drafts of the device before it steps. */
  readonly waitsForDevice: boolean;
  /** Whether the device drafts one more token now. */
  mayDraft(view: DeviceView): boolean;
  /** Whether the unsent drafts are sent now, and with a request to verify them. */
  send(view: DeviceView): Sending;
  /** Whether the edge may run a step now, without waiting for more drafts. */
  mayStep(view: EdgeView): boolean;
}

const edgeAlone = {
  waitsForDevice: false,
  deviceDrafts: false,
  edgeDrafts: false,
  hasEdgeDraftLength: false,
  edgeLooksUp: false,
  hasWindows: false,
  draftingIsOptional: false,
  mayHedge: false,
  turnTaking: 'free-running',
} as const;
const onDevice = { ...edgeAlone, deviceDrafts: true } as const;
const inWindows = { ...onDevice, waitsForDevice: true, hasWindows: true } as const;
const onEdge = { ...edgeAlone, edgeDrafts: true, hasEdgeDraftLength: true, hasWindows: true } as const;

const never = (): boolean => false;
const always = (): boolean => true;

/** The edge alone. */
const ar: Mode = { name: 'ar', ...edgeAlone, mayDraft: never, send: () => 'nothing', mayStep: always };

/** No side waits: the device drafts up to `maxAhead`, and each step takes the drafts that have arrived. */
const stream: Mode = {
  name: 'stream',
  ...onDevice,
  edgeLooksUp: true,
  draftingIsOptional: true,
  mayHedge: true,
  mayDraft: ({ tailLength, maxAhead }) => tailLength < maxAhead,
  send: ({ unsentLength }) => (unsentLength > 0 ? 'drafts' : 'nothing'),
  mayStep: always,
};

function answersRequest({ draftsReady, isVerificationRequested, isDeviceInSync }: EdgeView): boolean {
  return isVerificationRequested && (draftsReady > 0 || isDeviceInSync);
}

/** Sequential speculative decoding (Leviathan et al. 2023): draft a window, wait for the verdict, draft the next window. */
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

/** Pre-verify: after a rejection the target writes the next token at once, while the device drafts. */
function preVerifies(view: EdgeView): boolean {
  return view.isAfterRejection || answersRequest(view);
}

/** Drafts of the open window that are still to be sent together. The first window of PEARL includes the draft that was sent at once. */
function windowLength({ draftLength, isFirstWindow }: DeviceView): number {
  return isFirstWindow ? Math.max(1, draftLength - 1) : draftLength;
}

/**
 * Parallel speculative decoding (PEARL, Liu et al. 2024; Koh & Yang 2025, section II). The first draft is sent at once (pre-verify). Then
 * the device drafts a window while the previous one travels and is verified (post-verify), and sends it when that verdict has arrived.
 * With more windows in flight it sends each window that is complete, until that many wait for their verdicts.
 */
const psd: Mode = {
  name: 'psd',
  ...inWindows,
  turnTaking: 'overlapped',
  mayDraft: (view) => view.unsentLength < windowLength(view) && view.tailLength < view.maxAhead,
  send: (view) =>
    view.verificationsPending < view.windowsInFlight && isWindowComplete(view) ? 'drafts-and-verify' : 'nothing',
  mayStep: preVerifies,
};

/** `psd` with a barrier: a window begins when the verdict on the previous one has arrived, and is sent when it is complete. */
const psdLockstep: Mode = {
  name: 'psd-lockstep',
  ...inWindows,
  turnTaking: 'overlapped',
  mayDraft: (view) => view.verificationsPending <= 1 && psd.mayDraft(view),
  send: (view) => (view.verificationsPending <= 1 && isWindowComplete(view) ? 'drafts-and-verify' : 'nothing'),
  mayStep: preVerifies,
};

function isWindowComplete(view: DeviceView): boolean {
  const { isFresh, unsentLength, isExhausted, verificationsPending } = view;
  if (unsentLength > 0) return isFresh || isExhausted || unsentLength >= windowLength(view);
  return isExhausted && verificationsPending === 0;
}

/** Draft and target both run on the edge: each step waits for a window of edge drafts. */
const edgeSd: Mode = {
  name: 'edge-sd',
  ...onEdge,
  mayDraft: never,
  send: () => 'nothing',
  mayStep: (view) => view.isChainReady,
};

/** The device drafts as in `stream`, and the edge extends the drafts that have arrived as long as the expected gain justifies it. */
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
