// The laboratory's own entry: `edge`, `serve` and `controller` as the product has them, and answers to questions of benches over the
// channel to the process that has started this one. Benches start it by probe.ts, and take only types from here. The commands of the
// product answer none of it.

import type { Command } from 'commander';
import { controllerCommand } from '../../src/cli/controller.ts';
import { serveCommand } from '../../src/cli/device/serve.ts';
import { edgeCommand, type ServedEdge } from '../../src/cli/edge/edge.ts';
import { type ListedCommand, runProgram } from '../../src/cli/program.ts';
import type { PacedModel, PacedStep, PacingCounts } from '../../src/models/port/paced.ts';
import type { ControllerStatus, RunningController } from '../../src/processes/controller/controller-server.ts';
import type { Edge, EdgeStatus } from '../../src/processes/edge/edge.ts';
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

/** The answer to each question, from what the process serves. */
type Answerers<Served> = Readonly<Record<string, (served: Served) => unknown>>;
type AnswersOf<Table extends Answerers<never>> = { readonly [Question in keyof Table]: ReturnType<Table[Question]> };

function answer<Served>(answerers: Answerers<Served>, served: Served): void {
  process.on('message', ({ id, question }: Asked) => {
    const answered: Answered = { id, answer: answerers[question]?.(served) };
    process.send?.(answered);
  });
  // The channel alone keeps no process running.
  process.channel?.unref();
}

/** Memory in bytes. */
export interface EdgeResources extends Pick<EdgeStatus, 'sessions' | 'waiting' | 'connections'> {
  /** JavaScript objects in use, and the room that V8 has reserved for them. */
  readonly heapUsed: number;
  readonly heapTotal: number;
  /** Memory that belongs to JavaScript objects and lies outside that room, buffers included. */
  readonly external: number;
  readonly residentSet: number;
  /** By kind, what keeps the process running: sockets, timers, requests of files. */
  readonly handles: Readonly<Record<string, number>>;
  /** Whether the garbage was collected before. */
  readonly isCollected: boolean;
}

const edgeAnswerers = {
  /** Counts of steps, and of steps longer than in the profile; null without latency emulation. */
  pacing: ({ target }: ServedEdge): PacingCounts | null => pacedOf(target)?.pacing ?? null,
  /** The last steps, `endMs` since 1970; null without latency emulation. */
  steps: ({ target }: ServedEdge): readonly PacedStep[] | null =>
    pacedOf(target)?.lastSteps.map((step) => ({ ...step, endMs: performance.timeOrigin + step.endMs })) ?? null,
  /** Tokens of prompts that its engine has evaluated, without those that the first step of an answer evaluates. */
  evaluatedPromptTokens: ({ edge }: ServedEdge): number => edge.status.prefillTokens,
  /** "GET /health": the routes of its port over HTTP, from the app itself. */
  routes: ({ routes }: ServedEdge): readonly string[] => routes,
  resources: ({ edge }: ServedEdge): EdgeResources => resourcesOf(edge, false),
  /** The same after a garbage collection; the process needs `--expose-gc`. */
  collect: ({ edge }: ServedEdge): EdgeResources => {
    globalThis.gc?.();
    return resourcesOf(edge, globalThis.gc !== undefined);
  },
};
export type EdgeAnswers = AnswersOf<typeof edgeAnswerers>;

function pacedOf(target: ServedEdge['target']): PacedModel | undefined {
  return 'pacing' in target ? (target as PacedModel) : undefined;
}

function resourcesOf({ status: { sessions, waiting, connections } }: Edge, isCollected: boolean): EdgeResources {
  const { heapUsed, heapTotal, external, rss: residentSet } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { sessions, waiting, connections, heapUsed, heapTotal, external, residentSet, handles, isCollected };
}

const serveAnswerers = { routes: (app: HttpApp): readonly string[] => routesOf(app) };
export type ServeAnswers = AnswersOf<typeof serveAnswerers>;

export interface ControllerAccount {
  /** One for each cell that it leads or has led, in the order in which it began. */
  readonly led: readonly ControllerStatus[];
  /** Objects and buffers in use, bytes. */
  readonly heldBytes: number;
  readonly residentBytes: number;
  /** Processor time of the thread that serves connections, since its start, ms. */
  readonly threadCpuMs: number;
  /** Processor time of all threads, those of the policy and of the JavaScript engine included, ms. */
  readonly cpuMs: number;
}

const threadCpu = startCpuTime();
const controllerAnswerers = {
  account: (controllers: readonly RunningController[]): ControllerAccount => {
    const { heapUsed, external, rss: residentBytes } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    const led = controllers.map(({ status }) => status);
    return { led, heldBytes: heapUsed + external, residentBytes, threadCpuMs: threadCpu(), cpuMs };
  },
  /** The same after a garbage collection; the process needs `--expose-gc`. */
  collect: (controllers: readonly RunningController[]): ControllerAccount => {
    globalThis.gc?.();
    return controllerAnswerers.account(controllers);
  },
};
export type ControllerAnswers = AnswersOf<typeof controllerAnswerers>;

await runProgram([
  {
    title: 'Product, with answers to benches',
    commands: [
      listed(edgeCommand((edge) => answer(edgeAnswerers, edge))),
      listed(serveCommand((app) => answer(serveAnswerers, app))),
      listed(controllerCommand(answerForControllers())),
    ],
  },
]);

/** One of a fleet begins to lead cells one after the other; questions before the first one stay without an answer. */
function answerForControllers(): (controller: RunningController) => void {
  const all: RunningController[] = [];
  return (controller) => {
    if (all.push(controller) === 1) answer(controllerAnswerers, all);
  };
}

function listed(command: Command): ListedCommand {
  return { name: command.name(), description: command.description(), load: async () => command };
}
