// Which files are tried, and what each must say: exact text under some law, or a refusal with its code and its reason. Every file is made on the
// spot, the same bytes each time.

import { adapter, projector, renamed, spoiltBytes, spoiltHeaders, withNaN } from './damaged.ts';
import { encodeModel, integer, type MadeModel, shardName, splitModel, withMetadata } from './model-file.ts';
import {
  bert,
  encoderDecoder,
  gpt2,
  hybrid,
  llama,
  type MakeModel,
  mixtureOfExperts,
  slidingWindow,
  stateSpace,
} from './models.ts';
import { bytePairs, wordPieces } from './vocabulary.ts';

export interface Refusal {
  readonly code: string;
  /** Words of the cause. */
  readonly says: string;
}

/** File names with their contents; null is a directory. */
export type Files = Readonly<Record<string, Buffer | null>>;

export interface Case {
  readonly name: string;
  /** The first is opened. */
  readonly files: () => Files;
  readonly must: 'exact' | Refusal;
  /** A case before it, whose fingerprint must be another. */
  readonly unlike?: string;
}

/** Seed of all weights. */
export const seed = 7;

type Content = MadeModel | Buffer | null;

function oneFile(name: string, make: (seed: number) => Content, must: Case['must']): Case {
  const contentOf = (made: Content) => (made === null || Buffer.isBuffer(made) ? made : encodeModel(made));
  return { name, files: () => ({ 'model.gguf': contentOf(make(seed)) }), must };
}

const exact = (name: string, make: MakeModel): Case => oneFile(name, make, 'exact');

function refused(name: string, make: (seed: number) => Content, says: string, code = 'model-unreadable'): Case {
  return oneFile(name, make, { code, says });
}

const first = shardName('model', 1, 2);
const second = shardName('model', 2, 2);
const shardsOf = (seedOfSecond: number): Files => ({
  [first]: splitModel(llama(seed), 'model', 2)[first] as Buffer,
  [second]: splitModel(llama(seedOfSecond), 'model', 2)[second] as Buffer,
});
const oneShard = (name: string): Files => ({ [name]: shardsOf(seed)[name] as Buffer });
const unreadable = (says: string): Refusal => ({ code: 'model-unreadable', says });

const splits: readonly Case[] = [
  { name: 'split', files: () => shardsOf(seed), must: 'exact' },
  { name: 'split-other-second', files: () => shardsOf(seed + 1), must: 'exact', unlike: 'split' },
  { name: 'split-first-alone', files: () => oneShard(first), must: unreadable("part 2 can't be read") },
  { name: 'split-second-alone', files: () => oneShard(second), must: unreadable('part 2 of 2') },
];

const damaged: readonly Case[] = [
  ...spoiltBytes.map(({ name, spoil, says }) => refused(name, () => spoil(encodeModel(llama(seed))), says)),
  ...spoiltHeaders.map(({ name, spoil, says }) => refused(name, () => withMetadata(llama(seed), spoil), says)),
  refused('unknown-architecture', () => renamed(llama(seed), 'lxama'), 'unknown model architecture'),
  refused('directory', () => null, 'is a directory'),
];

export const cases: readonly Case[] = [
  exact('llama-spm', llama),
  exact('llama-moe', mixtureOfExperts),
  exact('gpt2-short-context', gpt2),
  exact('sliding-window', slidingWindow),
  refused('state-space', stateSpace, 'recurrent layers', 'exact-refused'),
  refused('hybrid', hybrid, 'recurrent layers', 'exact-refused'),
  refused('bert', bert(wordPieces), 'is an encoder'),
  refused('bert-bpe', bert(bytePairs), 'is an encoder'),
  refused('encoder-decoder', encoderDecoder, 'an encoder with a decoder'),
  refused('lora-adapter', adapter, 'a LoRA adapter'),
  refused('mmproj', projector, 'mmproj'),
  refused('nan-weight', () => withNaN(llama(seed), 'blk.1.ffn_down.weight'), 'no numbers', 'engine-failed'),
  refused(
    'experts-0',
    () => withMetadata(mixtureOfExperts(seed), { 'llama.expert_used_count': integer(0) }),
    'aborted',
  ),
  ...splits,
  ...damaged,
];
