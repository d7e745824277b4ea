// Figures for a report that neither rows nor summary contain: the association of the last slot, the work of each server, and how latencies are
// distributed. Counts only, so that a long run takes no more room than a short one.

import type { MapLinks, MapPlaces } from '../../charts/assignment-map.ts';
import type { SlotOutcome } from '../../simulation/run-slots.ts';
import type { SessionRecord } from '../../simulation/token-device.ts';

export interface ReportNotes {
  readonly slots: number;
  /** State and assignment of the last slot. */
  readonly last: { readonly places: MapPlaces; readonly links: MapLinks } | undefined;
  /** Time that each server needed for its work; [E]. */
  readonly workMs: readonly number[];
  /** Counts by class: class k holds 2^(k/4) to 2^((k+1)/4) ms. */
  readonly latencies: ReadonlyMap<number, number>;
  readonly tokenTimes: ReadonlyMap<number, number>;
}

export interface NoteTaker {
  addSlot(outcome: SlotOutcome): void;
  addSession(record: SessionRecord): void;
  notes(): ReportNotes;
}

export function takeNotes(): NoteTaker {
  const latencies = new Map<number, number>();
  const tokenTimes = new Map<number, number>();
  const workMs: number[] = [];
  let slots = 0;
  let last: ReportNotes['last'];
  return {
    addSlot({ state, assignment, terms }) {
      slots++;
      // A copy: the next slot uses the same arrays.
      const { deviceCount, deviceX, deviceY, serverCount, serverX, serverY, serverFlopPerSecond } = state;
      const { server, bandwidthShare } = assignment;
      const places = { deviceCount, deviceX, deviceY, serverCount, serverX, serverY, serverFlopPerSecond };
      last = structuredClone({ places, links: { server, bandwidthShare } });
      for (let index = 0; index < serverCount; index++) workMs[index] ??= 0;
      for (let entry = 0; entry < deviceCount; entry++) {
        const own = server[entry] as number;
        count(latencies, terms.latencyMs[entry] as number);
        if (own < 0) continue;
        const flop = state.edgeFlop[entry] as number;
        workMs[own] = (workMs[own] as number) + (1e3 * flop) / (serverFlopPerSecond[own] as number);
      }
    },
    addSession: ({ startMs, endMs, answerTokens }) => count(tokenTimes, (endMs - startMs) / answerTokens),
    notes: () => ({ slots, last, workMs, latencies, tokenTimes }),
  };
}

function count(classes: Map<number, number>, ms: number): void {
  if (!Number.isFinite(ms) || ms <= 0) return;
  const index = Math.floor(4 * Math.log2(ms));
  classes.set(index, (classes.get(index) ?? 0) + 1);
}
