// The table of commands in docs/commands.md is written by the commands themselves.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pageWithCommands } from '../scripts/command-table.ts';

const page = readFileSync('docs/commands.md', 'utf8');

it('docs/commands.md lists every command as it is: "npm run docs:commands" writes the table', async () => {
  expect(page).toBe(await pageWithCommands(page));
});

it('a stale table, and a page without a place for one, are seen', async () => {
  const stale = page.replace('| `outrider edge` |', '| `outrider ledge` |');
  expect(stale).not.toBe(await pageWithCommands(stale));
  expect(await pageWithCommands(stale)).toBe(page);
  await expect(pageWithCommands('no place here')).rejects.toThrow('<!-- commands -->');
});
