// The advice on drafting within a turn, as the driver asks for it, and what the driver reports to it.

import type { EdgeTiming } from '../wire/messages.ts';
import type { DraftAccount } from './device-state.ts';

/** Measurements of a turn so far; times in ms, null: not measured yet. */
export interface TurnMeasures {
  readonly drafts: DraftAccount;
  readonly committedTokens: number;
  /** A recent draft of the device. */
  readonly draftMs: number | null;
  readonly roundTripMs: number | null;
  /** Commits that came after another one without a lost connection in between, their tokens, and the time from each one before. */
  readonly commits: number;
  readonly decodedTokens: number;
  readonly decodeMs: number;
}

/** A change of drafting, and why, in words for people. */
export interface DraftingSwitch {
  readonly on: boolean;
  readonly reason: string;
}

/** Modes that a plan can name; `auto`: the device decides by itself. Never `local`: that text would not be the target's. */
export const plannedModes = ['auto', 'stream', 'mix', 'edge-sd', 'ar'] as const;

/** How much a controller lets a device draft. The device follows it within its own limits. */
export interface DraftPlan {
  /** Edge for which the mode is meant. */
  readonly edge: string;
  readonly mode: (typeof plannedModes)[number];
  /** Most alternatives that one pass of the drafter extends. */
  readonly hedges: number;
  /** Largest number of drafts beyond the committed text. */
  readonly maxAhead: number;
  /** In words for people. */
  readonly reason: string;
}

/** Decides when drafting is switched off and on within a turn. */
export interface DraftingAdvice {
  /** Called before the first connection. @returns null: the turn begins with drafting on */
  begins(): DraftingSwitch | null;
  /** Called on each `hello`. @returns null: no change */
  greeted(edge: string, timing: EdgeTiming): DraftingSwitch | null;
  /** Asked after each commit. @returns whether {@link judge} is to be called now */
  isDue(committedTokens: number): boolean;
  /** @returns null: no change */
  judge(measures: TurnMeasures): DraftingSwitch | null;
  ended(measures: TurnMeasures): void;
}
