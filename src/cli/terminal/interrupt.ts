// Ctrl-C ends long work in order; a second one ends the process. A process that another one has started ends with its standard input.

export const untilInputEndsOption = {
  flag: '--until-input-ends',
  help: 'end when standard input ends',
  isHidden: true,
} as const;

export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const forget = (): void => void process.off('SIGINT', stop).off('SIGTERM', stop);
  function stop(): void {
    controller.abort();
    // Libraries end the process at a signal for which nothing else listens, so the listener stays until all have been called.
    setImmediate(forget);
  }
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    forget();
  }
}

/** Resolves when the signal is aborted, or, for a process that another one has started, when standard input ends. */
export function askedToStop(signal: AbortSignal, untilInputEnds = false): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (!untilInputEnds) return;
    // An open input would keep a process alive that was asked to stop by a signal.
    signal.addEventListener('abort', () => process.stdin.destroy(), { once: true });
    // A pipe closes; a file only ends.
    process.stdin
      .once('end', () => resolve())
      .once('close', () => resolve())
      .resume();
  });
}
