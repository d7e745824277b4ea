// What runs in the thread of a policy: loads it, and answers each slot with an assignment or an error. The same file runs in the threads
// that decide cells for it.

import { fileURLToPath } from 'node:url';
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { byShards, mostTogether } from '../allocation/shards/shard-state.ts';
import type { PolicyFault } from '../allocation/slot/remote-policy.ts';
import { requireAssignment } from '../allocation/slot/require-assignment.ts';
import type { Assignment, SlotState } from '../allocation/slot/slot-state.ts';
import { asOutriderError, type ErrorCode } from '../core/basics/errors.ts';
import { ownCpuMs } from '../models/engines/thread-watch.ts';
import { type CellsAnswer, CellThreads } from './cell-threads.ts';
import { findPolicy } from './policy-file.ts';
import type { FoundPolicy } from './shipped-weights.ts';

/** URL of this file, for {@link Worker}. */
export const policyThreadUrl: string = import.meta.url;

/** `workerData` of a policy's thread. */
export interface PolicyThreadData {
  readonly role: 'policy of a controller' | 'cells of a policy';
  /** Name or file. */
  readonly policy: string;
  /** That decide a slot of several cells together, this one among them. */
  readonly threads: number;
  /** Devices of a cell, about. */
  readonly mostTogether?: number | undefined;
}

/**
 * Messages of the thread: once `ready` or `unloadable`, then one answer for each state. `cpuMs`: processor time of the thread since its
 * start.
 */
export type PolicyThreadMessage =
  | { readonly kind: 'ready'; readonly cpuMs: number }
  | { readonly kind: 'unloadable'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string }
  | (PolicyThreadAnswer & { readonly cpuMs: number });

export type PolicyThreadAnswer =
  | { readonly kind: 'decided'; readonly assignment: Assignment }
  | { readonly kind: 'failed'; readonly fault: PolicyFault; readonly cause: string };

async function serve(data: PolicyThreadData, port: MessagePort): Promise<void> {
  const say = (message: PolicyThreadMessage): void => port.postMessage(message);
  let policy: FoundPolicy;
  try {
    policy = await findPolicy(data.policy);
  } catch (error) {
    const { code, message: cause, remedy } = asOutriderError(error);
    say({ kind: 'unloadable', code, cause, remedy });
    return;
  }
  const { mostTogether: most = mostTogether } = data;
  // A policy of somebody's own may keep something from slot to slot, and from cell to cell.
  const others = policy.sha256 === null ? data.threads - 1 : 0;
  const cells = new CellThreads(fileURLToPath(policyThreadUrl), { ...data, role: 'cells of a policy' }, others);
  const decide = async (state: SlotState): Promise<[given: unknown]> => {
    const isDivided = others > 0 && state.deviceCount > most;
    return [isDivided ? await cells.decide(policy.decide, state, most) : byShards(policy.decide, most)(state)];
  };
  port.on('message', async (state: SlotState) => {
    say({ ...(await answer(policy.name, decide, state)), cpuMs: ownCpuMs() });
  });
  say({ kind: 'ready', cpuMs: ownCpuMs() });
}

/** Decides cells for a policy's thread, which has loaded the same policy. */
async function serveCells({ policy: name }: PolicyThreadData, port: MessagePort): Promise<void> {
  const say = (answer: CellsAnswer): void => port.postMessage(answer);
  const { decide } = await findPolicy(name);
  port.on('message', (states: readonly SlotState[]) => {
    try {
      say({ kind: 'decided', assignments: states.map((state) => decide(state)) });
    } catch (error) {
      say({ kind: 'threw', cause: causeOf(error) });
    }
  });
}

function causeOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

async function answer(
  name: string,
  decide: (state: SlotState) => Promise<[given: unknown]>,
  state: SlotState,
): Promise<PolicyThreadAnswer> {
  let given: unknown;
  try {
    // In a list, since it may be anything, a promise as well.
    [given] = await decide(state);
  } catch (error) {
    return { kind: 'failed', fault: 'threw', cause: `slot ${state.slot}: it threw ${causeOf(error)}` };
  }
  try {
    const { server, bandwidthShare, computeShare } = requireAssignment(
      { name, decide: () => given as Assignment },
      state,
    );
    // Whatever lists the policy has made, these can be copied to another thread.
    const assignment = {
      server: Int32Array.from(server),
      bandwidthShare: Float64Array.from(bandwidthShare),
      computeShare: Float64Array.from(computeShare),
    };
    return { kind: 'decided', assignment };
  } catch (error) {
    return { kind: 'failed', fault: 'invalid', cause: error instanceof Error ? error.message : String(error) };
  }
}

const given = workerData as PolicyThreadData | null;
if (!isMainThread && parentPort !== null && given !== null) {
  if (given.role === 'policy of a controller') void serve(given, parentPort);
  if (given.role === 'cells of a policy') void serveCells(given, parentPort);
}
