// Measures the work of a thread by its processor time. Wall-clock time would not do: other programs use the processor as well.

/** The part of a `Worker` that is measured. */
export interface WatchedThread {
  /** Processor time of the thread since its start, microseconds; answered while it works. */
  cpuUsage(): Promise<{ readonly user: number; readonly system: number }>;
}

/** Why work is over its limit: `work`: it has used its processor time; `hang`: it uses none, and does not end. */
export type Overrun = 'work' | 'hang';

/** A thread that hangs uses less than this, which is what a check takes, ms. */
const stillCpuMs = 20;
/** Least time between two checks, ms. */
const checkEveryMs = 20;
/** A thread that is blocked in the system answers no check; after so long that counts as one without work, ms. */
const checkWithinMs = 1000;

/** Watches one piece of work after the other. */
export class ThreadWatch {
  readonly #thread: WatchedThread;
  readonly #hangMs: number;
  readonly #over: (why: Overrun, usedMs: number) => void;
  /** Processor time of the thread when its last piece of work ended, ms. */
  #endedCpuMs = 0;
  #work = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The last time that the thread was seen to have worked, and its processor time then, ms. */
  #moved = { atMs: 0, cpuMs: 0 };

  /**
   * @param hangMs time without work after which a thread hangs, ms
   * @param over called once for each piece of work over its limit, with its processor time, ms; not for work that has ended meanwhile
   */
  constructor(thread: WatchedThread, hangMs: number, over: (why: Overrun, usedMs: number) => void) {
    this.#thread = thread;
    this.#hangMs = hangMs;
    this.#over = over;
  }

  /** Processor time of the thread when its last piece of work ended, ms. */
  get endedCpuMs(): number {
    return this.#endedCpuMs;
  }

  /** @param mostCpuMs processor time that it may use, ms */
  begins(mostCpuMs: number): void {
    this.stop();
    this.#moved = { atMs: performance.now(), cpuMs: this.#endedCpuMs };
    this.#checkAfter(mostCpuMs, mostCpuMs, this.#work);
  }

  /** @param cpuMs of the thread since its start, as it reports, ms @returns what the work has used of it, ms */
  ends(cpuMs: number): number {
    this.stop();
    const usedMs = Math.max(0, cpuMs - this.#endedCpuMs);
    this.#endedCpuMs = cpuMs;
    return usedMs;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#work += 1;
  }

  /** Processor time passes no faster than time, so nothing can be over before that. */
  #checkAfter(ms: number, mostCpuMs: number, work: number): void {
    const delayMs = Math.max(checkEveryMs, Math.min(ms, this.#hangMs));
    this.#timer = setTimeout(() => void this.#check(mostCpuMs, work), delayMs);
    this.#timer.unref?.();
  }

  async #check(mostCpuMs: number, work: number): Promise<void> {
    const cpuMs = await Promise.race([cpuMsOf(this.#thread), pause(checkWithinMs)]);
    // Where this thread was held up itself, the answer of the work may be here and not be read yet.
    await nextTurn();
    await nextTurn();
    if (work !== this.#work) return;
    const nowMs = performance.now();
    if (cpuMs !== null && cpuMs >= this.#moved.cpuMs + stillCpuMs) this.#moved = { atMs: nowMs, cpuMs };
    const usedMs = cpuMs === null ? 0 : cpuMs - this.#endedCpuMs;
    const why = usedMs > mostCpuMs ? 'work' : nowMs - this.#moved.atMs > this.#hangMs ? 'hang' : null;
    if (why === null) this.#checkAfter(mostCpuMs - usedMs, mostCpuMs, work);
    else {
      this.stop();
      this.#over(why, usedMs);
    }
  }
}

/** Processor time of this thread since its start, ms. */
export function ownCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Null: it does not run yet, or no more. */
async function cpuMsOf(thread: WatchedThread): Promise<number | null> {
  try {
    const { user, system } = await thread.cpuUsage();
    return (user + system) / 1000;
  } catch {
    return null;
  }
}

function pause(ms: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), ms).unref?.();
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
