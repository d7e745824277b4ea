// The processor time of a piece of work on this thread.

/** Node before 22.19 knows only the time of the whole process, other threads included. */
const usageOf = process.threadCpuUsage ?? process.cpuUsage;

/** Starts to count. @returns a function that says how many milliseconds of processor time were spent since */
export function startCpuTime(): () => number {
  const before = usageOf();
  return () => {
    const { user, system } = usageOf(before);
    return 1e-3 * (user + system);
  };
}
