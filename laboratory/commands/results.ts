// Documents in bench/ as pages of tables: `outrider results`, and the site.

import { readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { AnyExperiment } from '../../simulator/runner/experiment.ts';
import { resultPage } from '../../simulator/runner/result-page.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import type { Document } from '../../src/files/document.ts';
import { benches } from './bench.ts';
import { trials } from './trial.ts';

/** Some have tables of their own, or goals; the pages of all others show summary and rows unchanged. */
const described: readonly AnyExperiment[] = [...benches, ...trials];

const kept = new URL('../../bench/', import.meta.url);

function keptNames(): string[] {
  const files = readdirSync(kept).filter((name) => name.endsWith('.json'));
  return files.map((name) => name.slice(0, -'.json'.length)).toSorted();
}

function documentOf(name: string): Document {
  return JSON.parse(readFileSync(new URL(`${name}.json`, kept), 'utf8')) as Document;
}

/** @param name "bench-felt" @returns its page, in Markdown; undefined: bench/ has no such document */
export function keptPage(name: string): string | undefined {
  if (!keptNames().includes(name)) return undefined;
  const document = documentOf(name);
  const experiment = described.find((one) => one.name === document.command);
  return resultPage(document, experiment, `../../bench/${name}.json`);
}

/** The site's folder of results: a page for each document, and one that lists them. */
export function resultPages(): { file: string; text: string }[] {
  const names = keptNames();
  const index = `# Results

Tables of what the experiments measured, one page for each document in [bench/](../../bench). Definitions and what the results say: the
[other pages](../README.md).

${names.map((name) => `- [${name}](${name}.md): ${lineOf(name)}`).join('\n')}
`;
  const pages = names.map((name) => ({ file: `${name}.md`, text: keptPage(name) ?? '' }));
  return [{ file: 'README.md', text: index }, ...pages];
}

function lineOf(name: string): string {
  const { command, date, machine } = documentOf(name);
  return `\`outrider ${command}\`, ${date.slice(0, 10)}, ${machine.cpu}`;
}

/** @param description as the list of commands has it */
export function resultsCommand(description: string): Command {
  return new Command('results')
    .description(description)
    .argument('[name]', 'a name of the list, which the command prints without one')
    .addHelpText('after', '\nExamples:\n  outrider results\n  outrider results bench-modes-wall')
    .action((name: string | undefined) => {
      const text =
        name === undefined
          ? keptNames()
              .map((one) => `${one}: ${lineOf(one)}\n`)
              .join('')
          : keptPage(name);
      if (text === undefined)
        throw new OutriderError('bad-argument', `bench/ has no result "${name}"`, 'names: outrider results');
      process.stdout.write(text);
    });
}
