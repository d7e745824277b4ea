// The laboratory's own entry: `edge`, `serve` and `controller` as the product has them, and answers to the questions of probe-questions.ts over
// the channel to the process that has started this one. Benches start it by probe.ts.

import { controllerCommand } from '../../src/cli/controller.ts';
import { serveCommand } from '../../src/cli/device/serve.ts';
import { edgeCommand, type ServedEdge } from '../../src/cli/edge/edge.ts';
import { createProgram, runProgram } from '../../src/cli/program.ts';
import type { PacedModel } from '../../src/models/port/paced.ts';
import type { RunningController } from '../../src/processes/controller/controller-server.ts';
import type { Edge } from '../../src/processes/edge/edge.ts';
import { type HttpApp, routesOf } from '../../src/processes/http/app.ts';
import { startCpuTime } from './cpu-time.ts';
import type {
  Answered,
  Asked,
  ControllerAccount,
  ControllerAnswers,
  EdgeAnswers,
  EdgeResources,
  ServeAnswers,
} from './probe-questions.ts';

type Answerers<Answers> = { readonly [Question in keyof Answers]: () => Answers[Question] };

function answer<Answers>(answerers: Answerers<Answers>): void {
  process.on('message', ({ id, question }: Asked) => {
    const answered: Answered = { id, answer: answerers[question as keyof Answers]() };
    process.send?.(answered);
  });
  // The channel alone keeps no process running.
  process.channel?.unref();
}

function answerOfEdge({ edge, target, routes }: ServedEdge): void {
  const paced = 'pacing' in target ? (target as PacedModel) : undefined;
  answer<EdgeAnswers>({
    pacing: () => paced?.pacing ?? null,
    steps: () => paced?.lastSteps.map((step) => ({ ...step, endMs: performance.timeOrigin + step.endMs })) ?? null,
    routes: () => routes,
    resources: () => resourcesOf(edge, false),
    collect: () => {
      globalThis.gc?.();
      return resourcesOf(edge, globalThis.gc !== undefined);
    },
  });
}

function resourcesOf({ status }: Edge, isCollected: boolean): EdgeResources {
  const { sessions, waiting, connections } = status;
  const { heapUsed, heapTotal, external, rss: residentSet } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { sessions, waiting, connections, heapUsed, heapTotal, external, residentSet, handles, isCollected };
}

function answerOfServe(app: HttpApp): void {
  answer<ServeAnswers>({ routes: () => routesOf(app) });
}

function answerOfController(controller: RunningController): void {
  const threadCpu = startCpuTime();
  const account = (): ControllerAccount => {
    const { heapUsed, external, rss: residentBytes } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      ...controller.status,
      heldBytes: heapUsed + external,
      residentBytes,
      threadCpuMs: threadCpu(),
      cpuMs: (user + system) / 1000,
    };
  };
  answer<ControllerAnswers>({
    account,
    collect: () => {
      globalThis.gc?.();
      return account();
    },
  });
}

await runProgram(
  createProgram([
    {
      title: 'Product, with answers to benches',
      commands: [
        () => edgeCommand(answerOfEdge),
        () => serveCommand(answerOfServe),
        () => controllerCommand(answerOfController),
      ],
    },
  ]),
);
