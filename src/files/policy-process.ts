// A policy in a process of its own: one that takes long, fails, takes all memory or ends its process stops nothing else. It has one slot at a
// time. After three failures in a row, or a slot that takes too much of the processor, the process is killed; a fresh one starts after a pause
// that doubles. A decision that is late is not used; that alone is no failure, since other programs use the processor as well. This guards
// against mistakes: a policy's file is a program of whoever runs it, and may do what that person may do.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PolicyFailure, type RemotePolicy } from '../allocation/slot/remote-policy.ts';
import { requireAssignment } from '../allocation/slot/require-assignment.ts';
import type { Assignment, SlotState } from '../allocation/slot/slot-state.ts';
import type { Clock } from '../core/basics/clock.ts';
import { badArgument, OutriderError } from '../core/basics/errors.ts';
import { type Overrun, ThreadWatch } from '../models/engines/thread-watch.ts';
import {
  answersPipe,
  type PolicyAnswer,
  type PolicyChildData,
  type PolicyMessage,
  policyChildUrl,
} from './policy-child.ts';
import { mainThreadUsage, residentMB } from './process-usage.ts';
import { ValueReader, valueBytes } from './value-pipe.ts';

export interface PolicyProcessOptions {
  readonly clock: Clock;
  /** Limit of its objects, garbage included, MiB; its process may take twice as much. Default 1,024. */
  readonly mostMemoryMb?: number;
  /** Processor time until it is loaded, ms. Default 30,000. */
  readonly loadCpuMs?: number;
  /** A process that has something to do and uses no processor for so long is killed, ms. Default 60,000. */
  readonly hangMs?: number;
}

/** Failures in a row that end the process. */
const mostFailures = 3;
/** A slot that takes so many limits of processor time, or so much, ms, ends the process. */
const hardLimits = 3;
const hardMs = 10_000;
/** Pauses before a fresh process starts, ms. */
const firstRestMs = 1000;
const longestRestMs = 60_000;

/** Time between two checks of memory, ms. */
const checkMemoryEveryMs = 100;
/** What an answer holds beside its lists, at most, and what a device has in its lists, bytes. */
const mostAnswerBytes = 65_536;
const deviceBytes = 20;
/** A process that has ended may have said why so late, ms. */
const lastWordsMs = 100;
/** What a policy gets of this process's environment: no keys and no tokens. */
export const passedVariables: readonly string[] = ['PATH', 'LD_LIBRARY_PATH', 'TZ', 'LANG', 'TMPDIR', 'SystemRoot'];
/** How V8 ends a process to which it gives no more memory. */
const crashSignals: readonly (string | null)[] = ['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS'];

/** The slot that a process decides. */
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
export async function openPolicyProcess(name: string, options: PolicyProcessOptions): Promise<PolicyProcess> {
  const policy = new PolicyProcess(name, options);
  try {
    await policy.loaded;
  } catch (error) {
    await policy[Symbol.asyncDispose]();
    throw error;
  }
  return policy;
}

export class PolicyProcess implements RemotePolicy, AsyncDisposable {
  readonly name: string;
  readonly #loading = Promise.withResolvers<void>();
  readonly #options: Required<PolicyProcessOptions>;
  #child: ChildProcess | null = null;
  #watch: ThreadWatch | null = null;
  #isReady = false;
  #isClosed = false;
  #asked: Asked | null = null;
  #failures = 0;
  #rests = 0;
  #cancelRest = (): void => {};
  #cancelMemory = (): void => {};
  /** What happened while no slot was decided: the next one is rejected with it. */
  #pendingFailure: PolicyFailure | null = null;

  constructor(name: string, options: PolicyProcessOptions) {
    const { clock, mostMemoryMb = 1024, loadCpuMs = 30_000, hangMs = 60_000 } = options;
    this.name = name;
    this.#options = { clock, mostMemoryMb, loadCpuMs, hangMs };
    this.#start();
  }

  /** Resolves when the first process has loaded it. */
  get loaded(): Promise<void> {
    return this.#loading.promise;
  }

