// A policy that decides elsewhere, as in a process of its own: it may be late, fail or be gone, and whoever asks then decides otherwise.

import type { Assignment, SlotState } from './slot-state.ts';

/**
 * Why a slot has no decision. `threw`: it threw; `invalid`: it gave no assignment of the state; `late`: none in time, which is no failure of
 * the policy; `slow`: it uses more of the processor than it may; `memory`: it took too much; `ended`: its process has ended, as after
 * `process.exit`; `unloadable`: it can't be loaded again.
 */
export type PolicyFault = 'threw' | 'invalid' | 'late' | 'slow' | 'memory' | 'ended' | 'unloadable';

/** `message` is the cause, one line. */
export class PolicyFailure extends Error {
  override readonly name = 'PolicyFailure';
  readonly fault: PolicyFault;

  constructor(fault: PolicyFault, cause: string) {
    super(cause);
    this.fault = fault;
  }
}

export interface RemotePolicy {
  readonly name: string;
  /**
   * Asks for one slot. The state is copied before this returns.
   * @param limitMs a decision that comes later does not count
   * @returns a checked assignment; rejects with a {@link PolicyFailure}; null: it can't be asked now, because it still decides, or rests
   */
  ask(state: SlotState, limitMs: number): Promise<Assignment> | null;
}
