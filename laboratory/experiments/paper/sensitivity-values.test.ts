import { describe, expect, it } from 'vitest';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import { variants } from './sensitivity-values.ts';

function valueAt(scenario: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => (at as Readonly<Record<string, unknown>>)[step], scenario);
}

describe('open values', () => {
  it('can all be set, and change something', () => {
    const before = readPreset('paper');
    for (const { value, becomes, overrides } of variants) {
      const after = readPreset('paper', overrides);
      for (const { path } of overrides) {
        expect(valueAt(after, path), `${value}: ${becomes}`).not.toEqual(valueAt(before, path));
      }
    }
  });

  it('are halved and doubled where they are plain numbers', () => {
    const before = readPreset('paper');
    const plain = variants.filter(
      ({ overrides, value }) =>
        typeof overrides[0]?.value === 'number' && !/noise|SNR|window|memory rate of servers/.test(value),
    );
    expect(plain.length).toBeGreaterThan(20);
    for (const { kind, value, overrides } of plain) {
      const factor = kind === 'halved' ? 0.5 : 2;
      for (const { path, value: to } of overrides)
        expect(to, value).toBeCloseTo(factor * (valueAt(before, path) as number), 12);
    }
  });

  it('have names of their own', () => {
    const names = variants.map(({ value, becomes }) => `${value}: ${becomes}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
