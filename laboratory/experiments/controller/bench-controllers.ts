// The controllers of `bench controller`: one, or several processes that share cells by lease; and what they do in a time.

import { startNatsServer } from '../../../simulator/files/nats-server.ts';
import { defaultCell } from '../../../src/allocation/controller/cell-epoch.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import type { ControllerTraffic, RecentDecision } from '../../../src/processes/controller/controller-server.ts';
import { type ProbedController, startProbedController } from '../../measuring/probe.ts';
import type { ControllerAccount, ControllerAnswers } from '../../measuring/probe-main.ts';
import { cellNames, cellsOfController } from './crowd-member.ts';

/** A process, and the cell that it leads first. */
export interface BenchController {
  readonly cell: string;
  readonly process: ProbedController;
}

export interface BenchControllers extends AsyncDisposable {
  /** Addresses of all, with commas between them. */
  readonly url: string;
  readonly cells: readonly string[];
  /** The first of them waits for the cells of all others. */
  readonly all: readonly BenchController[];
}

const nodeOptions = ['--expose-gc'];
const leadsWithinMs = 30_000;

/**
 * @param cellCount of a fleet with a store on this machine, each with a controller; undefined: one controller without a fleet
 * @throws OutriderError `bad-argument`: no nats-server is installed
 */
export async function openControllers(flags: readonly string[], cellCount?: number): Promise<BenchControllers> {
  await using opened = new CloseStack();
  const cells = cellCount === undefined ? [defaultCell] : cellNames(cellCount);
  const store = cellCount === undefined ? null : opened.use(await startNatsServer());
  const all: BenchController[] = [];
  for (let index = cells.length - 1; index >= 0; index -= 1) {
    const own = cellsOfController(cells, cells.length, index);
    const cell = own[0] as string;
    const words = store === null ? [] : ['--fleet', store.url, '--cells', own.join(',')];
    const leads = Promise.withResolvers<void>();
    const onNote = (line: string): void => {
      if (line.startsWith(`leads the cell ${cell},`)) leads.resolve();
    };
    const process = await startProbedController([...flags, ...words], { nodeOptions, onNote });
    opened.defer(() => process.kill());
    if (store !== null) await within(leads.promise, cell);
    all.unshift({ cell, process });
  }
  const kept = opened.move();
  const url = all.map(({ process }) => process.url).join(',');
  return { url, cells, all, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

async function within(leads: Promise<void>, cell: string): Promise<void> {
  const late = new OutriderError('internal', `no controller leads the cell ${cell}`, 'report it, with the command');
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late), leadsWithinMs);
  await Promise.race([leads, promise]).finally(() => clearTimeout(timer));
}

/** Sums over the processes. */
export interface Account extends Omit<ControllerAccount, 'led'> {
  readonly led: readonly ControllerAccount['led'][number][];
}

export async function askAll(
  controllers: readonly BenchController[],
  question: keyof ControllerAnswers,
): Promise<Account> {
  const found = await Promise.all(controllers.map(({ process }) => process.ask(question)));
  const sum = (of: (one: ControllerAccount) => number): number => found.reduce((total, one) => total + of(one), 0);
  return {
    led: found.flatMap(({ led }) => led),
    heldBytes: sum(({ heldBytes }) => heldBytes),
    residentBytes: sum(({ residentBytes }) => residentBytes),
    threadCpuMs: sum(({ threadCpuMs }) => threadCpuMs),
    cpuMs: sum(({ cpuMs }) => cpuMs),
  };
}

export function trafficOf({ led }: Account, key: keyof ControllerTraffic): number {
  return led.reduce((sum, { traffic }) => sum + traffic[key], 0);
}

/** The decisions between two accounts, of those that controllers keep: the last 256 of each cell. */
export function decisionsBetween(before: Account, after: Account): readonly RecentDecision[] {
  return after.led.flatMap(({ epoch, slots, recent }) => {
    const count = slots - (before.led.find((one) => one.epoch === epoch)?.slots ?? 0);
    return count === 0 ? [] : recent.slice(-count);
  });
}
