// The processor time of a piece of work on this thread.

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
