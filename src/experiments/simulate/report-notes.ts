// What a report needs that neither rows nor summary hold: who served whom last, how work and latencies were spread. Counts only, so
// that a long run takes no more room than a short one.

import type { SlotOutcome } from '../../simulation/run-slots.ts';
import type { SessionRecord } from '../../simulation/token-device.ts';

export interface ReportNotes {
  readonly slots: number;
  /** The last slot that had a task. */
  readonly last: Pick<SlotOutcome, 'state' | 'assignment'> | undefined;
  /** Time that each server needed for what it was given; [E]. */
  readonly workMs: readonly number[];
  /** Counts by class: class k holds 2^(k/4) to 2^((k+1)/4) ms. */
  readonly latencies: ReadonlyMap<number, number>;
  readonly paces: ReadonlyMap<number, number>;
}

export interface NoteTaker {
  addSlot(outcome: SlotOutcome): void;
  addSession(record: SessionRecord): void;
  notes(): ReportNotes;
}

export function takeNotes(): NoteTaker {
  const latencies = new Map<number, number>();
  const paces = new Map<number, number>();
  const workMs: number[] = [];
  let slots = 0;
  let last: ReportNotes['last'];
  return {
    addSlot({ state, assignment, terms }) {
      slots++;
      if (state.deviceCount > 0) last = { state, assignment };
      for (let server = 0; server < state.serverCount; server++) workMs[server] ??= 0;
      for (let entry = 0; entry < state.deviceCount; entry++) {
        const server = assignment.server[entry] as number;
        count(latencies, terms.latencyMs[entry] as number);
        if (server < 0) continue;
        const flop = state.edgeFlop[entry] as number;
        workMs[server] = (workMs[server] as number) + (1e3 * flop) / (state.serverFlopPerSecond[server] as number);
      }
    },
    addSession: ({ startMs, endMs, answerTokens }) => count(paces, (endMs - startMs) / answerTokens),
    notes: () => ({ slots, last, workMs, latencies, paces }),
  };
}

function count(classes: Map<number, number>, ms: number): void {
  if (!Number.isFinite(ms) || ms <= 0) return;
  const index = Math.floor(4 * Math.log2(ms));
  classes.set(index, (classes.get(index) ?? 0) + 1);
}
