// Every command, flag and path that the documentation names exists.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createCloneProgram } from '../bin/clone-program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Not CHANGELOG.md, which names what is no more. */
const pages = globSync(['README.md', 'CONTRIBUTING.md', 'docs/**/*.md', '{bench,maps,traces,weights}/*.md'], {
  cwd: root,
}).sort();
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8').replaceAll('\\\n', ' ');
const program = await createCloneProgram();

/** Words after `outrider` or `npm start --`, up to the end of the line, the code span or the cell. */
function commandsIn(text: string): string[][] {
  return [...text.matchAll(/(outrider(?: --)?|npm start --) ([^`\n|#]*)/g)].map(([, start, rest = '']) => [
    ...(start === 'npm start --' ? ['run'] : []),
    ...rest.split(/\s+/).filter((word) => word !== ''),
  ]);
}

/** Flags that their command does not have, and names that are no command of a group. Words that are no command at all are prose. */
function faultsOf(words: readonly string[]): string[] {
  let command: Command = program;
  let count = 0;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
    count += 1;
  }
  if (count === 0) return [];
  const path = words.slice(0, count).join(' ');
  const name = words[count] ?? '';
  const isUnknown = ['bench', 'trial'].includes(path) && /^[a-z]+$/.test(name);
  const known = ['--help', ...command.options.map(({ long }) => long)];
  const flags = words.flatMap((word) => /^\[?(--[a-z][a-z-]*)/.exec(word)?.[1] ?? []);
  return [
    ...(isUnknown ? [`${path} ${name}`] : []),
    ...flags.filter((flag) => !known.includes(flag)).map((flag) => `${path} ${flag}`),
  ];
}

/** Paths in code spans; a word in capitals stands for a name. */
function pathsIn(text: string): string[] {
  const spans = text.matchAll(
    /`((?:src|simulator|laboratory|bin|test|scripts|drafts|sionna|examples|bench|docs)\/[\w./-]+)`/g,
  );
  return [...spans].map(([, path = '']) => path).filter((path) => !/[A-Z]{4}/.test(path));
}

describe('the documentation', () => {
  it('names commands', () => {
    expect(pages.flatMap((page) => commandsIn(textOf(page))).length).toBeGreaterThan(150);
  });

  it.each(pages)('%s names commands and flags that exist', (page) => {
    expect(commandsIn(textOf(page)).flatMap(faultsOf)).toEqual([]);
  });

  it.each(pages)('%s names paths that exist', (page) => {
    expect(pathsIn(textOf(page)).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('is not believed when it names what is not there', () => {
    expect(faultsOf(['bench', 'modes', '--clock', 'virtual'])).toEqual([]);
    expect(faultsOf(['bench', 'nothing'])).toEqual(['bench nothing']);
    expect(faultsOf(['bench', 'modes', '--pacing', 'sd'])).toEqual(['bench modes --pacing']);
  });
});
