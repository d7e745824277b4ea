// Writes event logs to files as things happen: a device's line by line, an edge's off the event loop. Reads them again.

import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { badArgument } from '../core/basics/errors.ts';
import { type EventLog, parseEventLog } from '../core/protocol/log/event-log.ts';
import { createDeviceLog, createEdgeLog, type LogOptions } from '../core/protocol/log/event-log-write.ts';
import type { Tokenizer } from '../models/port/model.ts';
import type { TurnOptions } from '../processes/device/turn-options.ts';
import type { EdgeOptions } from '../processes/edge/edge-options.ts';
import type { SessionStep } from '../processes/edge/edge-sessions.ts';
import { packageVersion } from './document.ts';
import { LineQueue, type LineSink } from './line-queue.ts';
import { makeDirectory } from './make-directory.ts';
import { hideFromOthers, ownerOnly } from './private-file.ts';

type OnTurnStep = NonNullable<TurnOptions['onStep']>;
type OnSessionStep = NonNullable<EdgeOptions['onStep']>;

/**
 * Logs of a device's turns: the first is written to `path`, the n-th to a file beside it with -n in its name.
 * @returns a function that makes the `onStep` of one turn
 */
export function logTurns(path: string, tokenizer: Tokenizer): () => OnTurnStep {
  let turnCount = 0;
  return () => {
    turnCount += 1;
    const { dir, name, ext } = parse(path);
    const file = turnCount === 1 ? path : join(dir, `${name}-${turnCount}${ext}`);
    return createDeviceLog(logOptions(fileOf(file), tokenizer));
  };
}

/** Logs of an edge's sessions, and what ends them. */
export interface SessionLogs {
  readonly onStep: OnSessionStep;
  readonly onForgotten: (session: number) => void;
  /** Where the logs of this run are. */
  readonly directory: string;
  /** Writes what waits. */
  close(): Promise<void>;
  /** The same at once, for the end of the process. */
  closeNow(): void;
}

/** Bounds of {@link logSessions}. */
export interface SessionLogSettings {
  /** Bytes of all logs of a run; then logging ends. Default: 1 GiB. */
  readonly mostBytes?: number;
  /** Called once, with one line, when logging ends early: the disk failed, or the run has reached `mostBytes`. Default: ignored. */
  readonly onEnded?: (why: string) => void;
}

/** Characters of lines that wait for a slow disk. */
const mostWaiting = 16_777_216;

/**
 * Logs of an edge's sessions: session-1.jsonl, session-2.jsonl, ... in a new folder of `directory`, named by the present time; older logs
 * are kept. Only their owner may read them, because they have the prompts. Lines are written off the event loop; the end of a process
 * without {@link SessionLogs.close} loses those of a moment.
 * @throws OutriderError `bad-argument` when the folder can't be made
 */
export function logSessions(
  directory: string,
  tokenizer: Tokenizer,
  { mostBytes = 2 ** 30, onEnded = () => {} }: SessionLogSettings = {},
): SessionLogs {
  makeDirectory(directory);
  const folder = failAsArgument(directory, () => makeRunFolder(directory));
  const logs = new Map<number, ReturnType<typeof createEdgeLog>>();
  let bytes = 0;
  let isOver = false;
  const end = (why: string): void => {
    if (isOver) return;
    isOver = true;
    logs.clear();
    onEnded(`the event logs in ${folder} end here: ${why}`);
  };
  const queue = new LineQueue(appendingFiles, {
    mostWaiting,
    pauseMs: 0,
    failed: (error) => {
      end(error instanceof Error ? error.message : String(error));
      return false;
    },
  });
  const openLog = (session: number): ReturnType<typeof createEdgeLog> => {
    const path = join(folder, `session-${session}.jsonl`);
    const write = (line: string): void => {
      bytes += line.length + 1;
      if (bytes > mostBytes) end(`they have reached ${mostBytes} bytes`);
      else queue.write(path, line);
    };
    return createEdgeLog({ ...logOptions(write, tokenizer), endIds: tokenizer.endIds });
  };
  return {
    directory: folder,
    onStep: (step: SessionStep) => {
      if (isOver) return;
      // A step in flight may end after its session was forgotten. Its log has ended then, and must not begin a second time.
      if (step.event.kind === 'session-created') logs.set(step.session, openLog(step.session));
      logs.get(step.session)?.(step);
    },
    onForgotten: (session) => void logs.delete(session),
    close: () => queue.flush(),
    closeNow: () => queue.flushNow(),
  };
}

const appendingFiles: LineSink = {
  append: (path, text) => appendFile(path, text, { mode: ownerOnly }),
  appendNow: (path, text) => appendFileSync(path, text, { mode: ownerOnly }),
};

/** Named by the start: 2026-11-26T08-30-00; of two runs in one second the second one has -2. */
function makeRunFolder(directory: string): string {
  const name = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  for (let count = 1; ; count += 1) {
    const folder = join(directory, count === 1 ? name : `${name}-${count}`);
    try {
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** logs/session-1.jsonl, where only the runs in logs/ have such a file: that of the newest run. */
function newestOf(path: string): string {
  const { dir, base } = parse(path);
  if (existsSync(path) || !existsSync(dir)) return path;
  const runs = readdirSync(dir).filter((name) => existsSync(join(dir, name, base)));
  return join(dir, runs.sort().at(-1) ?? '', base);
}

/** @throws OutriderError `bad-argument` when there is no such file or it is no log, `version-mismatch` for one of another version */
export function readEventLog(path: string): EventLog {
  const text = failAsArgument(path, () => readFileSync(newestOf(path), 'utf8'));
  return parseEventLog(text);
}

/** A device's log: each line is written at once, so that a crash loses nothing that came before it. */
function fileOf(path: string): (line: string) => void {
  failAsArgument(path, () => {
    writeFileSync(path, '', { mode: ownerOnly });
    hideFromOthers(path);
  });
  return (line) => appendFileSync(path, `${line}\n`);
}

function logOptions(write: (line: string) => void, tokenizer: Tokenizer): LogOptions {
  const tokenBytes = (id: number): Uint8Array => tokenizer.bytes(id);
  return { write, tokenBytes, outrider: packageVersion(), date: new Date().toISOString() };
}

function failAsArgument<Value>(path: string, work: () => Value): Value {
  try {
    return work();
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw badArgument(`can't use ${path}: ${words}`, 'give another path', { cause });
  }
}
