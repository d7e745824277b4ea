// The policy `batch-dp`: each device at the server with the best SNR, batches and draft lengths on each server by dynamic programming, and shares of band and
// computing by closed form, after Zhu et al. 2025 (batch-plan.ts). A slot has no place for a draft length, so the lengths only shape the shares. Under the
// paper's objective whole windows are batched, under `felt` drafts.

import { deviceDelayMs } from '../paper/objective.ts';
import { findLink } from '../slot/links.ts';
import type { PaceState } from '../slot/pace-state.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { log2OnePlus } from '../slot/uplink-rate.ts';
import { type BatchTask, planBatches, sharesByBatch } from './batch-plan.ts';
import { associateByMaxSinr } from './simple-association.ts';

export function decideByBatches(state: SlotState): Assignment {
  const server = associateByMaxSinr(state);
  const bandwidthShare = new Float64Array(state.deviceCount);
  const computeShare = new Float64Array(state.deviceCount);
  const devicesOf = new Map<number, number[]>();
  for (const [device, one] of server.entries()) {
    if (one >= 0) devicesOf.set(one, [...(devicesOf.get(one) ?? []), device]);
  }
  for (const [one, members] of devicesOf) {
    const tasks = members.map((device) => taskOf(state, device, one));
    const pace = feltPace(state);
    const step = pace && { fixedMs: pace.stepFixedMs[one] as number, perRowMs: pace.stepRowMs[one] as number };
    const batches = planBatches(tasks, step ?? null);
    const band = sharesByBatch(
      batches,
      tasks.map(({ airMs }) => airMs),
    );
    const compute = sharesByBatch(
      batches,
      tasks.map(({ workMs }) => workMs),
    );
    for (const [index, device] of members.entries()) {
      bandwidthShare[device] = band[index] as number;
      computeShare[device] = compute[index] as number;
    }
  }
  return { server, bandwidthShare, computeShare };
}

/** Undefined: what counts is the window. */
function feltPace({ objective, pace }: SlotState): PaceState | undefined {
  return objective.kind === 'felt' ? pace : undefined;
}

function taskOf(state: SlotState, device: number, server: number): BatchTask {
  const pace = feltPace(state);
  const snr = state.snr[findLink(state, device, server)] as number;
  const bitsPerMs = ((state.bandwidthHz[server] as number) * log2OnePlus(snr)) / 1e3;
  const bits = pace === undefined ? state.payloadBits[device] : pace.frameBits[device];
  return {
    draftMs: pace === undefined ? deviceDelayMs(state, device) : (pace.draftMs[device] as number),
    airMs: (bits as number) / bitsPerMs,
    acceptance: pace === undefined ? 0 : (pace.acceptance[device] as number),
    workMs: (1e3 * (state.edgeFlop[device] as number)) / (state.serverFlopPerSecond[server] as number),
  };
}
