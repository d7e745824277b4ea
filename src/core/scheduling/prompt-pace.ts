// How much of the engine's time prompts get while other sessions decode. What a prompt token costs depends on the engine and on the length of
// the text, which the model of step times does not know: so each chunk is measured, and what it took beyond the part of prompts is paid back
// by steps without one (stall-free scheduling: Agrawal et al. 2024, with time in place of a token budget). Pure: times come from the caller.

import { leastPromptPart } from './key-time.ts';

/** Longest time of a chunk, over that of the decode rows that wait for it. Shorter calls would be mostly the fixed time of a call. */
export const chunkOverDecoding = 3;
/**
 * A reader who asks again at once waits for the rest of a chunk that has begun in the pause. A chunk may grow with the pause, so that an edge
 * where no session decodes reads prompts in long chunks.
 */
const chunkOverDecodingAlone = 1.2;
const chunkOverPause = 0.25;
/** Prompts get so much of their part: beside them, a token takes its reader longer than the engine's time shows. */
const grantedOfPart = 0.97;

/** The prompt chunk of a step. */
export interface ReadChunk {
  /** The session. */
  readonly reader: object;
  readonly tokens: number;
}

export class PromptPace {
  #owedMs = 0;
  #promptPart = leastPromptPart;
  #hasPrompts = false;
  /** Time of the last decode rows, and of all steps since then, ms. */
  #decodingMs = 0;
  #pauseMs = Number.POSITIVE_INFINITY;
  readonly #tokenMs = new WeakMap<object, number>();

  /**
   * Whether a step of decoding sessions may have a chunk as well.
   * @param hasNewcomer one of them has no token yet. It is spared the chunk, until prompts are owed the time of one.
   */
  isDue(hasNewcomer: boolean): boolean {
    return this.#owedMs <= (hasNewcomer ? -this.#chunkMs : 0);
  }

  /** Longest time of a chunk in a step without decoding sessions, ms. */
  get aloneChunkMs(): number {
    return chunkOverDecodingAlone * this.#decodingMs + chunkOverPause * this.#pauseMs;
  }

  /** What a token of this session's prompt took last, ms; undefined: nothing of it was read yet. */
  tokenMs(reader: object): number | undefined {
    return this.#tokenMs.get(reader);
  }

  /** @param promptPart of the time, for prompts beside the step that begins; 0: there are none */
  stepBegins(promptPart: number): void {
    this.#hasPrompts = promptPart > 0;
    if (this.#hasPrompts) this.#promptPart = promptPart;
  }

  /** @param decodingMs what the step's decoding sessions alone would have taken; 0: there were none */
  stepEnds(ms: number, decodingMs: number, chunk: ReadChunk | null): void {
    // Beside a prompt decode rows take longer, since its chunks take the caches of the processor: that is its time as well.
    const promptMs = chunk === null && !this.#hasPrompts ? 0 : ms - decodingMs;
    if (chunk !== null) this.#tokenMs.set(chunk.reader, Math.max(0, promptMs) / chunk.tokens);
    if (decodingMs === 0) {
      // No one waits.
      this.#owedMs = 0;
      this.#pauseMs += ms;
      return;
    }
    this.#decodingMs = decodingMs;
    this.#pauseMs = 0;
    const part = grantedOfPart * this.#promptPart;
    const dueMs = (decodingMs * part) / (1 - part);
    const least = this.#hasPrompts ? -this.#chunkMs : 0;
    this.#owedMs = Math.max(least, this.#owedMs + promptMs - dueMs);
  }

  /** The engine had nothing to do for so long. */
  rested(ms: number): void {
    this.#pauseMs += ms;
  }

  reset(): void {
    this.#owedMs = 0;
    this.#pauseMs = Number.POSITIVE_INFINITY;
  }

  get #chunkMs(): number {
    return chunkOverDecoding * this.#decodingMs;
  }
}
