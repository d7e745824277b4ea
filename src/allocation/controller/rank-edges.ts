// Where a device would be served best beside what the slot has decided: at the edges as loaded as they are now, with this device more. For the
// next answer of one that reads none, and for one whose edge may be lost.

import { computeMs, feltBits } from '../felt/felt-cost.ts';
import { type PaceModel, placeOf, type StepClass } from '../felt/pace-model.ts';
import { linkEnd, linkServer, linkStart } from '../slot/links.ts';
import type { SlotState } from '../slot/slot-state.ts';
import { rateBitPerSecond } from '../slot/uplink-rate.ts';
import type { LiveEdge } from './live-slot.ts';

/** Rows of one more session in a step, about. */
const rowsOfOne = 2;

export interface PresentLoad {
  /** T of each edge, ms; null: no device reads an answer. */
  readonly steps: Float64Array | null;
  /** Sessions that the slot has given to each edge. */
  readonly counts: Int32Array;
}

/**
 * @param state of the devices that are asked about; whoever reads an answer is in the load as well
 * @returns for each device the servers with a place, the one first where a token takes the least time
 */
export function rankEdges(
  state: SlotState,
  model: PaceModel,
  edges: readonly LiveEdge[],
  { steps, counts }: PresentLoad,
): { readonly server: number; readonly msPerToken: number }[][] {
  return Array.from({ length: state.deviceCount }, (_, device) => {
    const paces: { server: number; msPerToken: number }[] = [];
    const bits = feltBits(model, device);
    for (let link = linkStart(state, device); link < linkEnd(state, device); link++) {
      const server = linkServer(state, device, link);
      const edge = edges[server] as LiveEdge;
      if ((counts[server] ?? 0) >= edge.report.places) continue;
      const step = model.stepClass[server] as StepClass;
      const busyMs = Math.max(steps?.[server] ?? 0, step.fixedMs);
      const node = Math.round(placeOf(step, busyMs + rowsOfOne * step.rowMs));
      const share = 1 / (1 + (counts[server] ?? 0));
      const rate = rateBitPerSecond(
        state.objective.radioModel,
        state.bandwidthHz[server] as number,
        state.snr[link] as number,
        share,
      );
      const airMs = (1e3 * (bits.frame + bits.prompt)) / rate;
      const served = { step, pace: model.classOf(device, server, link), weight: 1 };
      paces.push({ server, msPerToken: airMs + computeMs(model, device, served, node) });
    }
    return paces.sort((one, other) => one.msPerToken - other.msPerToken || one.server - other.server);
  });
}
