// The rows of the table of JSON schemas' keywords.

export interface SchemaRow {
  readonly keywords: string;
  readonly support: string;
  readonly asks: readonly SchemaAsk[];
}

/** A schema, texts that an answer may be, and others that it may not be; or the places in it that no grammar keeps. */
export interface SchemaAsk {
  readonly schema: object;
  readonly fits?: readonly string[];
  readonly others?: readonly string[];
  readonly unkept?: readonly string[];
}

const count = (schema: object, fits: readonly string[], others: readonly string[]): SchemaAsk => ({
  schema,
  fits,
  others,
});
const two = { properties: { a: { type: 'null' }, b: { type: 'null' } } };

export const schemaRows: readonly SchemaRow[] = [
  {
    keywords: '`type`, `enum`, `const`, `anyOf`, `allOf`, local `$ref`, recursion',
    support: 'kept; `oneOf` counts as `anyOf`',
    asks: [
      count({ type: ['string', 'null'] }, ['null', '"x"'], ['1']),
      count({ enum: ['a', { b: [1] }] }, ['"a"', '{"b": [1]}'], ['"b"']),
      count({ const: 7 }, ['7'], ['8']),
      count({ anyOf: [{ type: 'boolean' }, { const: 1 }] }, ['true', '1'], ['2']),
      count({ oneOf: [{ type: 'integer' }, { const: 1 }] }, ['1', '2'], ['"a"']),
      count({ allOf: [{ $ref: '#/$defs/n' }], minimum: 3, $defs: { n: { type: 'integer' } } }, ['4'], ['2']),
      count(
        { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] },
        ['{"next": {"next": null}}'],
        ['{"next": {}}'],
      ),
    ],
  },
  {
    keywords: '`properties`, `required`, `additionalProperties`',
    support: 'kept. An object that names properties has no others, whatever `additionalProperties` says',
    asks: [
      count({ type: 'object', ...two, required: ['b'] }, ['{"b": null}', '{"a": null, "b": null}'], ['{"a": null}']),
      count({ type: 'object', ...two, additionalProperties: true }, ['{}'], ['{"c": 1}']),
      count({ type: 'object', additionalProperties: { type: 'null' } }, ['{"x": null}'], ['{"x": 1}']),
    ],
  },
  {
    keywords: '`propertyNames`, `minProperties`, `maxProperties`',
    support: 'kept for an object that names no properties; otherwise only where its properties already meet them',
    asks: [
      count({ propertyNames: { enum: ['x'] }, type: 'object' }, ['{"x": 1}'], ['{"y": 1}']),
      count(
        { type: 'object', minProperties: 1, maxProperties: 2 },
        ['{"x": 1}', '{"x": 1, "y": 2}'],
        ['{}', '{"x": 1, "y": 2, "z": 3}'],
      ),
      { schema: { type: 'object', ...two, required: ['a'], minProperties: 1, maxProperties: 2 }, unkept: [] },
      {
        schema: { type: 'object', ...two, required: ['a'], minProperties: 2, maxProperties: 1 },
        unkept: ['minProperties', 'maxProperties'],
      },
      { schema: { type: 'object', ...two, propertyNames: { maxLength: 1 } }, unkept: ['propertyNames'] },
    ],
  },
  {
    keywords: '`items`, `prefixItems`, `minItems`, `maxItems`, `minLength`, `maxLength`',
    support: 'kept',
    asks: [
      count(
        { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 2 },
        ['[true]', '[true, false]'],
        ['[]', '[true, true, true]', '[1]'],
      ),
      count(
        { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }] },
        ['[1, "a"]'],
        ['["a", 1]', '[1]'],
      ),
      count({ type: 'string', minLength: 2, maxLength: 3 }, ['"ab"', '"abc"'], ['"a"', '"abcd"']),
    ],
  },
  {
    keywords: '`minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`',
    support: 'kept; for numbers that are not whole only where the bound is. Numbers have at most 15 digits',
    asks: [
      count({ type: 'integer', minimum: -12, maximum: 340 }, ['-12', '340'], ['-13', '341']),
      count({ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 2 }, ['0.5', '1.9'], ['0', '2', '2.1']),
      { schema: { type: 'integer', minimum: 0.5 }, unkept: [] },
      { schema: { type: 'number', minimum: 0.5 }, unkept: ['minimum'] },
      count({ type: 'integer' }, ['123456789012345'], ['1234567890123456']),
    ],
  },
  {
    keywords: '`pattern`',
    support:
      'kept, except look-around, references, and classes of many characters beyond ASCII; not together with `minLength`, `maxLength`. `.` and `\\S` match blanks and line ends beyond ASCII too',
    asks: [
      count({ type: 'string', pattern: '^[A-Z]{2}\\d+$' }, ['"AB1"'], ['"A1"', '"AB"']),
      { schema: { type: 'string', pattern: '(?=a)b' }, unkept: ['pattern'] },
      { schema: { type: 'string', pattern: '(a)\\1' }, unkept: ['pattern'] },
      { schema: { type: 'string', pattern: '^a+$', minLength: 2, maxLength: 3 }, unkept: ['minLength', 'maxLength'] },
      count({ type: 'string', pattern: '^a\\Sb$' }, ['"a\u00a0b"'], ['"a b"']),
    ],
  },
  {
    keywords: '`format`',
    support: '`date`, `date-time` (in UTC), `email`, `uuid` are kept, others have no effect',
    asks: [
      count({ type: 'string', format: 'date' }, ['"2024-02-28"'], ['"2024-13-01"']),
      count({ type: 'string', format: 'date-time' }, ['"2024-02-28T10:00:00Z"'], ['"2024-02-28T10:00:00+01:00"']),
      count({ type: 'string', format: 'email' }, ['"a.b@c.example"'], ['"a"']),
      count({ type: 'string', format: 'uuid' }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"1"']),
      count({ type: 'string', format: 'hostname' }, ['"not a host!"'], ['1']),
    ],
  },
  {
    keywords: '`not`, `if`, `multipleOf`, `uniqueItems`, `contains`, `patternProperties`, ...',
    support: 'not kept: 400 with `strict`, otherwise named in `x-ignored-params`',
    asks: [
      ...['not', 'if', 'contains'].map((name) => ({ schema: { [name]: { type: 'null' } }, unkept: [name] })),
      { schema: { type: 'integer', multipleOf: 2 }, unkept: ['multipleOf'] },
      { schema: { type: 'array', uniqueItems: true }, unkept: ['uniqueItems'] },
      { schema: { type: 'object', patternProperties: {} }, unkept: ['patternProperties'] },
    ],
  },
];
