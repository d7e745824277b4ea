// Times a simulator by processor time: the best of a few repeats, as the least disturbed.

export interface RepeatOptions {
  /** Processor time that each repeat lasts at least. */
  readonly repeatMs: number;
  readonly repeats: number;
}

/**
 * @param step some simulated slots, between two looks at the clock
 * @param describe called after each repeat, with the steps and the processor time that it took
 * @returns what `describe` gave of the repeat with the most steps in a millisecond
 */
export function bestRepeat<Found>(
  { repeatMs, repeats }: RepeatOptions,
  step: () => void,
  describe: (steps: number, elapsedMs: number) => Found,
): Found {
  let best: { readonly rate: number; readonly found: Found } | undefined;
  // The first repeat is for the compiler.
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

/** Of the whole process, the collector's threads included. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
