// The laboratory's own entry: `edge`, `serve` and `controller` as the product has them, and answers to questions of benches over the channel to the
// process that has started this one. Benches start it by probe.ts, and take only types from here. The commands of the product answer none of it.

import { controllerCommand } from '../../src/cli/controller.ts';
import { serveCommand } from '../../src/cli/device/serve.ts';
import { edgeCommand, type ServedEdge } from '../../src/cli/edge/edge.ts';
import { createProgram, runProgram } from '../../src/cli/program.ts';
import type { PacedModel } from '../../src/models/port/paced.ts';
import type { RunningController } from '../../src/processes/controller/controller-server.ts';
import type { Edge } from '../../src/processes/edge/edge.ts';
import { type HttpApp, routesOf } from '../../src/processes/http/app.ts';
import { startCpuTime } from './cpu-time.ts';

/** One question on the channel between the processes, and its answer. */
export interface Asked {
  readonly id: number;
  readonly question: string;
}

export interface Answered {
  readonly id: number;
  readonly answer: unknown;
}

/** By question. */
type Answerers = Readonly<Record<string, () => unknown>>;
type AnswersOf<Of extends (served: never) => Answerers> = {
  readonly [Question in keyof ReturnType<Of>]: ReturnType<ReturnType<Of>[Question]>;
};
export type EdgeAnswers = AnswersOf<typeof answersOfEdge>;
export type ServeAnswers = AnswersOf<typeof answersOfServe>;
export type ControllerAnswers = AnswersOf<typeof answersOfController>;

function answer(answerers: Answerers): void {
  process.on('message', ({ id, question }: Asked) => {
    const answered: Answered = { id, answer: answerers[question]?.() };
    process.send?.(answered);
  });
  // The channel alone keeps no process running.
  process.channel?.unref();
}

function answersOfEdge({ edge, target, routes }: ServedEdge) {
  const paced = 'pacing' in target ? (target as PacedModel) : undefined;
  return {
    /** Counts of steps, and of steps longer than the profile says; null without latency emulation. */
    pacing: () => paced?.pacing ?? null,
    /** The last steps, `endMs` since 1970; null without latency emulation. */
    steps: () => paced?.lastSteps.map((step) => ({ ...step, endMs: performance.timeOrigin + step.endMs })) ?? null,
    /** "GET /health": the routes of its port over HTTP, from the app itself. */
    routes: () => routes,
    resources: () => resourcesOf(edge, false),
    /** The same after a garbage collection; the process needs `--expose-gc`. */
    collect: () => {
      globalThis.gc?.();
      return resourcesOf(edge, globalThis.gc !== undefined);
    },
  };
}

export type EdgeResources = ReturnType<typeof resourcesOf>;

/** Bytes, and counts. @param isCollected whether the garbage was collected before */
function resourcesOf({ status }: Edge, isCollected: boolean) {
  const { sessions, waiting, connections } = status;
  // JavaScript objects, the room that V8 has reserved for them, and memory that belongs to them outside that room, buffers included.
  const { heapUsed, heapTotal, external, rss: residentSet } = process.memoryUsage();
  // By kind, what keeps the process running: sockets, timers, requests of files.
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { sessions, waiting, connections, heapUsed, heapTotal, external, residentSet, handles, isCollected };
}

function answersOfServe(app: HttpApp) {
  return { routes: (): readonly string[] => routesOf(app) };
}

export type ControllerAccount = ControllerAnswers['account'];

function answersOfController(controller: RunningController) {
  const threadCpu = startCpuTime();
  const account = () => {
    const { heapUsed, external, rss: residentBytes } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      ...controller.status,
      /** Objects and buffers in use. */
      heldBytes: heapUsed + external,
      residentBytes,
      /** Processor time of the thread that serves connections, since the start of the process. */
      threadCpuMs: threadCpu(),
      /** Processor time of all threads, those of the policy and of the JavaScript engine included. */
      cpuMs: (user + system) / 1000,
    };
  };
  return {
    account,
    /** The same after a garbage collection; the process needs `--expose-gc`. */
    collect: () => {
      globalThis.gc?.();
      return account();
    },
  };
}

await runProgram(
  createProgram([
    {
      title: 'Product, with answers to benches',
      commands: [
        () => edgeCommand((served) => answer(answersOfEdge(served))),
        () => serveCommand((app) => answer(answersOfServe(app))),
        () => controllerCommand((controller) => answer(answersOfController(controller))),
      ],
    },
  ]),
);
