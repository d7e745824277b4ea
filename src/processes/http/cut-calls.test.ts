// A call that a stop text, or the limit, cuts: only whole calls are calls.

import { describe, expect, it } from 'vitest';
import { joined, routes, waysTo, writing } from './answer-routes.fixture.ts';

const begun = (json: string) => `<tool_call>\n{"name": "f", "arguments": ${json}`;
const call = `${begun('{"a":1}')}}\n</tool_call>\n`;
const stop = { reason: 'stop', stopText: 'Paris' } as const;
const calling = routes.filter(({ tool, stops }) => tool && stops);
const ends = ['stop', 'stop_sequence Paris'];

describe.each([
  ['in the arguments of the only call', begun('{"a": "'), '', [], ends],
  ['in the arguments of a call after text', `Hi\n${begun('{"a": {}')}`, 'Hi', [], ends],
  ['in the second of two calls', `${call}${begun('{"a": "')}`, '', ['{"a":1}'], ['tool_calls', 'tool_use null']],
  ['after the arguments', begun('{"a":1}'), '', ['{"a":1}'], ['tool_calls', 'tool_use null']],
])('a stop text %s', (_, text, before, inputs, [ofChat, ofMessages]) => {
  it.each(calling)('leaves whole calls to $path', async ({ path, asks, stops = '', tool, ...of }) => {
    // One round, and a round for each character.
    for (const written of [[text], [...text]]) {
      const fields = { ...asks('Hi'), tools: [tool?.('f')], [stops]: ['Paris'] };
      const { wholes, streams } = await waysTo(writing(written, stop), path, fields);
      const end = path === '/v1/messages' ? ofMessages : ofChat;
      expect(wholes.map((one) => [of.inputs?.(one), of.ended?.(one)])).toEqual([[inputs, end]]);
      if (inputs.length === 0) expect(wholes.map(of.text)).toEqual([before]);
      for (const events of streams) {
        expect(joined([events], of.streamedInput)).toEqual([inputs.join('')]);
        expect(joined([events], of.streamed)).toEqual([before]);
        expect(events.map((event) => of.ended?.(event)).filter(Boolean)).toEqual([end]);
      }
    }
  });
});

it.each(calling)('the limit leaves $path the beginning of a call, with stop texts and without', async (route) => {
  const { path, asks, stops = '', tool, streamedInput, ended } = route;
  for (const stopTexts of [{}, { [stops]: ['Paris'] }]) {
    const bed = writing([begun('{"a": '), '"b'], { reason: 'length' });
    const { streams } = await waysTo(bed, path, { ...asks('Hi'), tools: [tool?.('f')], ...stopTexts });
    expect(joined(streams, streamedInput)).toEqual(streams.map(() => '{"a": "b'));
    const end = path === '/v1/messages' ? 'max_tokens null' : 'length';
    expect(streams.flatMap((events) => events.flatMap((event) => ended?.(event) ?? []))).toEqual(
      streams.map(() => end),
    );
  }
});

it('a call of a stream comes as it is written where no stop text can cut it', async () => {
  const [{ path, asks, tool, streamedInput }] = routes as [(typeof routes)[number]];
  const bed = writing([begun('{"a": '), '"b"}}</tool_call>']);
  const { streams } = await waysTo(bed, path, { ...asks('Hi'), tools: [tool?.('f')] });
  const [events = []] = streams;
  expect(events.flatMap((event) => streamedInput?.(event) ?? [])).toEqual(['', '{"a": ', '"b"}']);
});
