// The processor time of a piece of work on this thread.

import { readFile } from 'node:fs/promises';

/** Starts to count. @returns a function that returns the processor time since then, ms */
export function startCpuTime(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return 1e-3 * (user + system);
  };
}

/** @returns the result of the work, its time, and the processor time of this thread, which other programs lengthen little */
export function timed<Found>(work: () => Found): { found: Found; ms: number; cpuMs: number } {
  const cpuSince = startCpuTime();
  const startMs = performance.now();
  const found = work();
  const ms = performance.now() - startMs;
  return { found, ms, cpuMs: cpuSince() };
}

/** Ticks of the counters of /proc in a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Processor time of another process since its start, seconds; undefined where the system is not Linux. */
export async function processorSeconds(processId: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : undefined;
}
