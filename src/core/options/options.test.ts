import { describe, expect, expectTypeOf, it } from 'vitest';
import { kindOf, type OptionSpec, type OptionsOf, withDefaults } from './options.ts';

const table = {
  seeds: { flag: '--seeds <count>', help: 'how many', whole: [1, 100], default: 10 },
  share: { flag: '--share <number>', help: 'a share', number: [0, 1] },
  roundTripsMs: { flag: '--rtt <ms,...>', help: 'round trips', numbers: [0, 100], default: [0, 10] },
  clock: { flag: '--clock <name>', help: 'which', choices: ['virtual', 'wall'], default: 'virtual' },
  full: { flag: '--full', help: 'all of it' },
  mobile: { flag: '--no-mobile', help: 'without', default: true },
  out: { flag: '--out <file>', help: 'where', isRequired: true },
  traces: { flag: '--traces <file...>', help: 'which', texts: true },
  steps: { default: [1] as readonly number[] },
} as const;

describe('a table of options', () => {
  it('gives the type of the options', () => {
    expectTypeOf<OptionsOf<typeof table>>().toEqualTypeOf<{
      readonly seeds: number;
      readonly share: number | undefined;
      readonly roundTripsMs: readonly number[];
      readonly clock: 'virtual' | 'wall';
      readonly full: boolean;
      readonly mobile: boolean;
      readonly out: string;
      readonly traces: readonly string[] | undefined;
      readonly steps: readonly number[];
    }>();
  });

  it('gives every option that is left out its default', () => {
    expect(withDefaults(table, { out: 'x', seeds: 3, clock: undefined })).toEqual({
      seeds: 3,
      roundTripsMs: [0, 10],
      clock: 'virtual',
      full: false,
      mobile: true,
      out: 'x',
      steps: [1],
      share: undefined,
      traces: undefined,
    });
  });

  it('reads what was typed, and says what to type instead', () => {
    const parsed = (spec: OptionSpec, text: string): unknown => kindOf(spec).parse(text);
    expect(parsed(table.seeds, '7')).toBe(7);
    expect(parsed(table.roundTripsMs, '1.5,20')).toEqual([1.5, 20]);
    expect(parsed(table.clock, 'wall')).toBe('wall');
    expect(() => parsed(table.seeds, '7.5')).toThrow('Give a whole number from 1 to 100.');
    expect(() => parsed(table.roundTripsMs, '1,,2')).toThrow('Give a number from 0 to 100.');
    expect(() => parsed(table.clock, 'sun')).toThrow('virtual, wall');
  });
});
