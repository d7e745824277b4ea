import { describe, expect, it } from 'vitest';
import { constraintOf, type WantedFormat } from './answer-constraint.ts';
import { functionsOf } from './tools.ts';

const wanted = (schema: WantedFormat['schema']): WantedFormat => ({ schema, isStrict: false, field: 'schema' });
const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** One schema that refers to the next, and so on. */
const chain = (length: number): WantedFormat['schema'] => ({
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries([
    ...count(length).map((index) => [
      `d${index}`,
      { type: 'object', properties: { a: { $ref: `#/$defs/d${index + 1}` } }, required: ['a'] },
    ]),
    [`d${length}`, { type: 'string' }],
  ]),
});

const nested = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);

describe('a constraint of a request', () => {
  it.each([
    ['references in a row', wanted(chain(3000))],
    ['levels of JSON', wanted({ type: 'object', examples: nested })],
    ['required properties', wanted({ required: count(6000).map(String), additionalProperties: { type: 'null' } })],
  ])('refuses too many %s as what the client sent', (_, format) => {
    expect(() => constraintOf(null, format)).toThrow(
      expect.objectContaining({ status: 400, code: 'invalid_json_schema' }),
    );
  });

  it('refuses JSON of many levels in tools', () => {
    const parameters = { type: 'object', properties: { a: { default: nested } } };
    const { tools } = functionsOf([{ name: 'f', parameters }], 'function', 'parameters');
    expect(() => constraintOf({ tools, isRequired: false, isParallel: true }, null)).toThrow(/nested too deeply/);
  });

  it.each([
    ['values', { allOf: [{ enum: count(40_000).map(() => 1) }, { enum: count(40_000).map(() => 2) }] }],
    [
      'properties',
      {
        properties: Object.fromEntries(count(1500).map((index) => [`x${index}`, { type: 'string' }])),
        anyOf: count(4000).map((index) => ({ required: [`x${index % 1500}`] })),
      },
    ],
  ])('takes no long time to combine many %s', (_, schema) => {
    const before = process.threadCpuUsage();
    expect(() => constraintOf(null, wanted(schema))).toThrow(expect.objectContaining({ status: 400 }));
    // Whatever else the machine does.
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(2000);
  });
});
