import { describe, expect, it } from 'vitest';
import { formatTable } from './terminal-table.ts';

describe('formatTable', () => {
  it('aligns words on the left and numbers on the right', () => {
    const rows = [
      { mode: 'ar', 'ms/token': 41.2 },
      { mode: 'stream', 'ms/token': 9 },
    ];
    expect(formatTable(rows, ['mode', 'ms/token'])).toBe(
      ['mode    ms/token', '------  --------', 'ar          41.2', 'stream         9'].join('\n'),
    );
  });

  it('counts a figure with a unit as a number and keeps the order of the columns asked for', () => {
    const text = formatTable([{ 'round trip': '12 ms', a: 'x' }], ['round trip', 'a']);
    expect(text.split('\n')).toEqual(['round trip  a', '----------  -', '     12 ms  x']);
  });

  it('measures coloured cells by what is seen', () => {
    const text = formatTable([{ name: '\u001b[32mok\u001b[39m', n: 1 }], ['name', 'n']);
    expect(text.split('\n')[2]).toBe('\u001b[32mok\u001b[39m    1');
  });

  it('shows a missing cell as a dash and an empty table as its heading', () => {
    expect(formatTable([{ a: undefined, b: null }], ['a', 'b']).split('\n')[2]).toBe('-  -');
    expect(formatTable([], ['alpha']).split('\n')).toEqual(['alpha', '-----']);
  });
});