  ask(state: SlotState, limitMs: number): Promise<Assignment> | null {
    const child = this.#child;
    const pending = this.#pendingFailure;
    if (pending !== null) {
      this.#pendingFailure = null;
      return Promise.reject(pending);
    }
    if (child === null || !this.#isReady || this.#asked !== null) return null;
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(limitMs, () => {
        asked.isLate = true;
        reject(new PolicyFailure('late', `no decision within ${Math.round(limitMs)} ms`));
      });
      const asked: Asked = { state, resolve, reject, limitMs, isLate: false, cancel };
      this.#asked = asked;
      for (const part of valueBytes(state)) child.stdin?.write(part);
      this.#watch?.begins(Math.min(hardMs, hardLimits * limitMs));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancelRest();
    await this.#endChild(new PolicyFailure('ended', 'it is closed'));
  }

  #start(): void {
    const { loadCpuMs, hangMs } = this.#options;
    const child = this.#spawn();
    if (child === null) {
      this.#gone(new PolicyFailure('ended', 'the system starts no process: it has too many, or too little memory'));
      return;
    }
    const of = (failure: PolicyFailure): void => {
      if (this.#child === child) this.#gone(failure);
    };
    const watch = new ThreadWatch({ cpuUsage: () => mainThreadUsage(child.pid as number) }, hangMs, (why, usedMs) => {
      of(new PolicyFailure(why === 'work' ? 'slow' : 'ended', overrunText(why, usedMs, hangMs)));
    });
    this.#child = child;
    this.#watch = watch;
    watch.begins(loadCpuMs);
    this.#checkMemory(child, of);
    // It has ended before it has read.
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (text: Buffer) => process.stdout.write(text));
    const reader = new ValueReader(() => mostAnswerBytes + deviceBytes * (this.#asked?.state.deviceCount ?? 0));
    (child.stdio[answersPipe] as Readable).on('data', (chunk: Buffer) => {
      try {
        for (const message of reader.take(chunk)) if (this.#child === child) this.#received(message as PolicyMessage);
      } catch (error) {
        of(new PolicyFailure('invalid', error instanceof Error ? error.message : String(error)));
      }
    });
    child.on('exit', (status, signal) => {
      if (this.#child !== child) return;
      const how = signal === null ? `it has ended with status ${status}` : `it was ended by ${signal}`;
      const failure = crashSignals.includes(signal)
        ? new PolicyFailure('memory', `${how}, as where V8 gives it no more memory`)
        : new PolicyFailure('ended', how);
      this.#options.clock.after(lastWordsMs, () => of(failure));
    });
  }

  /** Null: the system starts none. */
  #spawn(): ChildProcess | null {
    const { mostMemoryMb } = this.#options;
    const data: PolicyChildData = { policy: this.name, parent: process.pid };
    const words = [`--max-old-space-size=${mostMemoryMb}`, fileURLToPath(policyChildUrl), JSON.stringify(data)];
    try {
      const child = spawn(process.execPath, words, {
        stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
        env: Object.fromEntries(passedVariables.map((name) => [name, process.env[name]])),
        // Its own group: Ctrl-C is for this process, which then ends the child.
        detached: true,
      });
      child.on('error', () => {});
      return child.pid === undefined ? null : child;
    } catch {
      return null;
    }
  }

  /** At rest as well. V8 itself limits its objects; buffers are outside of them. */
  #checkMemory(child: ChildProcess, over: (failure: PolicyFailure) => void): void {
    const { clock, mostMemoryMb } = this.#options;
    this.#cancelMemory = clock.after(checkMemoryEveryMs, async () => {
      const usedMb = ((await residentMB(child.pid as number)) ?? 0) / 1.048576;
      if (this.#child !== child) return;
      if (usedMb <= 2 * mostMemoryMb) this.#checkMemory(child, over);
      else over(new PolicyFailure('memory', `its process took more than ${2 * mostMemoryMb} MiB`));
    });
  }

  #received(message: PolicyMessage): void {
    if (message.kind === 'ready') {
      this.#watch?.ends(message.cpuMs);
      this.#isReady = true;
      this.#loading.resolve();
    } else if (message.kind === 'gone') {
      const { code, cause, remedy } = message;
      this.#gone(new PolicyFailure('ended', cause), new OutriderError(code, cause, remedy));
    } else this.#answered(message);
  }

