// A controller as a child process.

import type { ControllerEvent } from '../../allocation/controller/controller-events.ts';
import { type ChildService, type ChildSettings, startChild } from './child-service.ts';

export interface ControllerProcess extends Omit<ChildService, 'close'> {
  /** As {@link kill}: it has nothing to finish. */
  close(): Promise<void>;
}

export interface ControllerProcessSettings extends Omit<ChildSettings, 'environment'> {
  /** Default: a free one. */
  readonly port?: number;
  /** With `--log` among the flags. */
  readonly onEvent?: (event: ControllerEvent) => void;
}

/** @param flags of `outrider controller` @throws OutriderError as {@link startChild}, `internal` without an error of its own */
export async function startControllerProcess(
  flags: readonly string[],
  { port = 0, onEvent, onNote, ...settings }: ControllerProcessSettings = {},
): Promise<ControllerProcess> {
  const words = ['controller', '--port', `${port}`, '--until-input-ends', ...flags];
  const child = await startChild(words, 'internal', {
    ...settings,
    environment: { OUTRIDER_CONTROLLER_KEY: undefined },
    onNote(line) {
      if (line.startsWith('{')) onEvent?.(JSON.parse(line) as ControllerEvent);
      else onNote?.(line);
    },
  });
  return { ...child, close: child.kill };
}
