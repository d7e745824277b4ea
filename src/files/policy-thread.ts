// A policy in a thread of its own: one that takes long, fails, takes all memory or ends its thread stops nothing else. It has one slot at a
// time. After three failures in a row, or a slot that takes too much of the processor, the thread is ended; a fresh one starts after a pause
// that doubles. A decision that is late is not used; that alone is no failure, since other programs use the processor as well. This guards against mistakes: a policy's file is a program of whoever runs it, and may do what that person may do.

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PolicyFailure, type RemotePolicy } from '../allocation/slot/remote-policy.ts';
import { requireAssignment } from '../allocation/slot/require-assignment.ts';
import type { Assignment, SlotState } from '../allocation/slot/slot-state.ts';
import type { Clock } from '../core/basics/clock.ts';
import { badArgument, OutriderError } from '../core/basics/errors.ts';
import { type Overrun, ThreadWatch } from '../models/engines/thread-watch.ts';
import {
  type PolicyThreadAnswer,
  type PolicyThreadData,
  type PolicyThreadMessage,
  policyThreadUrl,
} from './policy-thread-worker.ts';
import { MemoryWatch, ownLimitMb } from './thread-memory.ts';

export interface PolicyThreadOptions {
  readonly clock: Clock;
  /** Limit of its objects, garbage included, MiB; during a slot the process may grow by twice as much. Default 1,024. */
  readonly mostMemoryMb?: number;
  /** Processor time until it is loaded, ms. Default 30,000. */
  readonly loadCpuMs?: number;
  /** A thread that has something to do and uses no processor for so long is ended, ms. Default 60,000. */
  readonly hangMs?: number;
  /** Threads that decide a slot of several cells, each a part of them. Default: one for each processor. No decision depends on it. */
  readonly threads?: number;
  /** Devices of a cell, about. Default: as where a slot is decided without a thread. */
  readonly mostTogether?: number | undefined;
}

/** Failures in a row that end the thread. */
const mostFailures = 3;
/** A slot that takes so many limits of processor time, or so much, ms, ends the thread. */
const hardLimits = 3;
const hardMs = 10_000;
/** Pauses before a fresh thread starts, ms. */
const firstRestMs = 1000;
const longestRestMs = 60_000;

/** The slot that a thread decides. */
interface Asked {
  readonly state: SlotState;
  readonly resolve: (assignment: Assignment) => void;
  readonly reject: (failure: PolicyFailure) => void;
  /** For its decision, ms. */
  readonly limitMs: number;
  /** Its limit is over, and it was rejected. */
  isLate: boolean;
  cancel(): void;
}

/** @throws OutriderError `bad-argument`, `weights-unreadable`: the policy can't be loaded */
export async function openPolicyThread(name: string, options: PolicyThreadOptions): Promise<PolicyThread> {
  const thread = new PolicyThread(name, options);
  try {
    await thread.loaded;
  } catch (error) {
    await thread[Symbol.asyncDispose]();
    throw error;
  }
  return thread;
}

export class PolicyThread implements RemotePolicy, AsyncDisposable {
  readonly name: string;
  readonly #loading = Promise.withResolvers<void>();
  readonly #options: Required<Omit<PolicyThreadOptions, 'mostTogether'>> & Pick<PolicyThreadOptions, 'mostTogether'>;
  #worker: Worker | null = null;
  #watch: ThreadWatch | null = null;
  #memory: MemoryWatch | null = null;
  #isReady = false;
  #isClosed = false;
  #asked: Asked | null = null;
  #failures = 0;
  #rests = 0;
  #cancelRest = (): void => {};
  /** What happened while no slot was decided: the next one is rejected with it. */
  #pendingFailure: PolicyFailure | null = null;

  constructor(name: string, options: PolicyThreadOptions) {
    const { clock, mostMemoryMb = 1024, loadCpuMs = 30_000, hangMs = 60_000 } = options;
    const { threads = availableParallelism(), mostTogether } = options;
    this.name = name;
    this.#options = { clock, mostMemoryMb, loadCpuMs, hangMs, threads, mostTogether };
    this.#start();
  }

  /** Resolves when the first thread is loaded. */
  get loaded(): Promise<void> {
    return this.#loading.promise;
  }

