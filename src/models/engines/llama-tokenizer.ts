// Text to ids with llama.cpp, ids to bytes with our own reader of the vocabulary. User text never becomes a special token: the chat
// template's own text and the messages' text are tokenized separately.

import type { ChatHistoryItem, ChatWrapper, LlamaModel, Token } from 'node-llama-cpp';
import { readNaming } from '../gguf/cursor.ts';
import { readGguf } from '../gguf/gguf-file.ts';
import { demandByteTokens, type Vocabulary, vocabularyOf } from '../gguf/vocabulary.ts';
import type { Message, Tokenizer } from '../port/model.ts';
import { type LlamaEngine, loadLlamaModel, requireModelFile, startLlamaEngine } from './llama-engine.ts';

/**
 * The tokenizer of a model file without its weights, for a device without a draft model.
 * @throws OutriderError as {@link startLlamaEngine} and {@link loadLlamaModel}
 */
export async function openLlamaTokenizer(path: string): Promise<Tokenizer & AsyncDisposable> {
  await requireModelFile(path);
  const header = await readGguf(path);
  const vocabulary = readNaming(path, () => {
    const read = vocabularyOf(header);
    demandByteTokens(header);
    return read;
  });
  const engine = await startLlamaEngine('off');
  const model = await loadLlamaModel(engine, path, { vocabularyOnly: true });
  const tokenizer = createLlamaTokenizer(engine, model, vocabulary);
  return { ...tokenizer, [Symbol.asyncDispose]: () => model.dispose() };
}

/** @param vocabulary of the file of `model` */
export function createLlamaTokenizer(engine: LlamaEngine, model: LlamaModel, vocabulary: Vocabulary): Tokenizer {
  let format: ChatWrapper | undefined;
  return {
    hash: vocabulary.hash,
    vocabularySize: vocabulary.vocabularySize,
    endIds: vocabulary.endIds,
    encode: (text) => model.tokenize(text, false),
    encodeChat(messages) {
      format ??= chatFormat(engine, model);
      const { contextText } = format.generateContextState({ chatHistory: chatHistory(messages) });
      return withoutSecondStart(contextText.tokenize(model.tokenizer), model.tokens.bos);
    },
    bytes: (id) => vocabulary.bytes(id),
  };
}

/** The template in the file is the one of the model's training; the library's own list of formats is a guess from names. */
function chatFormat({ binding }: LlamaEngine, model: LlamaModel): ChatWrapper {
  const template = model.fileInfo.metadata.tokenizer?.chat_template;
  if (template === undefined) return binding.resolveChatWrapper(model);
  return new binding.JinjaTemplateChatWrapper({
    template,
    functionCallMessageTemplate: 'noJinja',
    trimLeadingWhitespaceInResponses: false,
  });
}

function chatHistory(messages: readonly Message[]): ChatHistoryItem[] {
  const items = messages.map((message): ChatHistoryItem => {
    if (message.role === 'assistant') return { type: 'model', response: [message.content] };
    return { type: message.role, text: message.content };
  });
  // An empty answer at the end opens the assistant's turn.
  return [...items, { type: 'model', response: [] }];
}

function withoutSecondStart(ids: readonly Token[], start: Token | null): number[] {
  return start !== null && ids[0] === start && ids[1] === start ? ids.slice(1) : [...ids];
}
