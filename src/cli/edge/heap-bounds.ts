// Keeps V8 from holding memory that an edge does not need. Under load V8 doubles the room for young objects up to 134 MB, and lets the heap
// grow to a multiple of what is in use before it collects old objects; pages that it has emptied it keeps, for the most that there ever was.
// That resembles a leak, and whoever floods an edge once would have its memory for good. A leak still grows: nothing here limits what can
// be in use.

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nativeTrim } from '../../models/engines/native-trim.ts';

/** Limit of the room for young objects: two halves of 8 MiB. */
const youngBytes = 2 * 8 * 1_048_576;
/** Growth of the heap since the last collection at which old objects are collected. */
const growingPercent = 40;
const youngCheckMs = 100;
/**
 * Growth of resident memory since it was last given back at which it is given back again: so many bytes, or this part of the objects in use,
 * because collecting them costs readers a pause.
 */
const leastExcessBytes = 16 * 1_048_576;
const excessOverUsed = 0.5;
const checkMs = 20_000;
/**
 * Largest part of the processor that the process has used since the last check for a collection: it takes long, and a heap that has shrunk
 * has to grow again. The C heap is trimmed at each check: after an attack 20 to 60 MB of it are empty, and it takes milliseconds.
 */
const mostBusyShare = 0.35;
/** Checks that are left out after one that brought little. */
const leftOutChecks = 2;

/** When memory was given back last. */
export interface GivenBack {
  /** Resident memory then, bytes. */
  readonly leftBytes: number;
  /** Checks that are left out from now on. */
  readonly leftOut: number;
}

export function freshGivenBack(residentBytes: number): GivenBack {
  return { leftBytes: residentBytes, leftOut: 0 };
}

/**
 * Gives memory back where enough can be won.
 * @param resident bytes @param used bytes in objects @param giveBack @returns resident bytes after it
 */
export function checkMemory(before: GivenBack, resident: number, used: number, giveBack: () => number): GivenBack {
  if (before.leftOut > 0) return { ...before, leftOut: before.leftOut - 1 };
  const excessBytes = Math.max(leastExcessBytes, excessOverUsed * used);
  if (resident < before.leftBytes + excessBytes) return { ...before, leftBytes: Math.min(before.leftBytes, resident) };
  const leftBytes = giveBack();
  const hasBroughtLittle = resident - leftBytes < excessBytes / 2;
  return { leftBytes, leftOut: hasBroughtLittle ? leftOutChecks : 0 };
}

/** Leaves alone what the caller of the process has set with options of Node. */
export function boundHeap(): Disposable {
  const given = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`;
  if (!given.includes('heap-growing')) setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  const stopYoung = given.includes('semi-space') ? (): void => {} : boundYoung();
  const collect = collector();
  let trim = (): void => {};
  void nativeTrim().then((found) => {
    trim = found;
  });
  const residentBytes = (): number => process.memoryUsage.rss();
  let state = freshGivenBack(residentBytes());
  let before = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    trim();
    if ((user + system) / 1000 > mostBusyShare * checkMs) return;
    state = checkMemory(state, residentBytes(), process.memoryUsage().heapUsed, () => {
      collect();
      trim();
      return residentBytes();
    });
  }, checkMs).unref();
  return {
    [Symbol.dispose]() {
      stopYoung();
      clearInterval(timer);
    },
  };
}

/** @returns stops it */
function boundYoung(): () => void {
  const stop = (): void => clearInterval(timer);
  const check = (): void => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (space !== undefined && space.space_size < youngBytes) return;
    // V8 reads this factor each time it would grow the room. It reads the size itself only at the start of the process.
    setFlagsFromString('--semi-space-growth-factor=1');
    stop();
  };
  const timer = setInterval(check, youngCheckMs).unref();
  return stop;
}

/** Only V8's collection for lack of memory gives empty pages back. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  setFlagsFromString('--no-expose-gc');
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
