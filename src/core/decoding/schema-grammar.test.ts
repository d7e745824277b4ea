import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepts } from './ebnf.fixture.ts';
import type { Json, Schema } from './json-schema.ts';
import { jsonLine, SchemaRules } from './schema-grammar.ts';

function ebnfOf(schema: unknown): string {
  const rules = new SchemaRules();
  return rules.text(rules.add(schema as Schema).part) ?? '';
}

const person = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['age'],
};
const a = { properties: { a: { type: 'string' } }, required: ['a'] };
const b = { properties: { b: { type: 'integer' } }, required: ['b'] };
const lengths = Array.from({ length: 12 }, (_, index) => ({
  anyOf: [{ minLength: index }, { maxLength: 20 + index }],
}));
const tree = {
  $ref: '#/$defs/node',
  $defs: {
    node: {
      type: 'object',
      properties: {
        v: { type: 'integer', minimum: -5, maximum: 120 },
        kids: { items: { $ref: '#/$defs/node' }, maxItems: 2 },
      },
      required: ['v'],
    },
  },
};

describe('a grammar of a schema', () => {
  it.each<[schema: unknown, fits: readonly string[], other: readonly string[]]>([
    [
      person,
      ['{"age": 3}', '{"name": "a\\"\\u00e9é", "age": -3}'],
      ['{}', '{"age":3}', '{"age": 3, "name": ""}', '{"age": 01}'],
    ],
    [person, [], ['{"age": 3, "more": 1}', '{ "age": 3}', '{"age": 3}\n', '{"age": 1.5}', '{"name": "\n", "age": 1}']],
    [{ type: 'object' }, ['{}', '{"a": {"b": [null, true, -1.5e3]}}'], ['[]', '{ }', '{"a":1}']],
    [{}, ['1', '"x"', '[{"a": 1}]', 'null'], ['{a}', '']],
    [{ type: 'object', properties: {} }, ['{}'], ['{"a": 1}']],
    [
      { type: 'object', properties: { a: { $ref: '#' }, b: { type: 'null' } } },
      ['{}', '{"a": {"b": null}}', '{"b": null}'],
      [],
    ],
    [
      tree,
      ['{"v": -5}', '{"v": 120, "kids": [{"v": 0}, {"v": 99}]}'],
      ['{"v": 121}', '{"v": 1, "kids": [{"v": 1}, {"v": 1}, {"v": 1}]}'],
    ],
    [{ type: 'string', minLength: 2, maxLength: 3 }, ['"ab"', '"a\\n"', '"🚲🚲"'], ['"a"', '"abcd"', '"\t\t"']],
    [{ type: 'string', format: 'date' }, ['"2024-02-28"', '"1999-12-31"'], ['"2024-02-30"', '"2024-13-01"']],
    [{ type: 'string', format: 'date-time' }, ['"2024-02-28T10:00:00Z"'], ['"2024-02-28"']],
    [{ type: 'string', format: 'uuid' }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"1"']],
    [{ type: 'string', format: 'email' }, ['"a.b@c.example"'], ['"a..b@c.example"', '"a"']],
    [{ enum: ['a', { b: [1, 2] }, null] }, ['"a"', '{"b": [1, 2]}', 'null'], ['"b"']],
    [{ const: 'ü\n"' }, ['"ü\\n\\""'], ['"ü"']],
    [{ type: ['string', 'null'] }, ['null', '"x"'], ['1']],
    [
      { oneOf: [{ type: 'boolean' }, { type: 'array', items: { type: 'number' }, minItems: 1 }] },
      ['true', '[1, 2.5]'],
      ['[]', '1'],
    ],
    [{ type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }] }, ['[1, "a"]'], ['[1]', '[1, "a", 2]']],
    [{ items: [{ type: 'integer' }] }, ['[1]'], ['["a"]']],
    [{ minItems: 1 }, ['[1]', '["a"]'], ['[]', '1', '{}']],
    [{ type: 'integer', maximum: 5 }, ['5', '0', '-7', '-123'], ['6']],
    [{ type: 'integer', maximum: 5, exclusiveMaximum: 5 }, ['4'], ['5']],
    [{ type: 'integer', maximum: 5, exclusiveMaximum: 6 }, ['5'], ['6']],
    [{ type: 'integer', minimum: 5, exclusiveMinimum: 5 }, ['6'], ['5']],
    [{ type: 'integer', minimum: 5, exclusiveMinimum: 4 }, ['5'], ['4']],
    [
      { additionalProperties: { type: 'integer' }, propertyNames: { enum: ['x', 'y'] } },
      ['{}', '{"x": 1, "y": 2}'],
      ['{"z": 1}', '{"x": "a"}'],
    ],
    [
      { type: 'object', minProperties: 1, maxProperties: 2 },
      ['{"x": 1}', '{"x": 1, "y": 2}'],
      ['{}', '{"x": 1, "y": 2, "z": 3}'],
    ],
    [
      {
        allOf: [
          { type: 'object', ...a },
          { type: 'object', ...b },
        ],
      },
      ['{"a": "x", "b": 1}'],
      ['{"a": "x"}'],
    ],
    [
      {
        type: 'object',
        properties: { ...a.properties, ...b.properties },
        anyOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      ['{"a": "x"}', '{"b": 1}', '{"a": "", "b": 2}'],
      ['{}'],
    ],
    [{ allOf: [{ $ref: '#/$defs/n' }], minimum: 3, $defs: { n: { type: 'integer', maximum: 5 } } }, ['4'], ['2', '6']],
    [
      { type: 'object', properties: { constructor: { type: 'null' } }, required: ['toString'] },
      ['{"toString": 1}'],
      ['{}'],
    ],
  ])('%j', (schema, fits, others) => {
    const ebnf = ebnfOf(schema);
    for (const text of fits) expect(accepts(ebnf, text), text).toBe(true);
    for (const text of others) expect(accepts(ebnf, text), text).toBe(false);
  });

  it('has no brackets around the only one of several that has a text', () => {
    expect(ebnfOf({ enum: ['a'] })).toBe('root ::= r0\nr0 ::= "\\"a\\""\n');
    expect(ebnfOf({ enum: ['a', 1] })).toBe('root ::= r0\nr0 ::= ("\\"a\\"" | "1")\n');
  });

  it('has whole numbers and others of any range', () => {
    const bound = fc.integer({ min: -1200, max: 1200 });
    const cases = fc.record({
      low: bound,
      width: fc.integer({ min: 0, max: 400 }),
      value: fc.integer({ min: -30_000, max: 30_000 }),
      isInteger: fc.boolean(),
      lowName: fc.constantFrom('minimum', 'exclusiveMinimum'),
      highName: fc.constantFrom('maximum', 'exclusiveMaximum'),
      place: fc.nat(6),
    });
    fc.assert(
      fc.property(cases, ({ low, width, value, isInteger, lowName, highName, place }) => {
        const high = low + width;
        const number = [value / 4, value, low, high, low - 0.5, high + 0.5, low + 0.25][place] as number;
        const isAbove = lowName === 'minimum' ? number >= low : number > low;
        const isBelow = highName === 'maximum' ? number <= high : number < high;
        const schema = { type: isInteger ? 'integer' : 'number', [lowName]: low, [highName]: high };
        const isRight = isAbove && isBelow && (!isInteger || Number.isInteger(number));
        let ebnf: string;
        try {
          ebnf = ebnfOf(schema);
        } catch {
          expect(isRight).toBe(false);
          return;
        }
        expect(accepts(ebnf, JSON.stringify(number))).toBe(isRight);
      }),
      { numRuns: 1000 },
    );
    expect(accepts(ebnfOf({ type: 'integer', minimum: -(2 ** 53), maximum: 2 ** 53 }), '-123456789012345')).toBe(true);
    expect(accepts(ebnfOf({ type: 'number', maximum: 0 }), '0')).toBe(true);
  });

  it('has one line of any JSON, as it is laid out', () => {
    const any = ebnfOf({});
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const line = jsonLine(value as Json);
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(accepts(any, line.replace(/e[+-]\d{3}/g, 'e1').replace(/\d{14,}/g, '1'))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves out what no text fits, and never leads there', () => {
    const ebnf = ebnfOf({ type: 'object', properties: { a: false, b: { type: 'null' } } });
    expect(accepts(ebnf, '{"b": null}')).toBe(true);
    expect(ebnf).not.toContain('a');
    expect(accepts(ebnfOf({ anyOf: [{ $ref: '#' }, { type: 'null' }] }), 'null')).toBe(true);
  });

  it.each([
    [false, '', 'no text'],
    [{ $ref: '#' }, '', 'no text'],
    [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, '', 'no text'],
    [{ type: 'integer', minimum: 5, maximum: 3 }, '', 'no text'],
    [{ allOf: [{ type: 'string' }, { type: 'null' }] }, '', 'no text'],
    [{ allOf: [{ additionalProperties: false, ...a }, b] }, '', 'no text'],
    [{ type: 'foo' }, 'type', 'must be of object'],
    [{ enum: [] }, 'enum', 'at least one'],
    [{ properties: { a: { minLength: -1 } } }, 'properties.a.minLength', 'whole number'],
    [{ properties: { a: 3 } }, 'properties.a', 'must be an object'],
    [{ anyOf: [{ items: [] }] }, 'anyOf[0].items', 'at least one'],
    [{ $ref: '#/nowhere' }, '', 'does not have'],
    [{ $ref: 'https://a.example/b' }, '', 'outside'],
    [{ type: 'array', minItems: 20_000 }, '', 'the most are'],
    [{ allOf: [{ format: 'date' }, { format: 'uuid' }] }, '', 'two values'],
    [Array.from({ length: 100 }).reduce<object>((inner) => ({ items: inner }), {}), '', 'levels'],
    [{ allOf: lengths }, '', 'combinations'],
  ])('is refused for %j', (schema, path, message) => {
    const fault = { name: 'SchemaFault', path, message: expect.stringContaining(message) };
    expect(() => ebnfOf(schema)).toThrow(expect.objectContaining(fault));
  });

  it('says what it does not keep', () => {
    const { unkept } = new SchemaRules().add({
      title: 'T',
      not: {},
      properties: { a: { type: 'number', multipleOf: 2, minimum: 0.5 }, b: { pattern: '(?=x)y' } },
    });
    expect(unkept).toEqual(['not', 'properties.a.multipleOf', 'properties.a.minimum', 'properties.b.pattern']);
  });
});