  ask(state: SlotState, limitMs: number): Promise<Assignment> | null {
    const worker = this.#worker;
    const pending = this.#pendingFailure;
    if (pending !== null) {
      this.#pendingFailure = null;
      return Promise.reject(pending);
    }
    if (worker === null || !this.#isReady || this.#asked !== null) return null;
    return new Promise((resolve, reject) => {
      const { clock } = this.#options;
      const cancel = clock.after(limitMs, () => this.#late(limitMs));
      this.#memory?.begins();
      this.#asked = { state, resolve, reject, limitMs, isLate: false, cancel };
      worker.postMessage(state);
      this.#watch?.begins(Math.min(hardMs, hardLimits * limitMs));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancelRest();
    await this.#endWorker(new PolicyFailure('ended', 'it is closed'));
  }

  #start(): void {
    const { clock, mostMemoryMb, loadCpuMs, hangMs, threads, mostTogether } = this.#options;
    const part = { threads, mostTogether };
    const workerData: PolicyThreadData = { role: 'policy of a controller', policy: this.name, ...part };
    const resourceLimits = { maxOldGenerationSizeMb: ownLimitMb(mostMemoryMb) };
    const worker = new Worker(fileURLToPath(policyThreadUrl), { workerData, resourceLimits });
    const watch = new ThreadWatch(worker, hangMs, (why, usedMs) => {
      if (this.#worker !== worker) return;
      const cause = overrunText(why, usedMs, hangMs);
      if (this.#isReady) this.#end(new PolicyFailure(why === 'work' ? 'slow' : 'ended', cause));
      else unloadable(badArgument(`policy ${this.name} has not loaded: ${cause}`, 'make its module load at once'));
    });
    this.#worker = worker;
    this.#watch = watch;
    this.#memory = new MemoryWatch(worker, clock, mostMemoryMb, (cause) => gone(new PolicyFailure('memory', cause)));
    watch.begins(loadCpuMs);
    const unloadable = (error: OutriderError): void => {
      if (this.#worker !== worker) return;
      this.#end(new PolicyFailure('unloadable', error.message));
      this.#loading.reject(error);
    };
    const gone = (failure: PolicyFailure): void => {
      if (this.#worker !== worker) return;
      if (!this.#isReady) unloadable(badArgument(`policy ${this.name}: ${failure.message}`, 'correct its module'));
      else this.#end(failure);
    };
    worker.on('message', (message: PolicyThreadMessage) => {
      if (this.#worker !== worker) return;
      if (message.kind === 'ready') {
        watch.ends(message.cpuMs);
        this.#isReady = true;
        this.#loading.resolve();
      } else if (message.kind === 'unloadable') {
        unloadable(new OutriderError(message.code, message.cause, message.remedy));
      } else this.#answered(message);
    });
    worker.on('error', (error: Error & { readonly code?: string }) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const cause = isMemory ? 'V8 gave it no more memory' : `its thread has failed: ${error.message}`;
      gone(new PolicyFailure(isMemory ? 'memory' : 'ended', cause));
    });
    worker.on('exit', (status) => gone(new PolicyFailure('ended', `its thread has ended with status ${status}`)));
  }

  #answered(message: PolicyThreadAnswer & { readonly cpuMs: number }): void {
    const asked = this.#asked;
    if (asked === null) return;
    this.#asked = null;
    asked.cancel();
    this.#memory?.ends();
    const usedMs = this.#watch?.ends(message.cpuMs) ?? 0;
    if (asked.isLate) {
      // What it has decided is too old. Its work decides whether it is to blame, not the time.
      if (usedMs > asked.limitMs) this.#pendingFailure = this.#slow(usedMs);
      return;
    }
    if (message.kind === 'failed') {
      asked.reject(this.#failed(new PolicyFailure(message.fault, message.cause)));
      return;
    }
    try {
      // The thread has checked it against a copy, which was the policy's to change.
      asked.resolve(requireAssignment({ name: this.name, decide: () => message.assignment }, asked.state));
      this.#failures = 0;
      this.#rests = 0;
    } catch (error) {
      asked.reject(this.#failed(new PolicyFailure('invalid', error instanceof Error ? error.message : String(error))));
    }
  }

  #late(limitMs: number): void {
    const asked = this.#asked;
    if (asked === null) return;
    asked.isLate = true;
    asked.reject(new PolicyFailure('late', `no decision within ${Math.round(limitMs)} ms`));
  }

  /** Null: it is not reported, because nothing follows from it yet. */
  #slow(usedMs: number): PolicyFailure | null {
    const failure = this.#failed(new PolicyFailure('slow', overrunText('work', usedMs, 0)));
    return this.#worker === null ? failure : null;
  }

  /** Counts a failure; the third one in a row ends the thread. */
  #failed(failure: PolicyFailure): PolicyFailure {
    this.#failures += 1;
    if (this.#failures < mostFailures) return failure;
    return this.#rest(new PolicyFailure(failure.fault, `${failure.message}, ${mostFailures} failures in a row`));
  }

  /** A thread that is gone, or must go. */
  #end(failure: PolicyFailure): void {
    const asked = this.#asked;
    const reported = this.#rest(failure);
    if (asked === null || asked.isLate) this.#pendingFailure = reported;
    else asked.reject(reported);
  }

  #rest(failure: PolicyFailure): PolicyFailure {
    void this.#endWorker(failure);
    const restMs = Math.min(longestRestMs, firstRestMs * 2 ** this.#rests);
    this.#rests += 1;
    this.#failures = 0;
    this.#cancelRest = this.#options.clock.after(restMs, () => {
      if (!this.#isClosed) this.#start();
    });
    const cause = `${failure.message}; its thread is ended, and starts again in ${restMs / 1000} s`;
    return new PolicyFailure(failure.fault, cause);
  }

  async #endWorker(failure: PolicyFailure): Promise<void> {
    const worker = this.#worker;
    const asked = this.#asked;
    this.#watch?.stop();
    this.#memory?.stop();
    this.#worker = null;
    this.#watch = null;
    this.#memory = null;
    this.#asked = null;
    this.#isReady = false;
    asked?.cancel();
    if (this.#isClosed) asked?.reject(failure);
    await worker?.terminate();
  }
}

function overrunText(why: Overrun, usedMs: number, hangMs: number): string {
  if (why === 'hang') return `its thread has used no processor for ${hangMs / 1000} s`;
  return `it has used ${(usedMs / 1000).toFixed(1)} s of the processor`;
}
