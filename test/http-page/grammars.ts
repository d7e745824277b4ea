// The rows of the tables of docs/internals/grammars.md: an example of each part of a grammar, with texts that it allows and others.

import type { Grammar } from '../../src/core/decoding/grammar.ts';

export interface GrammarRow {
  readonly part: string;
  /** The text of the grammar; of a structural tag its format. */
  readonly example: string;
  readonly fits: readonly string[];
  readonly others: readonly string[];
}

/** Of one kind of grammar. */
export interface GrammarTable {
  readonly kind: Grammar['kind'];
  readonly rows: readonly GrammarRow[];
}

function row(part: string, example: object | string, fits: readonly string[], others: readonly string[]): GrammarRow {
  return { part, example: typeof example === 'string' ? example : JSON.stringify(example), fits, others };
}

const a = { type: 'const_string', value: 'a' };
const b = { type: 'const_string', value: 'b' };
const integer = { type: 'integer' };
const content = { type: 'json_schema', json_schema: integer };
const tag = { type: 'tag', begin: '<n>', content, end: '</n>' };

const schemas: readonly GrammarRow[] = [
  row('`type`, one or several', { type: ['integer', 'null'] }, ['1', 'null'], ['"a"']),
  row('`enum`', { enum: ['a', 1, null] }, ['"a"', 'null'], ['2']),
  row('`const`', { const: 7 }, ['7'], ['8']),
  row('`anyOf`, `oneOf` (as `anyOf`)', { oneOf: [integer, { type: 'null' }] }, ['1', 'null'], ['"a"']),
  row('`allOf` of one schema', { allOf: [integer] }, ['1'], ['"a"']),
  row('local `$ref`', { $ref: '#/$defs/n', $defs: { n: integer } }, ['1'], ['"a"']),
  row(
    '`properties`, `required`, `minimum`, `maximum`; other properties are allowed',
    { type: 'object', properties: { n: { type: 'integer', minimum: 1, maximum: 20 } }, required: ['n'] },
    ['{"n": 5}', '{"n": 5, "m": 1}'],
    ['{"n": 21}', '{"n":5}', '{}'],
  ),
  row(
    '`additionalProperties`',
    { type: 'object', properties: { n: integer }, additionalProperties: false },
    ['{"n": 5}'],
    ['{"m": 1}'],
  ),
  row(
    '`minProperties`, `maxProperties`',
    { type: 'object', minProperties: 1, maxProperties: 2 },
    ['{"x": 1}'],
    ['{}', '{"x": 1, "y": 1, "z": 1}'],
  ),
  row('`propertyNames`', { type: 'object', propertyNames: { pattern: '^x' } }, ['{"x": 1}'], ['{"y": 1}']),
  row('`patternProperties`', { type: 'object', patternProperties: { '^x': integer } }, ['{"x": 1}'], ['{"y": 1}']),
  row(
    '`items`, `minItems`, `maxItems`',
    { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 2 },
    ['[true]', '[true, false]'],
    ['[]', '[true, true, true]'],
  ),
  row('`prefixItems`', { type: 'array', prefixItems: [integer] }, ['[1]'], ['["a"]']),
  row('`minLength`, `maxLength`', { type: 'string', minLength: 2, maxLength: 3 }, ['"ab"'], ['"a"', '"abcd"']),
  row('`pattern`', { type: 'string', pattern: '^[a-c]+$' }, ['"ab"'], ['"d"']),
  row('`format`: `date` and others', { type: 'string', format: 'date' }, ['"2024-02-28"'], ['"x"']),
  row('bounds of numbers', { type: 'number', minimum: 0, maximum: 2 }, ['1.5'], ['3', '-1']),
  row('`multipleOf`: **not kept**', { type: 'integer', multipleOf: 2 }, ['4', '3'], []),
  row('`uniqueItems`: **not kept**', { type: 'array', items: integer, uniqueItems: true }, ['[1, 1]'], []),
  row('`not`: **not kept**', { not: integer }, ['1'], []),
  row(
    '`allOf` of several schemas: **not kept**',
    {
      allOf: [
        { type: 'integer', minimum: 3 },
        { type: 'integer', maximum: 5 },
      ],
    },
    ['4', '9', '1'],
    [],
  ),
];

const tags: readonly GrammarRow[] = [
  row('`const_string`: this text', a, ['a'], ['b']),
  row('`json_schema`: a value of a schema', content, ['7'], [' 7', '"a"']),
  row('`grammar`: a text of EBNF rules', { type: 'grammar', grammar: 'root ::= "a" | "b"' }, ['a'], ['c']),
  row('`regex`: a text of a pattern', { type: 'regex', pattern: '[a-c]+' }, ['abc'], ['d']),
  row('`any_text`', { type: 'any_text' }, ['anything', ''], []),
  row('`sequence`: one after the other', { type: 'sequence', elements: [a, b] }, ['ab'], ['a']),
  row('`or`: one of them', { type: 'or', elements: [a, b] }, ['a', 'b'], ['ab']),
  row('`tag`: content between two texts', tag, ['<n>7</n>'], ['<n>x</n>', '7']),
  row(
    '`triggered_tags`: any text, in which a trigger begins a tag',
    { type: 'triggered_tags', triggers: ['<n'], tags: [tag] },
    ['', 'a <n>7</n> b'],
    ['<n>x</n>'],
  ),
  row(
    'the same with `at_least_one`: it begins with a tag',
    { type: 'triggered_tags', triggers: ['<n'], tags: [tag], at_least_one: true },
    ['<n>7</n>'],
    ['a'],
  ),
  row(
    'the same with `stop_after_first`: it ends with a tag',
    { type: 'triggered_tags', triggers: ['<n'], tags: [tag], stop_after_first: true },
    ['a <n>7</n>'],
    ['<n>7</n> b'],
  ),
  row(
    '`tags_with_separator`: tags alone; `at_least_one` and `stop_after_first` here too',
    { type: 'tags_with_separator', tags: [tag], separator: ', ' },
    ['', '<n>7</n>, <n>8</n>'],
    ['<n>7</n><n>8</n>'],
  ),
];

const rules: readonly GrammarRow[] = [
  row('texts and rules in a sequence; `*`, `?`, `+`', 'root ::= "a" x\nx ::= "x"* "y"?', ['a', 'axxy'], ['ay y']),
  row('alternatives, groups', 'root ::= ("a" | "b")+', ['ab'], ['', 'c']),
  row('classes of characters, counts', 'root ::= [0-9]{2,3} [^0-9]', ['12a', '123b'], ['1a', '123']),
  row('escapes', 'root ::= "\\n" "\\"" "\\u00e9"', ['\n"é'], ['n"e']),
  row('comments; `root` may stand anywhere', 'x ::= "x" # a letter\nroot ::= x', ['x'], ['y']),
];

export const grammarTables: readonly GrammarTable[] = [
  { kind: 'json-schema', rows: schemas },
  { kind: 'structural-tag', rows: tags },
  { kind: 'ebnf', rows: rules },
];

/** As `open` carries it. */
export function grammarOf({ kind }: GrammarTable, { example }: GrammarRow): Grammar {
  if (kind !== 'structural-tag') return { kind, text: example };
  return { kind, text: JSON.stringify({ type: 'structural_tag', format: JSON.parse(example) }) };
}
