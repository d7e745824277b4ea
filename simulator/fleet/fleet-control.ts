// The controller of a fleet: in this process, where policies can be changed, or in one of its own, which can be killed.

import type { ControllerEvent } from '../../src/allocation/controller/controller-events.ts';
import type { RemotePolicy } from '../../src/allocation/slot/remote-policy.ts';
import type { NamedPolicy } from '../../src/allocation/slot/require-assignment.ts';
import type { ObjectiveSettings } from '../../src/allocation/slot/slot-state.ts';
import { type ControllerProcess, startControllerProcess } from '../../src/cli/children/controller-process.ts';
import { CloseStack } from '../../src/core/basics/close-stack.ts';
import {
  listenController,
  type RunningController,
  startController,
} from '../../src/processes/controller/controller-server.ts';
import { keepRunning } from './keep-running.ts';

export type EventListener = (event: ControllerEvent) => void;

export interface FleetControl extends AsyncDisposable {
  readonly url: string;
  /** Null: it runs in this process, or has ended. */
  readonly processId: number | null;
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
    listen(next) {
      onEvent = next;
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
