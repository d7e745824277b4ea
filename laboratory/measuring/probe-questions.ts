// What benches ask of an edge, an endpoint or a controller that runs under the laboratory's own entry (probe-main.ts). The commands of the
// product answer none of it.

import type { PacedStep, PacingCounts } from '../../src/models/port/paced.ts';
import type { ControllerStatus } from '../../src/processes/controller/controller-server.ts';

/** Questions to an edge, and what each is answered with. */
export interface EdgeAnswers {
  /** Counts of steps, and of steps longer than the profile says; null without latency emulation. */
  readonly pacing: PacingCounts | null;
  /** The last steps, `endMs` since 1970; null without latency emulation. */
  readonly steps: readonly PacedStep[] | null;
  /** "GET /health": what its port answers over HTTP, from the app itself. */
  readonly routes: readonly string[];
  readonly resources: EdgeResources;
  /** The same after a garbage collection; the process needs `--expose-gc`. */
  readonly collect: EdgeResources;
}

/** What an edge process holds. */
export interface EdgeResources {
  readonly sessions: number;
  /** Sessions that wait for a place. */
  readonly waiting: number;
  readonly connections: number;
  /** JavaScript objects in use, and the room that V8 has reserved for them, bytes. */
  readonly heapUsed: number;
  readonly heapTotal: number;
  /** Memory that belongs to JavaScript objects and lies outside that room, buffers included, bytes. */
  readonly external: number;
  /** Bytes. */
  readonly residentSet: number;
  /** How many of each kind keep the process running: sockets, timers, requests of files. */
  readonly handles: Readonly<Record<string, number>>;
  /** Whether the garbage was collected before. */
  readonly isCollected: boolean;
}

/** Questions to `outrider serve`. */
export interface ServeAnswers {
  readonly routes: readonly string[];
}

/** Questions to a controller. */
export interface ControllerAnswers {
  readonly account: ControllerAccount;
  /** The same after a garbage collection; the process needs `--expose-gc`. */
  readonly collect: ControllerAccount;
}

export interface ControllerAccount extends ControllerStatus {
  /** Objects and buffers in use, bytes. */
  readonly heldBytes: number;
  readonly residentBytes: number;
  /** Processor time of the thread that serves connections, since the start of the process, ms. */
  readonly threadCpuMs: number;
  /** Processor time of all threads, those of the policy and of the JavaScript engine included, ms. */
  readonly cpuMs: number;
}

/** One question on the channel between the processes. */
export interface Asked {
  readonly id: number;
  readonly question: string;
}

export interface Answered {
  readonly id: number;
  readonly answer: unknown;
}
