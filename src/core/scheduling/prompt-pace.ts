// How much of the engine's time prompts get while other sessions decode. A prompt token costs more the longer its text is, which the model
// of step times does not know: so the cost is measured chunk by chunk, and what a chunk took beyond its share is paid back by steps
// without one. Pure: times come from the caller.

/** Time of prompts beside decoding sessions, over the time of decoding: these sessions take at most about 1.45 times as long. */
const promptOverDecoding = 0.45;
/** Chunks of shorter texts are not counted, and not held back: they are read within a few steps. */
const shortText = 1024;

/** @param from length of the text before a chunk, tokens */
export function isLongText(from: number): boolean {
  return from >= shortText;
}

/** The prompt chunk of a step. */
export interface ReadChunk {
  /** The session. */
  readonly reader: object;
  /** Length of the text before the chunk, tokens. */
  readonly from: number;
  readonly tokens: number;
}

export class PromptPace {
  #owedMs = 0;
  readonly #tokenMs = new WeakMap<object, number>();

  /** Whether a step of decoding sessions may have a chunk of a long text as well. */
  get isDue(): boolean {
    return this.#owedMs <= 0;
  }

  /** What a token of this session's prompt took last, ms; undefined: nothing of it was read yet. */
  tokenMs(reader: object): number | undefined {
    return this.#tokenMs.get(reader);
  }

  /** @param decodingMs what the step's decoding sessions alone would have taken; 0: there were none */
  stepEnds(ms: number, decodingMs: number, chunk: ReadChunk | null): void {
    const promptMs = chunk === null ? 0 : Math.max(0, ms - decodingMs);
    if (chunk !== null) this.#tokenMs.set(chunk.reader, promptMs / chunk.tokens);
    const chargedMs = chunk !== null && isLongText(chunk.from) ? promptMs : 0;
    // Without decoding sessions no one waits.
    this.#owedMs = decodingMs === 0 ? 0 : Math.max(0, this.#owedMs + chargedMs - promptOverDecoding * decodingMs);
  }

  reset(): void {
    this.#owedMs = 0;
  }
}
