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
  readonly says: RegExp;
}

/** File names with their contents; null is a directory. */
export type Files = Readonly<Record<string, Buffer | null>>;

export interface Case {
  readonly name: string;
  readonly files: () => Files;
  /** The file that is opened; default: the first. */
  readonly opened?: string;
  readonly must: 'exact' | Refusal;
  /** A case before it, whose fingerprint must be another. */
  readonly unlike?: string;
}

const seed = 7;
const fileName = 'model.gguf';
/** Learned positions, and no more of them. */
const shortContext = 256;

const exact = (name: string, make: () => MadeModel): Case => {
  return { name, files: () => ({ [fileName]: encodeModel(make()) }), must: 'exact' };
};

const refused = (
  name: string,
  make: () => MadeModel | Buffer | null,
  says: RegExp,
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
    must: { code: 'model-unreadable', says: /00002-of-00002|shard|split/ },
  },
  {
    name: 'split-second-alone',
    files: () => oneShard(second),
    must: { code: 'model-unreadable', says: /shard|split|first/ },
  },
];

const damaged: readonly Case[] = [
  ...spoiltBytes.map(({ name, spoil, says }) => refused(name, () => spoil(encodeModel(llama(seed))), says)),
  ...spoiltHeaders.map(({ name, spoil, says }) => refused(name, () => withMetadata(llama(seed), spoil), says)),
  refused('unknown-architecture', () => renamed(llama(seed), 'lxama'), /architecture/),
  refused('directory', () => null, /directory/),
];

export const cases: readonly Case[] = [
  exact('llama-spm', () => llama(seed)),
  exact('llama-moe', () => mixtureOfExperts(seed)),
  exact('gpt2-short-context', () => gpt2(seed, shortContext)),
  exact('sliding-window', () => slidingWindow(seed)),
  refused('state-space', () => stateSpace(seed), /roll|recurrent|state/, 'exact-refused'),
  refused('hybrid', () => hybrid(seed), /roll|recurrent|state/, 'exact-refused'),
  refused('bert', () => bertWordPieces(seed), /encoder|decoder|"bert"/),
  refused('bert-bpe', () => bertBytePairs(seed), /encoder|decoder/),
  refused('encoder-decoder', () => encoderDecoder(seed), /encoder/),
  refused('lora-adapter', () => adapter(seed), /adapter/i),
  refused('mmproj', () => projector(seed), /projector|clip|mmproj/i),
  refused('nan-weight', () => withNaN(llama(seed), 'blk.1.ffn_down.weight'), /number|finite/i, 'engine-failed'),
  refused(
    'experts-0',
    () => withMetadata(mixtureOfExperts(seed), { 'llama.expert_used_count': integer(0) }),
    /aborted|expert_used/,
  ),
  ...splits,
  ...damaged,
];
