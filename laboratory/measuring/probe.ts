// Edge, endpoint and controller as child processes that answer questions: the commands of the product under the laboratory's own entry. Only
// benches that need an answer start them so; whatever attacks starts the shipped commands.

import { fileURLToPath } from 'node:url';
import type { ChildService } from '../../src/cli/children/child-service.ts';
import {
  type ControllerProcess,
  type ControllerProcessSettings,
  startControllerProcess,
} from '../../src/cli/children/controller-process.ts';
import { type EdgeProcess, type EdgeProcessSettings, startEdgeProcess } from '../../src/cli/children/edge-process.ts';
import { startServeProcess } from '../../src/cli/children/serve-process.ts';
import { CloseStack } from '../../src/core/basics/close-stack.ts';
import type { OutriderError } from '../../src/core/basics/errors.ts';
import type { Answered, Asked, ControllerAnswers, EdgeAnswers, ServeAnswers } from './probe-main.ts';

const program = fileURLToPath(new URL('./probe-main.ts', import.meta.url));

/** Asks a process, and waits for its answers. */
export interface Probe<Answers> {
  /** @throws OutriderError the one that the process ends with meanwhile; `internal` where it has ended before */
  ask<Question extends keyof Answers & string>(question: Question): Promise<Answers[Question]>;
}

/** The questions that one process has not answered yet. */
class Questions<Answers> {
  readonly #open = new Map<number, { resolve(answer: never): void; reject(error: OutriderError): void }>();
  #count = 0;

  readonly onMessage = (message: unknown): void => {
    const { id, answer } = message as Answered;
    this.#open.get(id)?.resolve(answer as never);
    this.#open.delete(id);
  };

  to(child: Pick<ChildService, 'send' | 'ended'>): Probe<Answers> {
    void child.ended.then((error) => {
      for (const { reject } of this.#open.values()) reject(error);
      this.#open.clear();
    });
    return {
      ask: (question) =>
        new Promise((resolve, reject) => {
          const asked: Asked = { id: this.#count++, question };
          this.#open.set(asked.id, { resolve, reject });
          child.send(asked);
        }),
    };
  }
}

export type ProbedEdge = EdgeProcess & Probe<EdgeAnswers>;

/** As {@link startEdgeProcess}. */
export async function startProbedEdge(
  flags: readonly string[],
  onNote: (text: string) => void,
  settings: Pick<EdgeProcessSettings, 'port' | 'nodeOptions'> = {},
): Promise<ProbedEdge> {
  const questions = new Questions<EdgeAnswers>();
  const edge = await startEdgeProcess(flags, onNote, { ...settings, program, onMessage: questions.onMessage });
  return { ...edge, ...questions.to(edge) };
}

export type ProbedController = ControllerProcess & Probe<ControllerAnswers>;

/** As {@link startControllerProcess}. */
export async function startProbedController(
  flags: readonly string[],
  settings: Pick<ControllerProcessSettings, 'nodeOptions'> = {},
): Promise<ProbedController> {
  const questions = new Questions<ControllerAnswers>();
  const controller = await startControllerProcess(flags, { ...settings, program, onMessage: questions.onMessage });
  return { ...controller, ...questions.to(controller) };
}

/** What an edge and an endpoint before it answer over HTTP. */
export interface ProbedRoutes {
  /** "GET /health" */
  readonly edge: readonly string[];
  readonly device: readonly string[];
}

/**
 * Starts both with the flags of the commands that a trial tries, asks them for their routes, and ends them.
 * @param serveFlags those beside `--edge`
 */
export async function askForRoutes(
  edgeFlags: readonly string[],
  serveFlags: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ProbedRoutes> {
  await using opened = new CloseStack();
  const edge = await startProbedEdge(edgeFlags, () => {});
  opened.defer(async () => void (await edge.close()));
  const questions = new Questions<ServeAnswers>();
  const settings = { environment, program, onMessage: questions.onMessage };
  const device = opened.use(await startServeProcess(['--edge', edge.url, ...serveFlags], settings));
  return { edge: await edge.ask('routes'), device: await questions.to(device).ask('routes') };
}
