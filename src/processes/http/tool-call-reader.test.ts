import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnswerPart, ToolCallReader } from './tool-call-reader.ts';

const names = new Set(['f', 'get_time']);
const call = (name: string, json: string): string =>
  `<tool_call>\n{"name": "${name}", "arguments": ${json}}\n</tool_call>`;

interface Read {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly json: string; readonly isWhole: boolean }[];
}

/** All parts together, whatever pieces they came in. */
function readOf(pieces: readonly string[]): Read {
  const reader = new ToolCallReader(names);
  const parts: readonly AnswerPart[] = [...pieces.flatMap((piece) => reader.read(piece)), ...reader.end()];
  let text = '';
  const calls: { name: string; json: string; isWhole: boolean }[] = [];
  for (const part of parts) {
    if (part.kind === 'text') text += part.text;
    else if (part.kind === 'call') calls[part.call] = { name: part.name, json: '', isWhole: false };
    else if (part.kind === 'arguments') (calls[part.call] as { json: string }).json += part.text;
    else (calls[part.call] as { isWhole: boolean }).isWhole = part.isWhole;
  }
  return { text, calls };
}

describe('the reader of an answer', () => {
  it('tells text from calls', () => {
    expect(readOf([`Let me look.\n${call('f', '{"a": 1}')}\n${call('get_time', '{}')}`])).toEqual({
      text: 'Let me look.',
      calls: [
        { name: 'f', json: '{"a": 1}', isWhole: true },
        { name: 'get_time', json: '{}', isWhole: true },
      ],
    });
  });

  it('takes braces, quotes and tags in a text of the arguments for what they are', () => {
    const json = '{"a": "}]\\"</tool_call> \\\\", "b": [{"c": "<tool_call>"}]}';
    expect(readOf([call('f', json)])).toEqual({ text: '', calls: [{ name: 'f', json, isWhole: true }] });
  });

  it.each([
    ['a < b and <tool', 'a < b and <tool'],
    ['ends with blanks \n', 'ends with blanks \n'],
    [call('unknown', '{}'), call('unknown', '{}')],
    ['<tool_call>no JSON</tool_call> after', '<tool_call>no JSON</tool_call> after'],
    ['<tool_call>{"name": "f", "arguments": 3}</tool_call>', '<tool_call>{"name": "f", "arguments": 3}</tool_call>'],
    ['<tool_call>{"na', '<tool_call>{"na'],
    [`<tool_call>${'x'.repeat(2000)}`, `<tool_call>${'x'.repeat(2000)}`],
  ])('leaves %j text', (text, expected) => {
    expect(readOf([text])).toEqual({ text: expected, calls: [] });
    expect(readOf([...text])).toEqual({ text: expected, calls: [] });
  });

  it('says that a call was cut', () => {
    expect(readOf(['<tool_call>{"name": "f", "arguments": {"a": "b'])).toEqual({
      text: '',
      calls: [{ name: 'f', json: '{"a": "b', isWhole: false }],
    });
    expect(readOf(['<tool_call>{"name": "f", "arguments": {"a": 1}']).calls[0]?.isWhole).toBe(true);
  });

  it('tells text at once, but for what may be the beginning of a call', () => {
    const reader = new ToolCallReader(names);
    expect(reader.read('Hello <')).toEqual([{ kind: 'text', text: 'Hello' }]);
    expect(reader.read('b>')).toEqual([{ kind: 'text', text: ' <b>' }]);
    expect(new ToolCallReader(null).read('\n<tool_call>')).toEqual([{ kind: 'text', text: '\n<tool_call>' }]);
  });

  it('reads the same wherever a text is split', () => {
    const words = fc.constantFrom(
      ...[
        'Hi ',
        '\n',
        '<',
        '<tool_call>',
        '</tool_call>',
        call('f', '{"a": "x\\"}"}'),
        call('g', '{}'),
        '{"name": "f", ',
      ],
      ...['"arguments": {', '}}', ' ', '\\', '"'],
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 8 }), fc.array(fc.nat(200), { maxLength: 6 }), (parts, cuts) => {
        const text = parts.join('');
        const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort(
          (a, b) => a - b,
        );
        const pieces = places.map((from, index) => text.slice(from, places[index + 1] ?? text.length));
        expect(readOf(pieces)).toEqual(readOf([text]));
        expect(readOf([...text])).toEqual(readOf([text]));
      }),
      { numRuns: 2000 },
    );
  });
});
