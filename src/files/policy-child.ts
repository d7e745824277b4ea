// The process of a policy: loads it, and answers each slot with an assignment or an error. States come by its standard input, answers go by a
// pipe of their own.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import type { PolicyFault } from '../allocation/slot/remote-policy.ts';
import { requireAssignment } from '../allocation/slot/require-assignment.ts';
import type { Assignment, Policy, SlotState } from '../allocation/slot/slot-state.ts';
import { badArgument, type ErrorCode, isOutriderError } from '../core/basics/errors.ts';
import { ownCpuMs } from '../models/engines/thread-watch.ts';
import { findPolicy } from './policy-file.ts';
import { ValueReader, valueBytes } from './value-pipe.ts';

/** URL of this file; its process gets {@link PolicyChildData} as JSON. */
export const policyChildUrl: string = import.meta.url;

/** File descriptor of the pipe for its messages. */
export const answersPipe = 3;

export interface PolicyChildData {
  /** Name or file. */
  readonly policy: string;
  /** Process that has started it. */
  readonly parent: number;
}

/** Once `ready`, then one answer for each state; `gone`: the process ends now. `cpuMs`: processor time of its main thread since its start. */
export type PolicyMessage =
  | { readonly kind: 'ready'; readonly cpuMs: number }
  | { readonly kind: 'gone'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string }
  | (PolicyAnswer & { readonly cpuMs: number });

export type PolicyAnswer =
  | { readonly kind: 'decided'; readonly assignment: Assignment }
  | { readonly kind: 'failed'; readonly fault: PolicyFault; readonly cause: string };

const mostCauseLength = 1000;

/** Waits until it is written. The parent has ended where that fails. */
function say(message: PolicyMessage): void {
  const isLong = 'cause' in message && message.cause.length > mostCauseLength;
  const said = isLong ? { ...message, cause: `${message.cause.slice(0, mostCauseLength)}...` } : message;
  try {
    for (const part of valueBytes(said)) writeFileSync(answersPipe, part);
  } catch {
    process.exit();
  }
}

/** Ends the process when the one that has started it is gone, whatever the policy does. */
const guard = `const { workerData } = require('node:worker_threads');
setInterval(() => process.ppid === workerData || process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL'), 500);`;

async function serve({ policy: name, parent }: PolicyChildData): Promise<void> {
  new Worker(guard, { eval: true, workerData: parent });
  // Of a rejection, too, as when the policy can't be loaded.
  process.on('uncaughtException', (error) => {
    const remedy = 'Correct the policy.';
    const fault = isOutriderError(error) ? error : badArgument(`policy ${name} has failed: ${causeOf(error)}`, remedy);
    say({ kind: 'gone', code: fault.code, cause: fault.message, remedy: fault.remedy });
    process.exit(1);
  });
  // V8 writes a page on standard error where it gets no more memory; the controller says that in a line.
  process.stderr.write = process.stdout.write.bind(process.stdout);
  const { decide } = await findPolicy(name);
  const states = new ValueReader();
  process.stdin.on('data', (chunk: Buffer) => {
    for (const state of states.take(chunk)) {
      say({ ...answer(name, decide, state as SlotState), cpuMs: ownCpuMs() });
    }
  });
  process.stdin.on('end', () => process.exit());
  say({ kind: 'ready', cpuMs: ownCpuMs() });
}

function causeOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function answer(name: string, decide: Policy, state: SlotState): PolicyAnswer {
  let given: Assignment;
  try {
    given = decide(state);
  } catch (error) {
    return { kind: 'failed', fault: 'threw', cause: `slot ${state.slot}: it threw ${causeOf(error)}` };
  }
  try {
    const { server, bandwidthShare, computeShare } = requireAssignment({ name, decide: () => given }, state);
    // Whatever lists the policy has made, these can be sent to another process.
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

if (isMainThread && process.argv[1] === fileURLToPath(policyChildUrl)) {
  void serve(JSON.parse(process.argv[2] ?? '{}') as PolicyChildData);
}
