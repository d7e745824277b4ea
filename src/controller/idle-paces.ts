// Where the next answer of a device that reads none would be written soonest: at the edges as loaded as they are now, with this device more.

import { computeMs } from '../allocation/felt-cost.ts';
import { linkEnd, linkServer, linkStart } from '../allocation/links.ts';
import { type PaceModel, placeOf } from '../allocation/pace-model.ts';
import type { SlotState } from '../allocation/slot-state.ts';
import type { LiveEdge } from './live-slot.ts';

/** Rows of one more session in a step, about. */
const rowsOfOne = 2;

/** What the edges do now. */
export interface PresentLoad {
  /** T of each edge, ms; null: nobody reads an answer. */
  readonly steps: Float64Array | null;
  /** Sessions that the slot has given to each edge. */
  readonly counts: readonly number[];
}

/** @param state of the idle devices @returns for each device its best server, -1: none, and the time per token there */
export function idlePaces(
  state: SlotState,
  model: PaceModel,
  edges: readonly LiveEdge[],
  { steps, counts }: PresentLoad,
): { readonly server: number; readonly msPerToken: number }[] {
  return Array.from({ length: state.deviceCount }, (_, device) => {
    let best = { server: -1, msPerToken: Number.POSITIVE_INFINITY };
    for (let link = linkStart(state, device); link < linkEnd(state, device); link++) {
      const server = linkServer(state, device, link);
      const edge = edges[server] as LiveEdge;
      if ((counts[server] ?? 0) >= edge.report.places) continue;
      const step = model.stepClass[server] as PaceModel['stepClass'][number];
      const busyMs = Math.max(steps?.[server] ?? 0, step.fixedMs);
      const node = Math.round(placeOf(step, busyMs + rowsOfOne * step.rowMs));
      const msPerToken = computeMs(model, device, step, model.classOf(device, server), node);
      if (msPerToken < best.msPerToken) best = { server, msPerToken };
    }
    return best;
  });
}