  /** @param unloadable what it means where it has not loaded yet */
  #gone(
    failure: PolicyFailure,
    unloadable: OutriderError = badArgument(
      `policy ${this.name} has not loaded: ${failure.message}`,
      'correct its module',
    ),
  ): void {
    this.#end(this.#isReady ? failure : new PolicyFailure('unloadable', unloadable.message));
    this.#loading.reject(unloadable);
  }

  #answered(message: PolicyAnswer & { readonly cpuMs: number }): void {
    const asked = this.#asked;
    if (asked === null) return;
    this.#asked = null;
    asked.cancel();
    const usedMs = this.#watch?.ends(message.cpuMs) ?? 0;
    if (asked.isLate) {
      // What it has decided is too old. Its work decides whether it is to blame, not the time.
      if (usedMs <= asked.limitMs) return;
      const failure = this.#failed(new PolicyFailure('slow', overrunText('work', usedMs, 0)));
      // Of the first ones nothing follows yet.
      if (this.#child === null) this.#pendingFailure = failure;
      return;
    }
    if (message.kind === 'failed') {
      asked.reject(this.#failed(new PolicyFailure(message.fault, message.cause)));
      return;
    }
    try {
      // The process has checked it against a copy, which was the policy's to change.
      asked.resolve(requireAssignment({ name: this.name, decide: () => message.assignment }, asked.state));
      this.#failures = 0;
      this.#rests = 0;
    } catch (error) {
      asked.reject(this.#failed(new PolicyFailure('invalid', error instanceof Error ? error.message : String(error))));
    }
  }

  /** Counts a failure; the third one in a row ends the process. */
  #failed(failure: PolicyFailure): PolicyFailure {
    this.#failures += 1;
    if (this.#failures < mostFailures) return failure;
    return this.#rest(new PolicyFailure(failure.fault, `${failure.message}, ${mostFailures} failures in a row`));
  }

  /** The process is gone, or must go. */
  #end(failure: PolicyFailure): void {
    const asked = this.#asked;
    const reported = this.#rest(failure);
    if (asked === null || asked.isLate) this.#pendingFailure = reported;
    else asked.reject(reported);
  }

  #rest(failure: PolicyFailure): PolicyFailure {
    void this.#endChild(failure);
    const restMs = Math.min(longestRestMs, firstRestMs * 2 ** this.#rests);
    this.#rests += 1;
    this.#failures = 0;
    this.#cancelRest = this.#options.clock.after(restMs, () => {
      if (!this.#isClosed) this.#start();
    });
    const cause = `${failure.message}; its process is ended, and starts again in ${restMs / 1000} s`;
    return new PolicyFailure(failure.fault, cause);
  }

  async #endChild(failure: PolicyFailure): Promise<void> {
    const child = this.#child;
    const asked = this.#asked;
    this.#watch?.stop();
    this.#cancelMemory();
    this.#child = null;
    this.#watch = null;
    this.#asked = null;
    this.#isReady = false;
    asked?.cancel();
    if (this.#isClosed) asked?.reject(failure);
    // A process that it has started may keep its pipes open.
    for (const pipe of child?.stdio ?? []) pipe?.destroy();
    if (child?.pid === undefined) return;
    const isRunning = child.exitCode === null && child.signalCode === null;
    const ended = isRunning ? once(child, 'exit') : null;
    killGroup(child.pid);
    await ended;
  }
}

/** With the programs that a policy has started: its process leads a group of its own. */
function killGroup(processId: number): void {
  try {
    process.kill(process.platform === 'win32' ? processId : -processId, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function overrunText(why: Overrun, usedMs: number, hangMs: number): string {
  if (why === 'hang') return `its process has used no processor for ${hangMs / 1000} s`;
  return `it has used ${(usedMs / 1000).toFixed(1)} s of the processor`;
}
