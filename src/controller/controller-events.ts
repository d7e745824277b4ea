// What a controller tells of itself, for logs and metrics.

import type { PolicyFault } from '../allocation/remote-policy.ts';
import type { DraftPlan } from '../protocol/drafting-advice.ts';

/** What happened, for logs and metrics. */
export type ControllerEvent =
  | { readonly kind: 'joined' | 'left' | 'replaced'; readonly role: 'edge' | 'device'; readonly id: string }
  | { readonly kind: 'refused'; readonly id: string | null; readonly code: string; readonly cause: string }
  | { readonly kind: 'policy-failed'; readonly policy: string; readonly fault: PolicyFault; readonly cause: string }
  | { readonly kind: 'assigned'; readonly slot: number; readonly device: string; readonly edge: string }
  | PlannedEvent
  | DecidedEvent;

/** A device is told what to draft. */
export interface PlannedEvent extends DraftPlan {
  readonly kind: 'planned';
  readonly slot: number;
  readonly device: string;
}

/** One slot. */
export interface DecidedEvent {
  readonly kind: 'decided';
  readonly slot: number;
  readonly policy: string;
  readonly edges: number;
  readonly devices: number;
  readonly moves: number;
  /** Each device that reads an answer: what was predicted now, and what it felt since its last report, ms per token. */
  readonly paces: readonly {
    readonly device: string;
    readonly edge: string | null;
    readonly predictedMs: number;
    readonly feltMs: number | null;
    /** y; 0 without an edge. */
    readonly bandwidthShare: number;
    /** Why this edge, in words for people; null without an edge, and where many devices read. */
    readonly reason: string | null;
  }[];
}
