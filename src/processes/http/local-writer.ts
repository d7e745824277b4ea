// A model of this device that writes where no edge can be reached. It may be the draft, or another model with a vocabulary of its own.

import { OutriderError } from '../../core/basics/errors.ts';
import { utf8Decoder } from '../../core/basics/utf8.ts';
import type { SamplingOptions } from '../../core/decoding/sampling.ts';
import type { Drafter } from '../../models/port/drafter.ts';
import type { Tokenizer } from '../../models/port/model.ts';
import type { Device } from '../device/device.ts';
import type { CompletionRequest } from './completion-port.ts';

/** What writes without an edge. Its drafter is asked for its own choices only. */
export interface LocalWriter {
  readonly tokenizer: Tokenizer;
  readonly drafter: Drafter;
}

/** An unverified text: its ids in the vocabulary of the local model, and as text for the reader. */
export interface LocalText {
  readonly ids: readonly number[];
  readonly text: string;
}

/** Between the ids of the target and those of a local model. */
export class Vocabularies {
  readonly #target: Tokenizer;
  readonly #local: Tokenizer;
  readonly #areSame: boolean;

  constructor({ tokenizer }: Pick<Device, 'tokenizer'>, local: Pick<LocalWriter, 'tokenizer'>) {
    this.#target = tokenizer;
    this.#local = local.tokenizer;
    this.#areSame = tokenizer.hash === this.#local.hash;
  }

  /** In the local model's own chat format. @throws OutriderError `edge-unreachable` for ids of another vocabulary */
  prompt(prompt: CompletionRequest['prompt']): readonly number[] {
    if (prompt.kind === 'chat') return this.#local.encodeChat(prompt.messages);
    if (prompt.kind === 'text') return this.#local.encode(prompt.text);
    if (this.#areSame) return prompt.ids;
    const cause = "no edge answers, and token ids of the target's vocabulary say nothing to the model of this device";
    throw new OutriderError('edge-unreachable', cause, 'ask with a text, or try again when an edge is back');
  }

  /** A bias names ids of the target's vocabulary. */
  sampling(sampling: SamplingOptions): SamplingOptions {
    return this.#areSame ? sampling : { ...sampling, logitBias: [] };
  }

  /** @param ids of an answer, from its beginning */
  toLocal(ids: readonly number[]): readonly number[] {
    return this.#areSame ? ids : this.#local.encode(textOf(this.#target, ids));
  }

  /** @param own ids of the target's own text with which it may begin: kept where it does */
  toTarget({ ids, text }: LocalText, own: readonly number[]): readonly number[] {
    if (this.#areSame) return ids;
    const known = textOf(this.#target, own);
    return text.startsWith(known)
      ? [...own, ...this.#target.encode(text.slice(known.length))]
      : this.#target.encode(text);
  }
}

/** Without a last character of which only some bytes are there. */
function textOf(tokenizer: Tokenizer, ids: readonly number[]): string {
  const decoder = utf8Decoder();
  return ids.map((id) => decoder.decode(tokenizer.bytes(id), { stream: true })).join('');
}
