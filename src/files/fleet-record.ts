// Records what a fleet does: a file of lines that the fleet page replays. It has names and places of devices, so only its owner may read it.

import { appendFileSync, statSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { type Fleet, type Table, tableOf } from '../allocation/controller/watch/fleet-rows.ts';
import { frameOf, type RecordHead, watchVersion } from '../allocation/controller/watch/watch-messages.ts';
import { badArgument } from '../core/basics/errors.ts';
import { LineQueue } from './line-queue.ts';
import { hideFromOthers, ownerOnly } from './private-file.ts';

export interface RecordSettings {
  readonly fleet: () => Fleet;
  /** Called once, with one line, when the record ends early. */
  readonly onEnded: (why: string) => void;
  /** Bytes of the file; default 128 MiB. */
  readonly mostBytes?: number;
  /** Default 1,000. */
  readonly everyMs?: number;
}

/** What the fleet page opens. */
const usualBytes = 134_217_728;
const mostWaiting = 33_554_432;
const mode = ownerOnly;

/**
 * Appends to a file, so that a controller that is started again continues it.
 * @throws OutriderError `bad-argument` where it can't be written
 */
export function recordFleet(path: string, settings: RecordSettings): AsyncDisposable {
  const { fleet, onEnded, mostBytes = usualBytes, everyMs = 1000 } = settings;
  const head: RecordHead = { kind: 'outrider-fleet', version: watchVersion, began: new Date().toISOString() };
  let bytes = beginFile(path, `${JSON.stringify(head)}\n`);
  let before: Table | null = null;
  const end = (why: string): void => {
    clearInterval(timer);
    onEnded(`${path} ends here: ${why}`);
  };
  const sink = {
    append: (text: string) => appendFile(path, text, { mode }),
    appendNow: (text: string) => appendFileSync(path, text),
  };
  const failed = (error: unknown): boolean => {
    end((error as NodeJS.ErrnoException).code ?? String(error));
    return false;
  };
  const queue = new LineQueue(sink, { mostWaiting, pauseMs: 0, failed });
  const write = (): void => {
    // A slow disk gets fewer lines: each has all changes since the one before.
    if (!queue.isIdle) return;
    const after = tableOf(fleet());
    const line = JSON.stringify(frameOf(before, after, performance.now()));
    before = after;
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > mostBytes) end(`it has ${Math.round(mostBytes / 1_048_576)} MiB`);
    else queue.write(line);
  };
  const timer = setInterval(write, everyMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await queue.flush();
    },
  };
}

/** @returns its bytes */
function beginFile(path: string, head: string): number {
  try {
    appendFileSync(path, head, { mode });
    hideFromOthers(path);
    return statSync(path).size;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw badArgument(`${path} can't be written: ${code}`, 'give --record another file', { cause: error });
  }
}
