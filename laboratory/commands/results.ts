// The pages in docs/results, one for each document in bench/, as tables.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyExperiment } from '../../simulator/runner/experiment.ts';
import { commandName, resultPage } from '../../simulator/runner/result-page.ts';
import type { Document } from '../../src/files/document.ts';
import { benches } from './bench.ts';
import { trials } from './trial.ts';

/** Some have tables of their own, or goals; the pages of all others show summary and rows unchanged. */
const described: readonly AnyExperiment[] = [...benches, ...trials];

/** Commands that are gone, by name: a commit of this repository that has them. */
const goneCommands: Readonly<Record<string, string>> = { 'bench padding': '8351a6e' };

/** @param directory holds the documents, as commands print them with --json @returns "bench-modes-wall.md" with its text, ... */
export function resultPages(directory: string): { file: string; text: string }[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  const pages = names.toSorted().map((name) => {
    const document = JSON.parse(readFileSync(join(directory, name), 'utf8')) as Document;
    const experiment = described.find((one) => one.name === document.command);
    const text = resultPage(document, experiment, `../../bench/${name}`, goneCommands[document.command]);
    return { document, file: name.replace('.json', '.md'), text };
  });
  const lines = pages.map(
    ({ document: { command, date, machine }, file }) =>
      `- [${file.replace('.md', '')}](${file}): ${commandName(command, goneCommands[command])}, ${date.slice(0, 10)}, ${machine.cpu}`,
  );
  const index = `# Results

Tables of what the experiments measured, one page for each document in [bench/](../../bench). They are written by the program
(\`npm run results\`), never by hand. Definitions and what the results say: the [other pages](../README.md).

${lines.join('\n')}
`;
  return [{ file: 'README.md', text: index }, ...pages.map(({ file, text }) => ({ file, text }))];
}
