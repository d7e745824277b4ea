// A controller, edges and devices that run together on this machine: edges are processes, devices walk in a scenario's world and read one
// answer after the other over emulated links.

import type { RemotePolicy } from '../allocation/remote-policy.ts';
import type { NamedPolicy } from '../allocation/require-assignment.ts';
import type { ObjectiveSettings } from '../allocation/slot-state.ts';
import { CloseStack } from '../basics/close-stack.ts';
import type { ControllerEvent, DecidedEvent } from '../controller/controller-events.ts';
import type { Place } from '../controller/messages.ts';
import { listenController, type RunningController, startController } from '../live/controller-server.ts';
import { connectWebSocket } from '../transport-node/websocket-client.ts';
import { type EdgeProcess, startEdgeProcess } from './edge-process.ts';
import { type FleetAnswer, FleetReader, type ReaderPlan, type ReaderState } from './fleet-reader.ts';

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
  /** Flags of every edge process: model, profile. */
  readonly edgeFlags: readonly string[];
  readonly walk: Walk;
  readonly policy: RemotePolicy;
  readonly fallback: NamedPolicy;
  readonly objective: NonNullable<ObjectiveSettings['kind']>;
  readonly slotMs: number;
  readonly onEvent?: (event: ControllerEvent) => void;
}

export interface Fleet extends AsyncDisposable {
  readonly controller: RunningController;
  readonly edges: readonly { readonly name: string; readonly process: EdgeProcess }[];
  readonly readers: readonly ReaderState[];
  /** As {@link FleetReader.readBetween}, of each device. */
  readBetween(fromMs: number, toMs: number): readonly { readonly tokens: number; readonly wantedMs: number }[];
  readonly answers: readonly FleetAnswer[];
  /** Lets every device end its answer. */
  finish(): Promise<void>;
}

const edgePrefix = 'edge-';

export async function startFleet(plan: FleetPlan): Promise<Fleet> {
  await using opened = new CloseStack();
  let last: DecidedEvent | null = null;
  const readers: FleetReader[] = [];
  const shareLinks = (): void => {
    for (const reader of readers) reader.changeLinks(readers, last);
  };
  const controller = startController({
    ...{ policy: plan.policy, fallback: plan.fallback, objective: plan.objective, slotMs: plan.slotMs },
    onEvent(event) {
      if (event.kind === 'decided') {
        last = event;
        shareLinks();
      }
      plan.onEvent?.(event);
    },
  });
  opened.defer(() => controller.close());
  const listener = await listenController(controller, { host: '127.0.0.1', port: 0 });
  opened.defer(() => listener.close());
  const url = `ws://127.0.0.1:${listener.port}`;
  const edges = await Promise.all(
    Array.from({ length: plan.edges }, async (_, index) => {
      const name = `${edgePrefix}${index + 1}`;
      const at = plan.walk.edgeAt(index);
      const flags = [...plan.edgeFlags, '--controller', url, '--name', name, `--place=${at.xM},${at.yM}`];
      const process = await startEdgeProcess(flags, plan.note);
      opened.defer(async () => void (await process.close()));
      return { name, process };
    }),
  );
  const rates = (device: number, edge: string): number =>
    plan.walk.rate(device, Number(edge.slice(edgePrefix.length)) - 1);
  const readerPlan = { ...plan, rates, placeOf: (device: number) => plan.walk.deviceAt(device) };
  for (let index = 0; index < plan.devices; index += 1)
    readers.push(new FleetReader(readerPlan, connectWebSocket(url), index));
  for (const reader of readers) opened.defer(async () => reader.close());
  const walking = setInterval(() => {
    plan.walk.step();
    shareLinks();
  }, plan.walk.slotMs);
  opened.defer(async () => clearInterval(walking));
  for (const reader of readers) void reader.run();
  const kept = opened.move();
  return {
    controller,
    edges,
    get readers() {
      return readers.map((reader) => reader.state(last));
    },
    readBetween: (fromMs, toMs) => readers.map((reader) => reader.readBetween(fromMs, toMs)),
    get answers() {
      return readers.flatMap(({ answers }) => answers);
    },
    async finish() {
      await Promise.all(readers.map((reader) => reader.finish()));
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
