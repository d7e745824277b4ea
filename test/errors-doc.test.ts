// docs/use/errors.md and the closed list of codes must say the same, in the same order.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../src/core/basics/errors.ts';

const rows = readFileSync(new URL('../docs/use/errors.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('docs/use/errors.md', () => {
  it('has one row per error code, in the order of the code', () => {
    expect(rows.map(([code]) => code?.replaceAll('`', ''))).toEqual([...errorCodes]);
  });

  it('gives every code a meaning and a remedy', () => {
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row).toHaveLength(3);
      for (const cell of row) expect(cell.length).toBeGreaterThan(5);
    }
  });
});
