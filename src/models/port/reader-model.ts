// A language model made of small synchronous readers, one per sequence: the common part of the toy and the n-gram look-up. It
// implements the rules of the port (limits, refusals, release); a reader only sees tokens.

import { defined } from '../../core/basics/defined.ts';
import { exp, log } from '../../core/basics/fdlibm.ts';
import { invariant } from '../../core/basics/invariant.ts';
import {
  allowedCount,
  type Candidates,
  candidateLimit,
  isAllowed,
  largestCandidates,
  type RowAsk,
} from '../../core/decoding/candidates.ts';
import { checkShape, edgeFull } from './item-rules.ts';
import type { EvaluateItem, LanguageModel, ModelIdentity, ModelLimits, ModelSequence, Tokenizer } from './model.ts';

/** The text of one sequence, as an engine sees it. */
export interface TokenReader {
  readonly length: number;
  /** @param index below the length */
  at(index: number): number;
  append(id: number): void;
  /** Removes everything from `length` on. */
  truncate(length: number): void;
  candidates(): Candidates;
}

export interface ReaderModelOptions {
  readonly identity: ModelIdentity;
  readonly tokenizer: Tokenizer;
  readonly limits: ModelLimits;
  readonly createReader: () => TokenReader;
}

class ReaderSequence implements ModelSequence {
  readonly owner: object;
  readonly reader: TokenReader;
  released = false;
  readonly #onRelease: () => void;

  constructor(owner: object, reader: TokenReader, onRelease: () => void) {
    this.owner = owner;
    this.reader = reader;
    this.#onRelease = onRelease;
  }

  get length(): number {
    return this.reader.length;
  }

  async truncate(length: number): Promise<void> {
    invariant(!this.released, 'truncate of a released sequence');
    const held = this.reader.length;
    invariant(Number.isInteger(length) && length >= 0 && length <= held, `truncate to ${length} of ${held} tokens`);
    this.reader.truncate(length);
  }

  async copyFrom(other: ModelSequence, length: number): Promise<void> {
    invariant(other instanceof ReaderSequence && other.owner === this.owner && other !== this, 'copy of itself');
    invariant(!this.released && !other.released, 'copy of a released sequence');
    invariant(Number.isInteger(length) && length >= 0 && length <= other.length, `copy of ${length} tokens`);
    this.reader.truncate(0);
    for (let index = 0; index < length; index += 1) this.reader.append(other.reader.at(index));
  }

  async release(): Promise<void> {
    invariant(!this.released, 'sequence released twice');
    this.released = true;
    this.#onRelease();
  }
}

export function createReaderModel(options: ReaderModelOptions): LanguageModel {
  const { identity, tokenizer, limits } = options;
  const owner = {};
  let openCount = 0;
  let closed = false;
  const close = async (): Promise<void> => {
    closed = true;
  };
  return {
    identity,
    tokenizer,
    limits,
    openSequence() {
      invariant(!closed, 'openSequence of a closed model');
      if (openCount >= limits.maxSequences) throw edgeFull(limits.maxSequences);
      openCount++;
      return new ReaderSequence(owner, options.createReader(), () => {
        openCount--;
      });
    },
    async evaluate(items) {
      invariant(!closed, 'evaluate of a closed model');
      const sequences = items.map((item) => checkItem(item, limits, owner));
      invariant(new Set(sequences).size === items.length, 'a sequence occurs twice in a batch');
      return items.map((item, index) => read((sequences[index] as ReaderSequence).reader, item, tokenizer));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function read(reader: TokenReader, { tokens, rows, asks }: EvaluateItem, tokenizer: Tokenizer): Candidates[] {
  const results: Candidates[] = [];
  for (const [index, id] of tokens.entries()) {
    reader.append(id);
    const row = index - (tokens.length - rows);
    if (row >= 0) results.push(answerAsk(reader.candidates(), asks?.[row], tokenizer.vocabularySize));
  }
  return results;
}

/** How far below a reader's least candidate all other ids lie. */
const floorDepth = 2;

/** A reader has few candidates. Where more is asked, all other ids share a logit below them. */
function answerAsk(candidates: Candidates, ask: RowAsk | undefined, vocabularySize: number): Candidates {
  if (ask === undefined || candidates.ids.length === 0) return candidates;
  const { allowed, bias = [], normalises, logitOf, beside = [] } = ask;
  const floor = Math.fround(Math.min(...candidates.logits) - floorDepth);
  const known = new Map(candidates.ids.map((id, index) => [id, candidates.logits[index] as number]));
  const pairs = [...known].filter(([id]) => isAllowed(allowed, id));
  const listed = pairs.length;
  const named = new Set([...bias.map(([id]) => id), ...beside]);
  for (const id of named) if (!known.has(id) && isAllowed(allowed, id)) pairs.push([id, floor]);
  for (let id = 0, free = 0; id < vocabularySize && free < candidateLimit + beside.length; id++) {
    if (known.has(id) || named.has(id) || !isAllowed(allowed, id)) continue;
    pairs.push([id, floor]);
    free += 1;
  }
  const sums = pairs.slice(0, listed).map(([, logit]) => exp(logit - floor));
  const others = (allowed === undefined ? vocabularySize : allowedCount(allowed, vocabularySize)) - listed;
  const best = largestCandidates(pairs, bias, beside);
  const askedLogit = logitOf === undefined ? undefined : (known.get(logitOf) ?? floor);
  const logNormaliser = normalises === true ? floor + log(sums.reduce((sum, one) => sum + one, others)) : undefined;
  return { ...best, ...defined({ logNormaliser, askedLogit }) };
}

function checkItem(item: EvaluateItem, limits: ModelLimits, owner: object): ReaderSequence {
  const { sequence } = item;
  invariant(sequence instanceof ReaderSequence && sequence.owner === owner, 'sequence of another model');
  invariant(!sequence.released, 'evaluate of a released sequence');
  checkShape(item, limits);
  return sequence;
}
