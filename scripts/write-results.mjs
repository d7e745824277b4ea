// Writes what bench/ says. Without an argument: the numbers and tables within README.md and docs/ ("npm run results", after a document in
// bench/ has changed). With a folder: a page for each document, into that folder (the site).

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pagesWithFigures } from '../laboratory/commands/page-figures.ts';
import { resultPages } from '../laboratory/commands/results.ts';

const [folder] = process.argv.slice(2);
if (folder !== undefined) {
  mkdirSync(folder, { recursive: true });
  for (const { file, text } of resultPages()) writeFileSync(join(folder, file), text);
} else {
  const root = new URL('../', import.meta.url);
  for (const { page, text, filled } of pagesWithFigures())
    if (filled !== text) writeFileSync(fileURLToPath(new URL(page, root)), filled);
}
