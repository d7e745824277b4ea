// A controller, edges and devices that run together on this machine: edges are processes, devices walk in a scenario's world and read one
// answer after the other over emulated links.

import type { DecidedEvent } from '../../src/allocation/controller/controller-events.ts';
import type { Place } from '../../src/allocation/controller/messages.ts';
import { type EdgeProcess, startEdgeProcess } from '../../src/cli/children/edge-process.ts';
import { reachController } from '../../src/cli/options/member-options.ts';
import { CloseStack } from '../../src/core/basics/close-stack.ts';
import type { EventListener, FleetControl } from './fleet-control.ts';
import { type FleetAnswer, FleetReader, type ReaderPlan, type ReaderState } from './fleet-reader.ts';
import { keepRunning } from './keep-running.ts';

/** Links that change. */
export interface Walk {
  step(): void;
  /** Throughput of a device to an edge with the whole band, bit/s; 0: no link. */
  rate(device: number, edge: number): number;
  /** Metres. */
  deviceAt(device: number): Place;
  edgeAt(edge: number): Place;
  /** From one step to the next. */
  readonly slotMs: number;
}

export interface FleetPlan extends Omit<ReaderPlan, 'rates'> {
  readonly edges: number;
  readonly devices: number;
  /** Flags of an edge process, by its index: model, profile. */
  readonly edgeFlags: (edge: number) => readonly string[];
  readonly walk: Walk;
  /** Listens already. */
  readonly control: FleetControl;
  /** Whether an edge that ends is started again; default: it is gone. */
  readonly restarts?: boolean;
  readonly onEvent?: EventListener;
  /** Default: the command of the product. */
  readonly startEdge?: typeof startEdgeProcess | undefined;
}

export interface Fleet extends AsyncDisposable {
  readonly edges: readonly FleetEdge[];
  /** The last decision of the controller; null: none yet. */
  readonly decided: DecidedEvent | null;
  readonly readers: readonly ReaderState[];
  /** As {@link FleetReader.readBetween}, of each device. */
  readBetween(fromMs: number, toMs: number): readonly { readonly tokens: number; readonly wantedMs: number }[];
  readonly answers: readonly FleetAnswer[];
  /** As {@link FleetReader.lostMs}. */
  lostMs(device: number, edge: string, fromMs: number, toMs: number): number;
  /** Lets every device end its answer. */
  finish(): Promise<void>;
}

export interface FleetEdge {
  readonly name: string;
  /** The one that runs, or ran last. */
  readonly process: EdgeProcess;
  /** False: it has ended, as far as this process has noticed. */
  readonly isRunning: boolean;
}

const edgePrefix = 'edge-';

/** @param name of an edge of a fleet */
export function edgeIndex(name: string): number {
  return Number(name.slice(edgePrefix.length)) - 1;
}

export async function startFleet(plan: FleetPlan): Promise<Fleet> {
  await using opened = new CloseStack();
  let last: DecidedEvent | null = null;
  const readers: FleetReader[] = [];
  const shareLinks = (): void => {
    const at = readers.map(({ edge }) => edge);
    const readersAt = new Map(at.map((edge) => [edge, at.filter((one) => one === edge).length]));
    for (const [index, reader] of readers.entries()) reader.changeLinks(readersAt, at[index] ?? null, last);
  };
  plan.control.listen((event) => {
    if (event.kind === 'decided') {
      last = event;
      shareLinks();
    }
    plan.onEvent?.(event);
  });
  const { url } = plan.control;
  const edges = await Promise.all(
    Array.from({ length: plan.edges }, async (_, index) => {
      const edge = await startEdge(plan, url, index);
      opened.use(edge);
      return edge;
    }),
  );
  const rates = (device: number, edge: string): number => plan.walk.rate(device, edgeIndex(edge));
  const readerPlan = { ...plan, rates, placeOf: (device: number) => plan.walk.deviceAt(device) };
  for (let index = 0; index < plan.devices; index += 1)
    readers.push(new FleetReader(readerPlan, reachController({ controller: url }), index));
  for (const reader of readers) opened.defer(async () => reader.close());
  const walking = setInterval(() => {
    plan.walk.step();
    shareLinks();
  }, plan.walk.slotMs);
  opened.defer(async () => clearInterval(walking));
  for (const reader of readers) void reader.run();
  const kept = opened.move();
  return {
    edges,
    get decided() {
      return last;
    },
    get readers() {
      return readers.map((reader) => reader.state(last));
    },
    readBetween: (fromMs, toMs) => readers.map((reader) => reader.readBetween(fromMs, toMs)),
    get answers() {
      return readers.flatMap(({ answers }) => answers);
    },
    lostMs: (device, edge, fromMs, toMs) => readers[device]?.lostMs(edge, fromMs, toMs) ?? 0,
    async finish() {
      await Promise.all(readers.map((reader) => reader.finish()));
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

async function startEdge(plan: FleetPlan, url: string, index: number): Promise<FleetEdge & AsyncDisposable> {
  const name = `${edgePrefix}${index + 1}`;
  const at = plan.walk.edgeAt(index);
  const flags = [...plan.edgeFlags(index), '--controller', url, '--name', name, `--place=${at.xM},${at.yM}`];
  const note = (line: string): void => plan.note(`${name}: ${line.replace(/^edge /, '')}`);
  const start = (port: number): Promise<EdgeProcess> => (plan.startEdge ?? startEdgeProcess)(flags, note, { port });
  if (plan.restarts === true) {
    const kept = await keepRunning(name, start, plan.note);
    return {
      name,
      get process() {
        return kept.process;
      },
      get isRunning() {
        return kept.isRunning;
      },
      [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
    };
  }
  const process = await start(0);
  return { name, process, isRunning: true, [Symbol.asyncDispose]: async () => void (await process.close()) };
}
