// Keeps V8 from reserving memory that an edge does not need. Under load V8 doubles the room for young objects up to 134 MB, and lets the heap
// grow to a multiple of what is in use before it collects old objects; it keeps both, which looks like a leak for minutes. A leak still
// grows: neither is a limit of what can be in use.

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Room for young objects at which it stops to grow: two halves of 16 MiB. */
const youngBytes = 2 * 16 * 1_048_576;
/** Old objects are collected when the heap has grown by so much since the last time. */
const growingPercent = 40;
const lookEveryMs = 100;

/** Leaves alone what the caller of the process has set with options of Node. */
export function boundHeap(): Disposable {
  const given = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`;
  if (!given.includes('heap-growing')) setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  const stop = (): void => clearInterval(timer);
  const look = (): void => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (space !== undefined && space.space_size < youngBytes) return;
    // V8 reads this factor each time it would grow the room. It reads the size itself only at the start of the process.
    setFlagsFromString('--semi-space-growth-factor=1');
    stop();
  };
  const timer = setInterval(look, lookEveryMs).unref();
  if (given.includes('semi-space')) stop();
  return { [Symbol.dispose]: stop };
}
