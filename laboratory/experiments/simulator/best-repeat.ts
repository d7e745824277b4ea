// Times a simulator by processor time: the best of a few repeats, because it is the least disturbed one.

export interface RepeatOptions {
  /** Least processor time of each repeat. */
  readonly repeatMs: number;
  readonly repeats: number;
}

/**
 * @param step some simulated slots, between two checks of the time
 * @param describe called after each repeat, with its steps and processor time
 * @returns the result of `describe` for the repeat with the most steps in a millisecond
 */
export function bestRepeat<Found>(
  { repeatMs, repeats }: RepeatOptions,
  step: () => void,
  describe: (steps: number, elapsedMs: number) => Found,
): Found {
  let best: { readonly rate: number; readonly found: Found } | undefined;
  // The first repeat is a warm-up for the compiler.
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const startMs = processorMs();
    let [steps, elapsedMs] = [0, 0];
    while (elapsedMs < repeatMs) {
      step();
      steps += 1;
      elapsedMs = processorMs() - startMs;
    }
    const found = describe(steps, elapsedMs);
    if (repeat === 1 || (best !== undefined && steps / elapsedMs > best.rate))
      best = { rate: steps / elapsedMs, found };
  }
  return (best as { readonly found: Found }).found;
}

/** Processor time of the whole process, with the threads of the garbage collector. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
