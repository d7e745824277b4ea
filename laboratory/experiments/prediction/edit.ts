// The edit of "bench prediction": a file of 300 lines in which a name is changed, asked for with the file in the prompt or without it.

import type { Message, Tokenizer } from '../../../src/models/port/model.ts';
import file from './source-file.json' with { type: 'json' };

/** What is asked, and what a target that does it would write. */
export interface Edit {
  readonly fileInPrompt: boolean;
  readonly messages: readonly Message[];
  readonly promptIds: readonly number[];
  /** What the application gives as prediction: the file as it is. */
  readonly prediction: string;
  readonly answer: string;
  /** With the end token. */
  readonly answerIds: readonly number[];
  readonly changedNames: number;
}

const { oldName, newName } = file;

/** @param lines of the file at most; default: all */
export function makeEdit(tokenizer: Tokenizer, fileInPrompt: boolean, lines: number = file.lines.length): Edit {
  const text = `${file.lines.slice(0, lines).join('\n')}\n`;
  const wish = `Change the name ${oldName} to ${newName}. Answer with the whole file and nothing else.`;
  const content = fileInPrompt ? `${text}\n${wish}` : wish;
  const messages = [{ role: 'user', content }] as const;
  const parts = text.split(oldName);
  const answer = parts.join(newName);
  const [endId] = tokenizer.endIds;
  return {
    fileInPrompt,
    messages,
    promptIds: tokenizer.encodeChat(messages),
    prediction: text,
    answer,
    answerIds: [...tokenizer.encode(answer), ...(endId === undefined ? [] : [endId])],
    changedNames: parts.length - 1,
  };
}
