// A controller as a child process.

import type { ControllerEvent } from '../../src/allocation/controller/controller-events.ts';
import { type ChildService, type ChildSettings, startChild } from '../../src/cli/children/child-service.ts';
import type { FleetEvent } from '../../src/cli/controller-fleet.ts';

export interface ControllerProcess extends Omit<ChildService, 'close'> {
  /** As {@link kill}: it has nothing to finish. */
  close(): Promise<void>;
}

export interface ControllerProcessSettings extends Omit<ChildSettings, 'environment'> {
  /** Default: a free one. */
  readonly port?: number;
  /** With `--log` among the flags. */
  readonly onEvent?: (event: ControllerEvent) => void;
  /** The same, of one of a fleet. */
  readonly onFleetEvent?: (event: FleetEvent) => void;
}

/** @param flags of `outrider controller` @throws OutriderError as {@link startChild}, `internal` without an error of its own */
export async function startControllerProcess(
  flags: readonly string[],
  { port = 0, onEvent, onFleetEvent, onNote, ...settings }: ControllerProcessSettings = {},
): Promise<ControllerProcess> {
  const words = ['controller', '--port', `${port}`, ...flags];
  const child = await startChild(words, 'internal', {
    ...settings,
    environment: { OUTRIDER_CONTROLLER_KEY: undefined },
    onNote(line) {
      const event = line.startsWith('{') ? (JSON.parse(line) as ControllerEvent | FleetEvent) : null;
      if (event === null) onNote?.(line);
      else if (event.kind === 'cell' || event.kind === 'store') onFleetEvent?.(event);
      else onEvent?.(event);
    },
  });
  return { ...child, close: child.kill };
}
