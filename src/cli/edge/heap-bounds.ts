// Keeps V8 from holding memory that an edge does not need. Under load V8 doubles the room for young objects up to 134 MB, and lets the heap
// grow to a multiple of what is in use before it collects old objects; pages that it has emptied it keeps, for the most that there ever was.
// That looks like a leak, and whoever floods an edge once would have its memory for good. A leak still grows: nothing here limits what can
// be in use.

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Room for young objects at which it stops to grow: two halves of 8 MiB. */
const youngBytes = 2 * 8 * 1_048_576;
/** Old objects are collected when the heap has grown by so much since the last time. */
const growingPercent = 40;
const lookEveryMs = 100;
/** Memory is given back where so much more is resident than after the last time, or half of what the heap has in use: that is the pause. */
const leastExcessBytes = 16 * 1_048_576;
const excessOverUsed = 0.5;
const giveBackEveryMs = 20_000;
/** ... and where the process has had little to do meanwhile: collecting costs a pause, and a heap that has shrunk has to grow again. */
const mostBusyShare = 0.35;
/** Looks that are left out after a time that has brought little, at most: a minute of calm after a flood is enough. */
const mostLeftOut = 2;

/** When memory was given back last, and what that has brought. */
export interface GivenBack {
  /** Resident then, bytes. */
  readonly leftBytes: number;
  /** Looks that are left out before the next one that counts. */
  readonly pause: number;
  /** What the pause will be after the next time that brings little. */
  readonly nextPause: number;
}

export function freshGivenBack(residentBytes: number): GivenBack {
  return { leftBytes: residentBytes, pause: 0, nextPause: 1 };
}

/**
 * One look. It costs readers a pause, so what brings little is done seldom.
 * @param used bytes in objects @param giveBack @returns resident bytes after it
 */
export function lookAtMemory(before: GivenBack, resident: number, used: number, giveBack: () => number): GivenBack {
  if (before.pause > 0) return { ...before, pause: before.pause - 1 };
  const excessBytes = Math.max(leastExcessBytes, excessOverUsed * used);
  if (resident < before.leftBytes + excessBytes) return { ...before, leftBytes: Math.min(before.leftBytes, resident) };
  const leftBytes = giveBack();
  if (resident - leftBytes >= excessBytes / 2) return freshGivenBack(leftBytes);
  return { leftBytes, pause: before.nextPause, nextPause: Math.min(mostLeftOut, 2 * before.nextPause) };
}

/** Leaves alone what the caller of the process has set with options of Node. */
export function boundHeap(): Disposable {
  const given = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`;
  if (!given.includes('heap-growing')) setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  const stopLooking = given.includes('semi-space') ? (): void => {} : boundYoung();
  const collect = collector();
  const residentBytes = (): number => process.memoryUsage.rss();
  let state = freshGivenBack(residentBytes());
  let before = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    if ((user + system) / 1000 > mostBusyShare * giveBackEveryMs) return;
    state = lookAtMemory(state, residentBytes(), process.memoryUsage().heapUsed, () => {
      collect();
      return residentBytes();
    });
  }, giveBackEveryMs).unref();
  return {
    [Symbol.dispose]() {
      stopLooking();
      clearInterval(timer);
    },
  };
}

/** @returns stops it */
function boundYoung(): () => void {
  const stop = (): void => clearInterval(timer);
  const look = (): void => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (space !== undefined && space.space_size < youngBytes) return;
    // V8 reads this factor each time it would grow the room. It reads the size itself only at the start of the process.
    setFlagsFromString('--semi-space-growth-factor=1');
    stop();
  };
  const timer = setInterval(look, lookEveryMs).unref();
  return stop;
}

/** Of V8's collections only the one that is meant for lack of memory gives empty pages back. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  setFlagsFromString('--no-expose-gc');
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
