// The examples of docs/internals/grammars.md, tried by the library that an edge has.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grammarKinds } from '../src/core/decoding/grammar.ts';
import { openGrammarMatcher } from './grammar-matcher.fixture.ts';
import { grammarOf, grammarTables } from './http-page/grammars.ts';
import { pageWithGrammars } from './http-page/page.ts';

const page = readFileSync('docs/internals/grammars.md', 'utf8');
const { allows, grammars } = openGrammarMatcher();

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
