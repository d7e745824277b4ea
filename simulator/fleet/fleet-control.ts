// The controller of a fleet: in this process, where policies can be changed, or in one of its own, which can be killed, or several of these.

import type { ControllerEvent } from '../../src/allocation/controller/controller-events.ts';
import type { RemotePolicy } from '../../src/allocation/slot/remote-policy.ts';
import type { NamedPolicy } from '../../src/allocation/slot/require-assignment.ts';
import type { ObjectiveSettings } from '../../src/allocation/slot/slot-state.ts';
import { cellNote, type FleetEvent } from '../../src/cli/controller-fleet.ts';
import { CloseStack } from '../../src/core/basics/close-stack.ts';
import {
  listenController,
  type RunningController,
  startController,
} from '../../src/processes/controller/controller-server.ts';
import { startNatsServer } from '../files/nats-server.ts';
import { type ControllerProcess, startControllerProcess } from './controller-process.ts';
import { type KeptProcess, keepRunning } from './keep-running.ts';

export type EventListener = (event: ControllerEvent) => void;

export interface FleetControl extends AsyncDisposable {
  /** One address, or several with commas between them. */
  readonly url: string;
  /** The one that decides. Null: it runs in this process, or has ended, or none decides. */
  readonly processId: number | null;
  /** For people. */
  readonly processes: string;
  /** The listener gets its events from now on. */
  listen(listener: EventListener): void;
  /** Another policy, from the next slot on; undefined: it runs elsewhere. */
  readonly setPolicy?: RunningController['setPolicy'];
}

export interface ControlSettings {
  readonly policy: RemotePolicy;
  readonly fallback: NamedPolicy;
  readonly objective: NonNullable<ObjectiveSettings['kind']>;
  readonly slotMs: number;
}

export async function controlHere(settings: ControlSettings): Promise<FleetControl> {
  await using opened = new CloseStack();
  let onEvent: EventListener = () => {};
  const controller = startController({ ...settings, onEvent: (event) => onEvent(event) });
  opened.defer(() => controller.close());
  const listener = await listenController(controller, { host: '127.0.0.1', port: 0 });
  opened.defer(() => listener.close());
  const kept = opened.move();
  return {
    url: `ws://127.0.0.1:${listener.port}`,
    processId: null,
    processes: 'controller in this process',
    setPolicy: (policy, objective) => controller.setPolicy(policy, objective),
    listen(next) {
      onEvent = next;
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/**
 * A controller in a process of its own, which is started again when it ends.
 * @param flags of `outrider controller` @param note gets each line of its output
 */
export async function controlApart(flags: readonly string[], note: (line: string) => void): Promise<FleetControl> {
  let onEvent: EventListener = () => {};
  const start = (port: number): Promise<ControllerProcess> =>
    startControllerProcess([...flags, '--log'], { port, onEvent: (event) => onEvent(event), onNote: note });
  const kept = await keepRunning('the controller', start, note);
  return {
    get url() {
      return kept.process.url;
    },
    get processId() {
      return kept.isRunning ? kept.process.processId : null;
    },
    get processes() {
      return `controller ${kept.process.processId}`;
    },
    listen(next) {
      onEvent = next;
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** Two controllers that share a store on this machine, each started again when it ends. As {@link controlApart}. */
export async function controlByLease(flags: readonly string[], note: (line: string) => void): Promise<FleetControl> {
  await using opened = new CloseStack();
  const store = opened.use(await startNatsServer());
  let onEvent: EventListener = () => {};
  /** By name of a controller: whether it has said that it leads. */
  const leads = new Map<string, boolean>();
  const controllers: { readonly name: string; readonly kept: KeptProcess<ControllerProcess> }[] = [];
  for (const name of ['controller 1', 'controller 2']) {
    const onFleetEvent = (event: FleetEvent): void => {
      if (event.kind === 'store') note(`${name}: ${event.cause ?? "the fleet's store answers"}`);
      else {
        leads.set(name, event.epoch !== null);
        note(`${name}: ${cellNote(event)}`);
      }
    };
    const start = (port: number): Promise<ControllerProcess> => {
      leads.delete(name);
      const words = [...flags, '--log', '--fleet', store.url];
      const onNote = (line: string): void => note(`${name}: ${line}`);
      return startControllerProcess(words, { port, onEvent: (event) => onEvent(event), onFleetEvent, onNote });
    };
    controllers.push({ name, kept: opened.use(await keepRunning(name, start, note)) });
  }
  const isLeading = ({ name, kept }: (typeof controllers)[number]): boolean =>
    kept.isRunning && leads.get(name) === true;
  const stack = opened.move();
  return {
    get url() {
      return controllers.map(({ kept }) => kept.process.url).join(',');
    },
    get processId() {
      return controllers.find(isLeading)?.kept.process.processId ?? null;
    },
    get processes() {
      const named = controllers.map(
        (one) => `${one.name} ${one.kept.process.processId}${isLeading(one) ? ' (leads)' : ''}`,
      );
      return `${named.join(', ')}, store ${store.processId}`;
    },
    listen(next) {
      onEvent = next;
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
