// A child process that is started again, on its port, when it ends on its own or is killed.

import { setTimeout as sleep } from 'node:timers/promises';
import { asOutriderError } from '../../src/core/basics/errors.ts';

interface Child {
  /** `ws://host:port`. */
  readonly url: string;
  readonly processId: number;
  /** Resolves when it has ended without `close`. */
  readonly lost: Promise<unknown>;
  close(): Promise<unknown>;
}

export interface KeptProcess<Kind> extends AsyncDisposable {
  /** The one that runs, or ran last. */
  readonly process: Kind;
  readonly isRunning: boolean;
}

/** From its end to its next start, ms. */
const usualPauseMs = 3000;
/** It has so long to end in order, ms. */
const endWithinMs = 10_000;

/**
 * @param start with port 0 for a free one
 * @param note gets a line for each end and each start
 * @throws OutriderError as the first start does; later ones are tried again and again
 */
export async function keepRunning<Kind extends Child>(
  name: string,
  start: (port: number) => Promise<Kind>,
  note: (line: string) => void,
  pauseMs: number = usualPauseMs,
): Promise<KeptProcess<Kind>> {
  let child = await start(0);
  const port = Number(new URL(child.url).port);
  const closing = new AbortController();
  const closed = new Promise<void>((resolve) => closing.signal.addEventListener('abort', () => resolve()));
  let isRunning = true;
  const again = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await Promise.race([child.lost, closed]);
      isRunning = false;
      while (!isRunning) {
        if (closing.signal.aborted) return;
        note(`${name} (process ${child.processId}) has ended; it is started again in ${pauseMs / 1000} s`);
        await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => {});
        if (closing.signal.aborted) return;
        try {
          child = await start(port);
          isRunning = true;
          note(`${name} runs again, as process ${child.processId}`);
        } catch (error) {
          note(`${name}: ${asOutriderError(error).message}`);
        }
      }
    }
  };
  const watched = again();
  return {
    get process() {
      return child;
    },
    get isRunning() {
      return isRunning;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await watched;
      // One that is stopped would never end.
      const late = setTimeout(() => end(child.processId), endWithinMs);
      await child.close();
      clearTimeout(late);
    },
  };
}

function end(processId: number): void {
  try {
    process.kill(processId, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
