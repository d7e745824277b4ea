// Batches and draft lengths on one server by dynamic programming, and shares by closed form: the method of Zhu et al. 2025 (arXiv
// 2510.11331), as far as its abstract describes it. Their tasks are drafted by a small base station and verified by a macro base station in
// a pipeline of two stages, in batches; they choose batch boundaries, draft lengths and bandwidth for the least total latency. Here each
// device drafts and its server verifies.
//
// Inferred, because only the abstract was available: uploads of a batch end together (which makes the shares a closed form), tasks are
// ordered by the time of their drafting, and the latency of a batch is its end over the tokens that its draft length yields. Ours: the
// shares of batches that run in parallel.

import { deviceDelayMs, serverWorkMs } from '../../src/allocation/paper/objective.ts';
import { associateByMaxSinr } from '../../src/allocation/policies/simple-association.ts';
import { membersByGroup } from '../../src/allocation/slot/columns.ts';
import { findLink } from '../../src/allocation/slot/links.ts';
import type { PaceState } from '../../src/allocation/slot/pace-state.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { log2OnePlus } from '../../src/allocation/slot/uplink-rate.ts';

/** A device's task on its server. */
export interface BatchTask {
  /** Time of its drafts: of one where lengths are chosen, otherwise of the whole window, ms. */
  readonly draftMs: number;
  /** Time of its upload over the whole band, for one draft or for the whole window, ms. */
  readonly airMs: number;
  /** Chance that a draft is accepted; only where lengths are chosen. */
  readonly acceptance: number;
  /** Time of its verification with all of the server's computing, ms; only where no lengths are chosen. */
  readonly workMs: number;
}

/** A step of n rows takes fixedMs + n perRowMs. */
export interface BatchStep {
  readonly fixedMs: number;
  readonly perRowMs: number;
}

export interface Batch {
  readonly tasks: readonly number[];
  /** Drafts of each task in a step; null: the whole window. */
  readonly draftLength: number | null;
  /** Since the start: when its uploads have ended, and when it has been verified, ms. */
  readonly uploadedMs: number;
  readonly verifiedMs: number;
}

const draftLengths = [1, 2, 3, 4, 6, 8, 12, 16];

interface Prefix {
  readonly costMs: number;
  readonly uploadedMs: number;
  readonly verifiedMs: number;
  readonly batches: readonly Batch[];
}

/**
 * Cuts the tasks, ordered by the time of their drafts, into batches, each with its draft length, for the least sum of latencies. A batch is
 * drafted on all its devices at once, sent after the batch before it, and verified when it has arrived and the server is free. The best
 * plan of each prefix is kept; a longer prefix that would need another one is not found.
 * @param step null: windows are given, so no length is chosen
 */
export function planBatches(tasks: readonly BatchTask[], step: BatchStep | null): readonly Batch[] {
  const order = tasks.map((_, index) => index).toSorted((one, other) => draftOf(tasks, one) - draftOf(tasks, other));
  const prefixes: Prefix[] = [{ costMs: 0, uploadedMs: 0, verifiedMs: 0, batches: [] }];
  const lengths = step === null ? [null] : draftLengths;
  for (let end = 1; end <= order.length; end++) {
    let best: Prefix | undefined;
    for (let start = 0; start < end; start++) {
      const members = order.slice(start, end);
      for (const draftLength of lengths) {
        const one = withBatch(prefixes[start] as Prefix, tasks, members, draftLength, step);
        if (best === undefined || one.costMs < best.costMs) best = one;
      }
    }
    prefixes.push(best as Prefix);
  }
  return (prefixes.at(-1) as Prefix).batches;
}

function draftOf(tasks: readonly BatchTask[], index: number): number {
  return (tasks[index] as BatchTask).draftMs;
}

function withBatch(
  before: Prefix,
  tasks: readonly BatchTask[],
  members: readonly number[],
  draftLength: number | null,
  step: BatchStep | null,
): Prefix {
  const drafts = draftLength ?? 1;
  let draftMs = 0;
  let airMs = 0;
  let workMs = 0;
  let yields = 0;
  for (const index of members) {
    const task = tasks[index] as BatchTask;
    draftMs = Math.max(draftMs, drafts * task.draftMs);
    airMs += drafts * task.airMs;
    workMs += task.workMs;
    yields += 1 / (draftLength === null ? 1 : tokensOf(task.acceptance, draftLength));
  }
  const stepMs = step === null ? workMs : step.fixedMs + step.perRowMs * members.length * (drafts + 1);
  const uploadedMs = Math.max(draftMs, before.uploadedMs) + airMs;
  const verifiedMs = Math.max(uploadedMs, before.verifiedMs) + stepMs;
  const batch = { tasks: members, draftLength, uploadedMs, verifiedMs };
  return {
    costMs: before.costMs + yields * verifiedMs,
    uploadedMs,
    verifiedMs,
    batches: [...before.batches, batch],
  };
}

/** Expected tokens of a step with so many drafts. */
function tokensOf(acceptance: number, drafts: number): number {
  return acceptance === 1 ? drafts + 1 : (1 - acceptance ** (drafts + 1)) / (1 - acceptance);
}

/**
 * Closed-form shares. The tasks of a batch end together, so within a batch shares are proportional to needs. A slot's shares stay as they
 * are while it lasts, so batches run in parallel: with the need A of a batch and its n tasks, the sum of n A / Y is least where the batch's
 * share Y is proportional to sqrt(n A).
 * @param needMs of each task with the whole server
 * @returns a share of each task, 1 in sum
 */
export function sharesByBatch(batches: readonly Batch[], needMs: readonly number[]): readonly number[] {
  const weight = new Array<number>(needMs.length).fill(0);
  let sum = 0;
  for (const { tasks, draftLength } of batches) {
    const needs = tasks.map((index) => (draftLength ?? 1) * (needMs[index] as number));
    const need = needs.reduce((total, one) => total + one, 0);
    const root = Math.sqrt(tasks.length * need);
    sum += root;
    for (const [at, index] of tasks.entries()) weight[index] = need > 0 ? (root * (needs[at] as number)) / need : 0;
  }
  return weight.map((one) => (sum > 0 ? one / sum : 1 / needMs.length));
}

/**
 * The policy `batch-dp`: each device at the server with the best SNR, and this on each server. A slot has no place for a draft length, so
 * the lengths only shape the shares. Under the paper's objective whole windows are batched, under `felt` drafts.
 */
export function decideByBatches(state: SlotState): Assignment {
  const server = associateByMaxSinr(state);
  const bandwidthShare = new Float64Array(state.deviceCount);
  const computeShare = new Float64Array(state.deviceCount);
  const pace = feltPace(state);
  for (const [one, members] of membersByGroup(server, state.serverCount).entries()) {
    const tasks = Array.from(members, (device) => taskOf(state, device, one));
    const step = pace && { fixedMs: pace.stepFixedMs[one] as number, perRowMs: pace.stepRowMs[one] as number };
    const batches = planBatches(tasks, step ?? null);
    const shares = (needOf: (task: BatchTask) => number): readonly number[] =>
      sharesByBatch(batches, tasks.map(needOf));
    const band = shares(({ airMs }) => airMs);
    const compute = shares(({ workMs }) => workMs);
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
    workMs: serverWorkMs(state, device, server),
  };
}
