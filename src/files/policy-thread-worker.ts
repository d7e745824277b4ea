// What runs in the thread of a policy: loads it, and answers each slot with an assignment or an error.

import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { byShards } from '../allocation/shards/shard-state.ts';
import type { PolicyFault } from '../allocation/slot/remote-policy.ts';
import { requireAssignment } from '../allocation/slot/require-assignment.ts';
import type { Assignment, SlotState } from '../allocation/slot/slot-state.ts';
import { asOutriderError, type ErrorCode } from '../core/basics/errors.ts';
import { ownCpuMs } from '../models/engines/thread-watch.ts';
import { findPolicy } from './policy-file.ts';
import type { FoundPolicy } from './shipped-weights.ts';

/** URL of this file, for {@link Worker}. */
export const policyThreadUrl: string = import.meta.url;

/** `workerData` of a policy's thread. */
export interface PolicyThreadData {
  readonly role: 'policy of a controller';
  /** Name or file. */
  readonly policy: string;
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

async function serve(name: string, port: MessagePort): Promise<void> {
  const say = (message: PolicyThreadMessage): void => port.postMessage(message);
  let policy: FoundPolicy;
  try {
    policy = await findPolicy(name);
  } catch (error) {
    const { code, message: cause, remedy } = asOutriderError(error);
    say({ kind: 'unloadable', code, cause, remedy });
    return;
  }
  port.on('message', (state: SlotState) => say({ ...answer(policy, state), cpuMs: ownCpuMs() }));
  say({ kind: 'ready', cpuMs: ownCpuMs() });
}

function answer(policy: FoundPolicy, state: SlotState): PolicyThreadAnswer {
  let given: unknown;
  try {
    given = byShards(policy.decide)(state);
  } catch (error) {
    const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { kind: 'failed', fault: 'threw', cause: `slot ${state.slot}: it threw ${cause}` };
  }
  try {
    const { server, bandwidthShare, computeShare } = requireAssignment(
      { name: policy.name, decide: () => given as Assignment },
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

const given = workerData as Partial<PolicyThreadData> | null;
const role: PolicyThreadData['role'] = 'policy of a controller';
if (!isMainThread && parentPort !== null && given?.role === role) void serve(given.policy ?? '', parentPort);
