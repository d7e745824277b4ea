// Traces on the disk. A recording grows in FILE.partial, session by session, so that what is finished survives an interruption; it takes its
// own name when it is whole.

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { badArgument, OutriderError } from '../../src/core/basics/errors.ts';
import type { Trace, TraceHeader, TraceSession } from '../traces/trace.ts';
import {
  type PartialTrace,
  parsePartialTrace,
  parseTrace,
  traceEndBytes,
  traceHeaderBytes,
  traceSessionBytes,
  writeTrace,
} from '../traces/trace-file.ts';

/** @throws OutriderError `bad-argument` for no file or a broken one, `version-mismatch` for one of another version */
export function readTrace(path: string): Trace {
  return parseTrace(failAsArgument(path, () => readFileSync(path)));
}

/** SHA-256 of its file, for records of what was measured with it. */
export function hashTrace(trace: Trace): string {
  return createHash('sha256').update(writeTrace(trace)).digest('hex');
}

export interface Recording {
  /** Finished before this run. */
  readonly finished: readonly TraceSession[];
  add(session: TraceSession): void;
  finish(): void;
}

type Planned = readonly Pick<TraceSession, 'id' | 'prompt'>[];

/** Refuses a name that is taken, before any work. @throws OutriderError `bad-argument` */
export function demandNewTrace(path: string): void {
  if (existsSync(path)) throw badArgument(`there is already a file ${path}`, 'give another --out');
}

/**
 * Continues an interrupted recording, or begins one.
 * @param planned ids and prompts of all sessions, in order
 * @throws OutriderError `bad-argument` when what is there is of another recording
 */
export function openRecording(path: string, header: TraceHeader, planned: Planned): Recording {
  demandNewTrace(path);
  const partialPath = `${path}.partial`;
  const left = takeUp(partialPath, header, planned);
  if (left === null) failAsArgument(path, () => writeFileSync(partialPath, traceHeaderBytes(header)));
  else truncateSync(partialPath, left.length);
  const finished = left?.sessions ?? [];
  let count = finished.length;
  return {
    finished,
    add(session) {
      failAsArgument(path, () => appendFileSync(partialPath, traceSessionBytes(session, header)));
      count += 1;
    },
    finish() {
      const before = readFileSync(partialPath);
      failAsArgument(path, () => appendFileSync(partialPath, traceEndBytes(before, count)));
      renameSync(partialPath, path);
    },
  };
}

function takeUp(path: string, header: TraceHeader, planned: Planned): PartialTrace | null {
  if (!existsSync(path)) return null;
  const left = parseLeft(path);
  const isSame =
    left !== null &&
    Buffer.from(traceHeaderBytes(left.header)).equals(traceHeaderBytes(header)) &&
    left.sessions.every(({ id, prompt }, index) => {
      const plan = planned[index];
      return plan?.id === id && plan.prompt.join() === prompt.join();
    });
  if (isSame) return left;
  const cause = `${path} is of another recording: other models, settings or prompts`;
  throw badArgument(cause, 'delete it, or give another --out');
}

/** Null: not even its header is whole. */
function parseLeft(path: string): PartialTrace | null {
  try {
    return parsePartialTrace(readFileSync(path));
  } catch {
    return null;
  }
}

function failAsArgument<Value>(path: string, work: () => Value): Value {
  try {
    return work();
  } catch (cause) {
    const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    const words = cause instanceof Error ? cause.message : String(cause);
    if (isFull) throw new OutriderError('disk-full', words, 'make room and run it again: it continues', { cause });
    throw badArgument(`can't use ${path}: ${words}`, 'give another path', { cause });
  }
}
