// Chat templates without an interpreter of Jinja: the one form of ChatML that the shipped models have, with any default instruction.

import { unreadable } from '../../gguf/cursor.ts';
import type { Message } from '../../port/model.ts';

/** A piece of a chat: the template's own text, in which special tokens are special, or a message's text, in which they are not. */
export interface ChatPart {
  readonly text: string;
  readonly isSpecial: boolean;
}

const turn = `{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}`;
const answer = `{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}`;
const instruction = [
  `{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
`,
  `<|im_end|>
' }}{% endif %}`,
] as const;

/** @returns what is said as the system where no system message is first; null: nothing. Undefined: another template */
function defaultInstruction(template: string): string | null | undefined {
  const start = '{% for message in messages %}';
  const end = `${turn}{% endfor %}${answer}`;
  if (!template.startsWith(start) || !template.endsWith(end)) return undefined;
  const middle = template.slice(start.length, -end.length);
  if (middle === '') return null;
  const [before, after] = instruction;
  if (!middle.startsWith(before) || !middle.endsWith(after)) return undefined;
  const text = middle.slice(before.length, -after.length);
  return /['\\]|<\|/.test(text) ? undefined : text;
}

/**
 * How a conversation is written, ready for the assistant's answer.
 * @param template `tokenizer.chat_template` of a model file
 * @throws OutriderError `model-unreadable` where it is missing or not known here
 */
export function readChatFormat(template: string | undefined): (messages: readonly Message[]) => ChatPart[] {
  // Inside quotes, \n is a line break as well.
  const fallback =
    template === undefined ? undefined : defaultInstruction(template.trim().replaceAll(String.raw`\n`, '\n'));
  if (fallback === undefined) {
    const which = template === undefined ? 'no chat template' : 'a chat template of another form than ChatML';
    throw unreadable(`has ${which}, which can't be followed without llama.cpp`, 'take a model of the SmolLM2 family');
  }
  return (messages) => {
    // The answer is a turn that stays open.
    const turns = joined([...messages, { role: 'assistant', content: '' }]);
    const parts: ChatPart[] = [];
    let special = '';
    if (fallback !== null && turns[0]?.role !== 'system') special = `<|im_start|>system\n${fallback}<|im_end|>\n`;
    for (const { role, content } of turns) {
      parts.push({ text: `${special}<|im_start|>${role}\n`, isSpecial: true });
      if (content !== '') parts.push({ text: content, isSpecial: false });
      special = '<|im_end|>\n';
    }
    return parts;
  };
}

/** Messages of one role in a row are one turn, as they are with llama.cpp. */
function joined(messages: readonly Message[]): Message[] {
  const turns: Message[] = [];
  for (const { role, content } of messages) {
    const last = turns.at(-1);
    if (last?.role === role) turns[turns.length - 1] = { role, content: `${last.content}\n\n${content}` };
    else turns.push({ role, content });
  }
  return turns;
}
