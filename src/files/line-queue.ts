// Lines on their way to a file: they wait in memory, up to a bound, and are written off the event loop. Where the disk is slow or fails, lines
// are dropped and counted; nothing ever waits for them.

import { setTimeout } from 'node:timers/promises';

/** Where lines go. */
export interface LineSink {
  append(text: string): Promise<void>;
  /** For the end of the process, which waits for no promise. */
  appendNow(text: string): void;
}

export interface LineQueueSettings {
  /** Characters that may wait. */
  readonly mostWaiting: number;
  /** Called for each failure of the sink, after `lost` lines were dropped. @returns whether the queue continues */
  readonly failed: (error: unknown, lost: number) => boolean;
  /** Pause after a failure, ms. */
  readonly pauseMs: number;
}

export class LineQueue {
  readonly #sink: LineSink;
  readonly #settings: LineQueueSettings;
  #waiting: string[] = [];
  #size = 0;
  #isOff = false;
  #work: Promise<void> | null = null;
  #pause = new AbortController();
  #dropped = 0;

  constructor(sink: LineSink, settings: LineQueueSettings) {
    this.#sink = sink;
    this.#settings = settings;
  }

  /** Lines that were not written, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Nothing waits and nothing is being written. */
  get isIdle(): boolean {
    return this.#work === null;
  }

  /** @param line without line break */
  write(line: string): void {
    if (this.#isOff || this.#size + line.length > this.#settings.mostWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#size += line.length + 1;
    this.#waiting.push(line);
    this.#work ??= this.#writeAll();
  }

  /** Resolves when everything is written or dropped. */
  async flush(): Promise<void> {
    this.#pause.abort();
    await this.#work;
  }

  /** Writes what waits at once, for the end of the process. */
  flushNow(): void {
    const lines = this.#take();
    try {
      if (lines.length > 0) this.#sink.appendNow(textOf(lines));
    } catch {
      this.#dropped += lines.length;
    }
  }

  /** Writes nothing more. */
  stop(): void {
    this.#isOff = true;
    this.#dropped += this.#take().length;
  }

  #take(): readonly string[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    return taken;
  }

  async #writeAll(): Promise<void> {
    // Lines of the same turn of the event loop go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#append(this.#take());
    this.#work = null;
  }

  async #append(lines: readonly string[]): Promise<void> {
    try {
      await this.#sink.append(textOf(lines));
    } catch (error) {
      this.#dropped += lines.length;
      if (!this.#settings.failed(error, lines.length)) this.stop();
      else {
        this.#pause = new AbortController();
        await setTimeout(this.#settings.pauseMs, undefined, { signal: this.#pause.signal }).catch(() => {});
      }
    }
  }
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
