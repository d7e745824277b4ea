// Ctrl-C ends long work in order; a second one ends the process. A process that another one of Outrider has started ends with it.

/** Set for a process that children/child-service.ts starts, with a channel for messages. Those that it starts inherit it without one. */
export const childVariable = 'OUTRIDER_CHILD';

/** Whether another process of Outrider has started this one: it has chosen everything, and this one ends when the channel does. */
export const hasParent = (): boolean => process.env[childVariable] !== undefined && process.send !== undefined;

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

/** Resolves when the signal is aborted, or, for a process that another one has started, when the channel to that one closes. */
export function askedToStop(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (!hasParent()) return;
    if (!process.connected) resolve();
    process.once('disconnect', () => resolve());
    // An open channel keeps no process alive that was stopped by a signal, or has failed.
    process.channel?.unref();
  });
}
