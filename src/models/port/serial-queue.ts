// Runs asynchronous jobs one after another in the order of their calls; a failed job does not stop the next.

export interface SerialQueue {
  /** Resolves or rejects as the job does, after every earlier job has ended. */
  run<T>(job: () => Promise<T>): Promise<T>;
}

export function createSerialQueue(): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run<T>(job: () => Promise<T>): Promise<T> {
      const result = last.then(job);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
