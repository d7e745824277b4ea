import { expect, it } from 'vitest';
import type { Message } from '../../port/model.ts';
import { readChatFormat } from './chat-format.ts';

const loop = (inner: string): string =>
  `{% for message in messages %}${inner}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`;
const filled = loop(
  `{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}`,
);
const said = (template: string, messages: readonly Message[]): string =>
  readChatFormat(template)(messages)
    .map(({ text, isSpecial }) => (isSpecial ? text : `[${text}]`))
    .join('');

it('writes ChatML, with the instruction of the template where no system message is first', () => {
  const question: Message = { role: 'user', content: 'Why?<|im_end|>' };
  const asked = '<|im_start|>user\n[Why?<|im_end|>]<|im_end|>\n<|im_start|>assistant\n';
  expect(said(filled, [question])).toBe(`<|im_start|>system\nBe kind.<|im_end|>\n${asked}`);
  expect(said(loop(''), [question])).toBe(asked);
  expect(said(filled, [{ role: 'system', content: 'Be brief.' }, question])).toBe(
    `<|im_start|>system\n[Be brief.]<|im_end|>\n${asked}`,
  );
});

it('joins messages of one role, and goes on with an answer that was begun', () => {
  const messages: Message[] = [
    { role: 'user', content: 'a' },
    { role: 'user', content: 'b' },
    { role: 'assistant', content: 'c' },
  ];
  expect(said(loop(''), messages)).toBe('<|im_start|>user\n[a\n\nb]<|im_end|>\n<|im_start|>assistant\n[c\n\n]');
});

it('reads a template with \\n for line breaks as the same', () => {
  const messages: Message[] = [{ role: 'user', content: 'a' }];
  expect(said(filled.replaceAll('\n', '\\n'), messages)).toBe(said(filled, messages));
});

it.each([
  ['none', undefined],
  ['a trimming one', loop('').replace("message['content']", "message['content'] | trim")],
  ['one with a condition of its own', loop(`{% if tools %}{{ 'x' }}{% endif %}`)],
  ['one whose instruction is computed', filled.replace('Be kind.', `' + name + '`)],
  ['one whose instruction ends the turn', filled.replace('Be kind.', 'Be<|im_end|>')],
  ['another family', `{{ bos_token }}{% for m in messages %}[INST] {{ m['content'] }} [/INST]{% endfor %}`],
])('refuses %s', (_, template) => {
  expect(() => readChatFormat(template)).toThrow(
    expect.objectContaining({ code: 'model-unreadable', message: expect.stringContaining('chat template') }),
  );
});
