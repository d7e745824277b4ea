import { describe, expect, it } from 'vitest';
import { accepts } from './ebnf.fixture.ts';
import { SchemaRules } from './schema-grammar.ts';

const texts = [
  ...[
    '',
    'a',
    'ab',
    'abc',
    'aaaa',
    'AB1',
    'AB12',
    'x-y',
    'x_y',
    '2024-01-02',
    'a b',
    'a\nb',
    'a\tb',
    '"',
    'a"b',
    '\\',
    'é',
    '🚲',
    'a.b',
    'a@b.c',
  ],
  ...['+39 06', '0', '12', '-1.5', 'foo', 'bar', 'foobar', 'xfoox', '/', 'A', 'z]', '^', '$5'],
];

describe('a grammar of a pattern', () => {
  it.each([
    /^a+$/,
    /a/,
    /^a/,
    /b$/,
    /^$/,
    /^(foo|bar)$/,
    /^foo|bar$/,
    /^(?:foo)?bar$/,
    /^(?<x>foo)+$/,
    /^[A-Z]{2}\d+$/,
    /^[A-Z]{2}\d{1}$/,
    /^\w+$/,
    /^\S+$/,
    /^[^a]*$/,
    /^.$/,
    /^..$/u,
    /^.+$/,
    /^[\w.-]+$/,
    /^[-a]+$/,
    /^a\.b$/,
    /^"$/,
    /^[^\\]+$/,
    /^\\$/,
    /^a\sb$/,
    /^a[\n\t]b$/,
    /^-?(0|[1-9]\d*)(\.\d+)?$/,
    /^\d{4}-\d{2}-\d{2}$/,
    /^\+?[\d ]+$/,
    /^a{2,}$/,
    /^a{1,2}?$/,
    /^\u00e9$/,
    /^\x61$/,
    /^[^\d\s]+$/,
    /^[éü]$/,
    /^[a-bé]+$/,
    /^[z\]]+$/,
    /^\$5$/,
    /^\/$/,
  ])('%s has the same texts', (pattern) => {
    const rules = new SchemaRules();
    const { part, unkept } = rules.add({ type: 'string', pattern: pattern.source });
    expect(unkept).toEqual([]);
    const ebnf = rules.text(part) ?? '';
    // A schema's pattern counts characters as code points.
    const exact = new RegExp(pattern.source, 'u');
    for (const text of texts) expect(accepts(ebnf, JSON.stringify(text)), JSON.stringify(text)).toBe(exact.test(text));
  });

  it.each([
    '(?=a)b',
    '(?!a)b',
    '(?<=a)b',
    '\\bfoo',
    '(a)\\1',
    '\\p{L}',
    'a{x}',
    'a**',
    '(a',
    'a)',
    '[b-a]',
    '[a',
    'a$b',
    'a^',
    '[^é]',
    '[à-ÿ]{2}[\\u0400-\\u04ff]',
    '('.repeat(70_000),
  ])('is not made of %s', (pattern) => {
    expect(new SchemaRules().add({ type: 'string', pattern }).unkept).toEqual(['pattern']);
  });
});
