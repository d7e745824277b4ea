// The examples of docs/internals/grammars.md, tried by the library that an edge has.

import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { type Grammar, grammarKinds } from '../src/core/decoding/grammar.ts';
import { createGrammarEngine } from '../src/models/engines/xgrammar.ts';
import { createToyTokenizer } from '../src/models/port/toy-tokenizer.ts';
import { grammarOf, grammarTables } from './http-page/grammars.ts';
import { pageWithGrammars } from './http-page/page.ts';

const page = readFileSync('docs/internals/grammars.md', 'utf8');
const tokenizer = createToyTokenizer(2048);
const grammars = createGrammarEngine(tokenizer, { compileCpuMs: 20_000 });
afterAll(() => grammars[Symbol.asyncDispose]());

/** Whether a text is one of a grammar, and may end there. */
async function allows(grammar: Grammar, text: string): Promise<boolean> {
  const ids = tokenizer.encode(text);
  const [end = 0] = tokenizer.endIds;
  const matcher = await grammars.open(grammar);
  const masks = await matcher.masks(0, () => [], ids);
  await matcher.close();
  return [...ids, end].every((id, place) => (((masks[place]?.[id >> 5] ?? 0) >> (id & 31)) & 1) === 1);
}

describe('the page', () => {
  it('has the tables as they are, one for each kind: "npm run docs:commands" writes them', () => {
    expect(pageWithGrammars(page)).toBe(page);
    expect(pageWithGrammars(page.replace('| `enum` |', '| `enums` |'))).toBe(page);
    expect(grammarTables.map(({ kind }) => kind)).toEqual([...grammarKinds]);
  });
});

describe.each(grammarTables)('$kind', (table) => {
  it.each(table.rows)('$part', async (row) => {
    const grammar = grammarOf(table, row);
    for (const text of row.fits) expect(await allows(grammar, text), text).toBe(true);
    for (const text of row.others) expect(await allows(grammar, text), text).toBe(false);
  });
});

it.each([
  ['json-schema', '{'],
  ['structural-tag', '{"type": "structural_tag", "format": {"type": "unknown"}}'],
  ['ebnf', 'x ::= "x"'],
] as const)('refuses a malformed %s in words', async (kind, text) => {
  await expect(grammars.open({ kind, text })).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(/^the grammar or JSON schema is refused: ./),
  });
});
