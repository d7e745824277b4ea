// Writes event logs to files as things happen, so that a crash loses nothing that came before it.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { badArgument } from '../basics/errors.ts';
import type { TurnOptions } from '../device/turn-options.ts';
import type { EdgeOptions } from '../edge/edge-options.ts';
import type { SessionStep } from '../edge/edge-sessions.ts';
import type { Tokenizer } from '../models/model.ts';
import { type EventLog, parseEventLog } from '../protocol/event-log.ts';
import { createDeviceLog, createEdgeLog, type LogOptions } from '../protocol/event-log-write.ts';
import { packageVersion } from './document.ts';
import { makeDirectory } from './make-directory.ts';

type OnTurnStep = NonNullable<TurnOptions['onStep']>;
type OnSessionStep = NonNullable<EdgeOptions['onStep']>;

/**
 * Logs of a device's turns: the first goes to `path`, the n-th to a file beside it with -n in its name.
 * @returns makes what one turn is given as `onStep`
 */
export function logTurns(path: string, tokenizer: Tokenizer): () => OnTurnStep {
  let turnCount = 0;
  return () => {
    turnCount += 1;
    const { dir, name, ext } = parse(path);
    return createDeviceLog(logOptions(turnCount === 1 ? path : join(dir, `${name}-${turnCount}${ext}`), tokenizer));
  };
}

/** Logs of an edge's sessions: session-1.jsonl, session-2.jsonl, ... in `directory`, which is made. */
export function logSessions(directory: string, tokenizer: Tokenizer): OnSessionStep {
  makeDirectory(directory);
  const logs = new Map<number, ReturnType<typeof createEdgeLog>>();
  const openLog = (session: number): ReturnType<typeof createEdgeLog> =>
    createEdgeLog({ ...logOptions(join(directory, `session-${session}.jsonl`), tokenizer), endIds: tokenizer.endIds });
  return (step: SessionStep) => {
    const log = logs.get(step.session) ?? openLog(step.session);
    logs.set(step.session, log);
    log(step);
  };
}

/** @throws OutriderError `bad-argument` when there is no such file or it is no log, `version-mismatch` for one of another version */
export function readEventLog(path: string): EventLog {
  return parseEventLog(failAsArgument(path, () => readFileSync(path, 'utf8')));
}

/** Each line opens and closes the file: sessions may be forgotten without a word, and then nothing is left open. */
function logOptions(path: string, tokenizer: Tokenizer): LogOptions {
  failAsArgument(path, () => writeFileSync(path, ''));
  const write = (line: string): void => appendFileSync(path, `${line}\n`);
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
