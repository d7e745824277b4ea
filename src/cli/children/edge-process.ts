// An edge as a child process.

import type { Document } from '../../files/document.ts';
import { type ChildService, type ChildSettings, startChild } from './child-service.ts';

export interface EdgeProcessSettings extends Pick<ChildSettings, 'program' | 'nodeOptions' | 'onMessage'> {
  /** Port of the edge. Default: a free one. */
  readonly port?: number;
}

export interface EdgeProcess extends Omit<ChildService, 'close' | 'kill'> {
  /** Ends it in order and resolves with its account. */
  close(): Promise<Document['summary']>;
}

/** @param flags of `outrider edge` @throws OutriderError as {@link startChild}, `edge-unreachable` without an error of its own */
export async function startEdgeProcess(
  flags: readonly string[],
  onNote: (text: string) => void,
  { port = 0, ...settings }: EdgeProcessSettings = {},
): Promise<EdgeProcess> {
  const quiet = flags.includes('--log-level') ? [] : ['--log-level', 'warn'];
  const words = ['edge', '--port', `${port}`, '--json', ...quiet, ...flags];
  const environment = {
    // A key for some other edge is no key for this one.
    OUTRIDER_KEY: undefined,
    // As in operations/: glibc keeps memory of threads that have ended, in each arena.
    MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '2',
  };
  const child = await startChild(words, 'edge-unreachable', { ...settings, environment, onNote });
  return {
    ...child,
    async close() {
      const text = await child.close();
      try {
        return (JSON.parse(text) as Document).summary;
      } catch {
        return {};
      }
    },
  };
}
