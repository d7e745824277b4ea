// Which files are tried, and what each must say: exact text under some law, or a refusal with its code and its reason. Every file is made on the
// spot, the same bytes each time.

import { adapter, projector, renamed, spoiltBytes, spoiltHeaders, withNaN } from './damaged.ts';
import { gpt2, llama, mixtureOfExperts, slidingWindow } from './decoders.ts';
import { bertBytePairs, bertWordPieces, encoderDecoder } from './encoders.ts';
import { encodeModel, integer, type MadeModel, withMetadata } from './model-file.ts';
import { hybrid, stateSpace } from './recurrent.ts';
import { shardName, splitModel } from './shards.ts';

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

/** Of all weights. */
export const seed = 7;
const fileName = 'model.gguf';
/** Learned positions, and no more of them. */
const shortContext = 256;

const exact = (name: string, make: () => MadeModel): Case => {
  return { name, files: () => ({ [fileName]: encodeModel(make()) }), must: 'exact' };
};

const refused = (
  name: string,
  make: () => MadeModel | Buffer | null,
  says: string,
  code = 'model-unreadable',
): Case => {
  const contentOf = (made: MadeModel | Buffer | null) =>
    made === null || Buffer.isBuffer(made) ? made : encodeModel(made);
  return { name, files: () => ({ [fileName]: contentOf(make()) }), must: { code, says } };
};

const first = shardName('model', 1, 2);
const second = shardName('model', 2, 2);
const shardsOf = (seedOfSecond: number): Record<string, Buffer> => {
  const [one, other] = [splitModel(llama(seed), 'model', 2), splitModel(llama(seedOfSecond), 'model', 2)];
  return { [first]: one[first] as Buffer, [second]: other[second] as Buffer };
};
const oneShard = (name: string): Files => ({ [name]: shardsOf(seed)[name] as Buffer });

const splits: readonly Case[] = [
  { name: 'split', files: () => shardsOf(seed), must: 'exact' },
  { name: 'split-other-second', files: () => shardsOf(seed + 1), must: 'exact', unlike: 'split' },
  {
    name: 'split-first-alone',
    files: () => oneShard(first),
    must: { code: 'model-unreadable', says: "part 2 can't be read" },
  },
  {
    name: 'split-second-alone',
    files: () => oneShard(second),
    must: { code: 'model-unreadable', says: 'part 2 of 2' },
  },
];

const damaged: readonly Case[] = [
  ...spoiltBytes.map(({ name, spoil, says }) => refused(name, () => spoil(encodeModel(llama(seed))), says)),
  ...spoiltHeaders.map(({ name, spoil, says }) => refused(name, () => withMetadata(llama(seed), spoil), says)),
  refused('unknown-architecture', () => renamed(llama(seed), 'lxama'), 'unknown model architecture'),
  refused('directory', () => null, 'is a directory'),
];

export const cases: readonly Case[] = [
  exact('llama-spm', () => llama(seed)),
  exact('llama-moe', () => mixtureOfExperts(seed)),
  exact('gpt2-short-context', () => gpt2(seed, shortContext)),
  exact('sliding-window', () => slidingWindow(seed)),
  refused('state-space', () => stateSpace(seed), 'recurrent layers', 'exact-refused'),
  refused('hybrid', () => hybrid(seed), 'recurrent layers', 'exact-refused'),
  refused('bert', () => bertWordPieces(seed), 'is an encoder'),
  refused('bert-bpe', () => bertBytePairs(seed), 'is an encoder'),
  refused('encoder-decoder', () => encoderDecoder(seed), 'an encoder with a decoder'),
  refused('lora-adapter', () => adapter(seed), 'a LoRA adapter'),
  refused('mmproj', () => projector(seed), 'mmproj'),
  refused('nan-weight', () => withNaN(llama(seed), 'blk.1.ffn_down.weight'), 'no numbers', 'engine-failed'),
  refused(
    'experts-0',
    () => withMetadata(mixtureOfExperts(seed), { 'llama.expert_used_count': integer(0) }),
    'aborted',
  ),
  ...splits,
  ...damaged,
];
