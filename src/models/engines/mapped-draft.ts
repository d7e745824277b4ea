// A draft with a part of its target's vocabulary on llama.cpp, which also turns text into the target's ids.

import type { MappedDraft } from '../gguf/draft-metadata.ts';
import type { LanguageModel } from '../port/model.ts';
import { mapVocabulary } from './mapped-vocabulary.ts';
import { openTokenizerMetadata } from './tokenizer-file.ts';

/** Opens the model with `open` and gives it its target's tokenizer; closing closes both. @throws the errors of `open` */
export async function openMappedDraft(draft: MappedDraft, open: () => Promise<LanguageModel>): Promise<LanguageModel> {
  const tokenizer = await openTokenizerMetadata(draft.tokenizer, draft.vocabularySize);
  try {
    const model = mapVocabulary(await open(), draft, tokenizer);
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= model.close().then(() => tokenizer[Symbol.asyncDispose]());
      return closing;
    };
    return { ...model, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await tokenizer[Symbol.asyncDispose]();
    throw error;
  }
}
