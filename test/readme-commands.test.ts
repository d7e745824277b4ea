// The table of commands in README.md is written by the commands themselves.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readmeWithCommands } from '../scripts/command-table.ts';

const readme = readFileSync('README.md', 'utf8');

it('README.md lists every command as it is: "npm run docs:commands" writes the table', () => {
  expect(readme).toBe(readmeWithCommands(readme));
});

it('a stale table, and a README without a place for one, are seen', () => {
  const stale = readme.replace('| `outrider edge` |', '| `outrider ledge` |');
  expect(stale).not.toBe(readmeWithCommands(stale));
  expect(readmeWithCommands(stale)).toBe(readme);
  expect(() => readmeWithCommands('no place here')).toThrow('<!-- commands -->');
});
