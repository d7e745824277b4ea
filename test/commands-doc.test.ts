// The table of commands in docs/commands.md is written by the commands themselves.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pageWithCommands } from '../scripts/command-table.ts';

const page = readFileSync('docs/commands.md', 'utf8');

it('docs/commands.md lists every command as it is: "npm run docs:commands" writes the table', () => {
  expect(page).toBe(pageWithCommands(page));
});

it('a stale table, and a page without a place for one, are seen', () => {
  const stale = page.replace('| `outrider edge` |', '| `outrider ledge` |');
  expect(stale).not.toBe(pageWithCommands(stale));
  expect(pageWithCommands(stale)).toBe(page);
  expect(() => pageWithCommands('no place here')).toThrow('<!-- commands -->');
});
