import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLawReport } from './acquire-report.ts';

afterEach(() => vi.unstubAllEnvs());

function written(isTTY: boolean): string {
  vi.stubEnv('TERM', 'xterm');
  let text = '';
  const write = (part: string): boolean => {
    text += part;
    return true;
  };
  const report = createLawReport('tiny', { isTTY, columns: 200, write });
  report.onLawProgress('any shape', 0, 3);
  report.onLawProgress('any shape', 1.5, 3);
  report.onLawProgress('multiples of 4 rows', 0.2, 3);
  report.stop();
  return text;
}

describe('the report of a search for a law', () => {
  it('is one line for each law where no line can be drawn again', () => {
    const lines = ['any shape', 'multiples of 4 rows'].map((law) => `trying "${law}"\n`);
    expect(written(false)).toBe(lines.map((line) => `finding the shape law of tiny on this machine: ${line}`).join(''));
  });

  it('is one line with a share on a terminal, and leaves nothing behind', () => {
    const text = written(true);
    expect(text).toContain('opening tiny ...');
    expect(text).toContain('trying "any shape", 50 %');
    expect(text).not.toContain('\n');
    expect(text.endsWith('\r\x1b[K')).toBe(true);
  });
});
