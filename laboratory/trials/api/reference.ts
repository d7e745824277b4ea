// The text that a target writes alone, for what a client asks: one row at a time, without sessions, edges or HTTP.

import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { writeAlone } from '../exactness/references.ts';
import type { Asked } from './call.ts';

export class Reference {
  readonly #model: LanguageModel;
  readonly #texts = new Map<string, Promise<string>>();
  /** One text after the other: the model has one sequence. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  /** The same promise for the same question. */
  readonly textOf = (asked: Asked): Promise<string> => {
    const { stop = [], ...rest } = asked;
    const key = JSON.stringify(rest);
    const known = this.#texts.get(key) ?? this.#write(rest);
    this.#texts.set(key, known);
    return known.then((text) => untilFirst(text, stop));
  };

  #write(asked: Asked): Promise<string> {
    const { tokenizer } = this.#model;
    const written = this.#last.then(async () => {
      const [ids = []] = await writeAlone(this.#model, idsOf(this.#model, asked), [samplingOf(asked)], asked.maxTokens);
      // An end token is no text.
      const parts = ids.filter((id) => !tokenizer.endIds.has(id)).map((id) => tokenizer.bytes(id));
      return Buffer.concat(parts).toString('utf8');
    });
    this.#last = written.catch(() => {});
    return written;
  }
}

function idsOf({ tokenizer }: LanguageModel, { prompt }: Asked): readonly number[] {
  if ('messages' in prompt) return tokenizer.encodeChat(prompt.messages);
  return 'text' in prompt ? tokenizer.encode(prompt.text) : prompt.ids;
}

function samplingOf({ prompt: _, maxTokens: _most, stop: _stops, logitBias = {}, seed, ...own }: Asked): Sampling {
  const biases = Object.entries(logitBias).map(([id, bias]) => [Number(id), bias] as const);
  return {
    ...neutralSampling,
    ...own,
    logitBias: biases.sort(([one], [other]) => one - other),
    seed: BigInt(seed),
  };
}

function untilFirst(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
  return text.slice(0, Math.min(text.length, ...ends));
}
