// Writes the table of all commands into docs/commands.md, docs/config.schema.json and docs/research/scenario-numbers.md, from what the
// commands say of themselves; and the tables of docs/use/http.md and docs/internals/grammars.md, from what their tests ask.
// `npm run docs:commands`; tests tell when they are stale.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { createCloneProgram } from '../bin/clone-program.ts';
import { scenarioNumbersPage } from '../simulator/commands/scenario-tables.ts';
import { readPreset } from '../simulator/scenario/presets.ts';
import { configSchemaText } from '../src/cli/config.ts';
import { pageWithGrammars, pageWithTables } from '../test/http-page/page.ts';

const page: string = fileURLToPath(new URL('../docs/commands.md', import.meta.url));
const begin = '<!-- commands -->';
const end = '<!-- /commands -->';

/** @returns the page, with the table as the commands are now */
export async function pageWithCommands(text: string = readFileSync(page, 'utf8')): Promise<string> {
  const [before, rest] = [text.slice(0, text.indexOf(begin)), text.slice(text.indexOf(end))];
  if (!(text.includes(begin) && text.indexOf(begin) < text.indexOf(end))) throw new Error(`no ${begin} ... ${end}`);
  return `${before}${begin}\n${commandTable(await createCloneProgram())}\n${rest}`;
}

function commandTable(program: Command): string {
  const groups = Map.groupBy(program.commands, (command) => command.helpGroup());
  return [...groups]
    .map(([heading, commands]) => {
      const rows = commands.flatMap((command) => rowsOf(command, 'outrider'));
      return [
        '',
        `**${heading.replace(/:$/, '')}**`,
        '',
        '| command | what it does |',
        '| --- | --- |',
        ...rows,
        '',
      ].join('\n');
    })
    .join('');
}

function rowsOf(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  const inner = command.commands.flatMap((one) => rowsOf(one, name));
  // Some run by themselves, too: those have options of their own.
  if (inner.length > 0 && command.options.length === 0) return inner;
  const words = command.registeredArguments.map((one) => (one.required ? ` <${one.name()}>` : ` [${one.name()}]`));
  return [`| \`${name}${words.join('').replaceAll('|', '\\|')}\` | ${command.description()} |`, ...inner];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const write = (path: string, text: string): void => writeFileSync(new URL(`../docs/${path}`, import.meta.url), text);
  write('commands.md', await pageWithCommands());
  write('config.schema.json', configSchemaText());
  const read = (path: string): string => readFileSync(new URL(`../docs/${path}`, import.meta.url), 'utf8');
  write('use/http.md', pageWithTables(read('use/http.md')));
  write('internals/grammars.md', pageWithGrammars(read('internals/grammars.md')));
  write('research/scenario-numbers.md', scenarioNumbersPage(readPreset('paper'), readPreset('city-70b')));
}
