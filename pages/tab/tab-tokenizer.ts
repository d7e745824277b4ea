// The tokenizer of an edge's target, from the header of a model file that the edge gives to tabs.

import { OutriderError } from '../../src/core/basics/errors.ts';
import { Sha256 } from '../../src/core/basics/sha256.ts';
import { openBpeTokenizer } from '../../src/models/engines/wasm/bpe-tokenizer.ts';
import { readMappedDraft } from '../../src/models/gguf/draft-metadata.ts';
import { type GgufHeader, parseGguf } from '../../src/models/gguf/gguf.ts';
import type { Tokenizer } from '../../src/models/port/model.ts';
import type { WeightsInfo } from '../../src/processes/http/weights-info.ts';

/** @throws OutriderError `model-hash-mismatch`, `model-unreadable`, `tokenizer-mismatch` */
export async function openTabTokenizer(
  header: Uint8Array,
  { header: said, fileBytes, tokenizerHash, name }: WeightsInfo,
): Promise<Tokenizer> {
  if (new Sha256().update(header).hex() !== said.sha256) {
    throw new OutriderError(
      'model-hash-mismatch',
      `the header of ${name} came with wrong bytes`,
      'load the page again',
    );
  }
  const tokenizer = await openTokenizer(parseGguf(header, fileBytes));
  if (tokenizer.hash === tokenizerHash) return tokenizer;
  const cause = `the file of ${name} has another tokenizer than the edge`;
  throw new OutriderError('tokenizer-mismatch', cause, 'give the edge another --tab-draft, or none');
}

async function openTokenizer(header: GgufHeader): Promise<Tokenizer> {
  const { metadata } = header;
  if (metadata.get('general.architecture')?.value === 'toy') {
    const { createToyTokenizer } = await import('../../src/models/port/toy-tokenizer.ts');
    return createToyTokenizer(Number(metadata.get('toy.vocabulary_size')?.value));
  }
  return openBpeTokenizer(readMappedDraft(header)?.tokenizer ?? metadata);
}
