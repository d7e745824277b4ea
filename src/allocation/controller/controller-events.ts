// The events of a controller, for logs and metrics.

import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import type { PolicyFault } from '../slot/remote-policy.ts';

export type ControllerEvent =
  | { readonly kind: 'joined' | 'replaced'; readonly role: 'edge' | 'device'; readonly id: string }
  /** `code` of the end of its connection: `superseded`, it follows a controller with a higher epoch. */
  | { readonly kind: 'left'; readonly role: 'edge' | 'device'; readonly id: string; readonly code: string }
  | { readonly kind: 'refused'; readonly id: string | null; readonly code: string; readonly cause: string }
  | {
      readonly kind: 'policy-failed';
      readonly policy: string;
      readonly fault: Exclude<PolicyFault, 'late'>;
      readonly cause: string;
    }
  | { readonly kind: 'policy-late'; readonly policy: string; readonly cause: string }
  | { readonly kind: 'assigned'; readonly slot: number; readonly device: string; readonly edge: string }
  | NotFollowedEvent
  /** It reports another charge than the one that counts, until a second report is near it. Shares of a full battery. */
  | { readonly kind: 'battery-leapt'; readonly device: string; readonly counts: number; readonly reported: number }
  /** Two edges run different targets under one name: neither continues a text of the other. */
  | { readonly kind: 'model-differs'; readonly edge: string; readonly other: string; readonly model: string }
  | PlannedEvent
  | DecidedEvent;

/** A device reads an answer, and has not gone to the edge of its order: that edge refuses it, or is out of its reach. */
export interface NotFollowedEvent {
  readonly kind: 'not-followed';
  readonly slot: number;
  readonly device: string;
  readonly edge: string;
  /** Where it reads; null: nowhere. */
  readonly at: string | null;
  /** Time in which it could have gone there, ms. */
  readonly waitedMs: number;
}

/** Which device, how long it had, and where it reads instead. */
export function notFollowedCause({ device, at, waitedMs }: NotFollowedEvent): string {
  return `${device} had ${(waitedMs / 1000).toFixed(1)} s, and ${at === null ? 'has no edge' : `reads from ${at}`}`;
}

/** A device gets a plan of what to draft. */
export interface PlannedEvent extends DraftPlan {
  readonly kind: 'planned';
  readonly slot: number;
  readonly device: string;
}

/** Why an edge takes no further session. */
export type ShutReason = 'draining' | 'full';

export interface DecidedEvent {
  readonly kind: 'decided';
  readonly slot: number;
  readonly policy: string;
  readonly edges: number;
  readonly devices: number;
  readonly moves: number;
  /** Edges that take no further session, and why. */
  readonly shut: readonly { readonly edge: string; readonly why: ShutReason }[];
  /** Each device that reads an answer: what was predicted now, and what it felt since its last report, ms per token. */
  readonly paces: readonly {
    readonly device: string;
    readonly edge: string | null;
    readonly predictedMs: number;
    /** The part of it that `feltMs` is compared with: between two tokens, without the wait for the first one. */
    readonly predictedLaterMs: number;
    readonly feltMs: number | null;
    /** Tokens in the slot, from where its session stands now; null where many devices read. */
    readonly expectedTokens: number | null;
    /** Its rows in a step of the edge, as predicted; 0 without an edge. */
    readonly rows: number;
    /** y; 0 without an edge. */
    readonly bandwidthShare: number;
    /** Why this edge, in words for people; null without an edge, and where many devices read. */
    readonly reason: string | null;
  }[];
}
