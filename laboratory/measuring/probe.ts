// Edge, endpoint and controller as child processes that answer questions: the commands of the product under the laboratory's own entry. Only
// benches that need an answer start them so; attacks start the shipped commands.

import { fileURLToPath } from 'node:url';
import {
  type ControllerProcess,
  type ControllerProcessSettings,
  startControllerProcess,
} from '../../simulator/fleet/controller-process.ts';
import type { ChildService } from '../../src/cli/children/child-service.ts';
import { type EdgeProcess, type EdgeProcessSettings, startEdgeProcess } from '../../src/cli/children/edge-process.ts';
import { CloseStack } from '../../src/core/basics/close-stack.ts';
import type { OutriderError } from '../../src/core/basics/errors.ts';
import type { Answered, Asked, ControllerAnswers, EdgeAnswers, ServeAnswers } from './probe-main.ts';
import { type ServeProcess, startServeProcess } from './serve-process.ts';

const program = fileURLToPath(new URL('./probe-main.ts', import.meta.url));

/** Asks a process, and waits for its answers. */
export interface Probe<Answers> {
  /** @throws OutriderError the one that the process ends with meanwhile; `internal` where it has ended before */
  ask<Question extends keyof Answers & string>(question: Question): Promise<Answers[Question]>;
}

interface Entry {
  readonly program: string;
  readonly onMessage: (message: unknown) => void;
}

/** @param start starts a process with the laboratory's own entry */
async function startProbed<Child extends Pick<ChildService, 'send' | 'ended'>, Answers>(
  start: (entry: Entry) => Promise<Child>,
): Promise<Child & Probe<Answers>> {
  const open = new Map<number, { resolve(answer: never): void; reject(error: OutriderError): void }>();
  let count = 0;
  const onMessage = (message: unknown): void => {
    const { id, answer } = message as Answered;
    open.get(id)?.resolve(answer as never);
    open.delete(id);
  };
  const child = await start({ program, onMessage });
  void child.ended.then((error) => {
    for (const { reject } of open.values()) reject(error);
    open.clear();
  });
  const ask: Probe<Answers>['ask'] = (question) =>
    new Promise((resolve, reject) => {
      const asked: Asked = { id: count++, question };
      open.set(asked.id, { resolve, reject });
      child.send(asked);
    });
  return { ...child, ask };
}

export type ProbedEdge = EdgeProcess & Probe<EdgeAnswers>;

/** As {@link startEdgeProcess}. */
export function startProbedEdge(
  flags: readonly string[],
  onNote: (text: string) => void,
  settings: Pick<EdgeProcessSettings, 'port' | 'nodeOptions'> = {},
): Promise<ProbedEdge> {
  return startProbed<EdgeProcess, EdgeAnswers>((entry) => startEdgeProcess(flags, onNote, { ...settings, ...entry }));
}

export type ProbedController = ControllerProcess & Probe<ControllerAnswers>;

/** As {@link startControllerProcess}. */
export function startProbedController(
  flags: readonly string[],
  settings: Pick<ControllerProcessSettings, 'nodeOptions' | 'onNote'> = {},
): Promise<ProbedController> {
  return startProbed<ControllerProcess, ControllerAnswers>((entry) =>
    startControllerProcess(flags, { ...settings, ...entry }),
  );
}

/**
 * Starts an edge and an endpoint with the flags of the commands that a trial tries, asks them for the routes of their HTTP, and ends them.
 * @param serveFlags flags beside `--edge` @returns "GET /health", ...
 */
export async function askForRoutes(
  edgeFlags: readonly string[],
  serveFlags: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly edge: readonly string[]; readonly device: readonly string[] }> {
  await using opened = new CloseStack();
  const edge = await startProbedEdge(edgeFlags, () => {});
  opened.defer(async () => void (await edge.close()));
  const flags = ['--edge', edge.url, ...serveFlags];
  const device = opened.use(
    await startProbed<ServeProcess, ServeAnswers>((entry) => startServeProcess(flags, { environment, ...entry })),
  );
  return { edge: await edge.ask('routes'), device: await device.ask('routes') };
}
