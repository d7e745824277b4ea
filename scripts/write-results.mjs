// Writes docs/results, and the numbers and tables within other pages, from bench/: "npm run results", after a document in bench/ has changed.

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resultPages } from '../laboratory/commands/results.ts';
import { pagesWithFigures } from '../laboratory/experiments/page-figures.ts';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
mkdirSync(at('docs/results'), { recursive: true });
for (const { file, text } of resultPages(at('bench'))) writeFileSync(at(`docs/results/${file}`), text);
for (const { page, text, filled } of pagesWithFigures()) if (filled !== text) writeFileSync(at(page), filled);
