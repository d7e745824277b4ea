#!/usr/bin/env node
// Builds the pages into dist/pages: NAME.html, NAME.js and NAME.css for each folder of pages/ with a main.tsx, one script for each worker
// (pages/*/*-worker.ts), tab.js for pages of others, what they load later, and the kernels of the WASM engine. The folder is served as it is,
// so nothing in a page names another place.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { writeKernels } from './build-kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = `${root}pages/`;
const target = `${root}dist/pages/`;

const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const filesOf = ({ name }) => readdirSync(`${source}${name}`);
const pages = folders.filter((folder) => filesOf(folder).includes('main.tsx')).map(({ name }) => name);
const workers = folders.flatMap((folder) =>
  filesOf(folder)
    .filter((file) => file.endsWith('-worker.ts'))
    .map((file) => [file.slice(0, -'.ts'.length), `${source}${folder.name}/${file}`]),
);

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const library = ['tab', `${source}tab/tab.ts`];
const input = Object.fromEntries([...pages.map((name) => [name, `${source}${name}/main.tsx`]), ...workers, library]);
const build = await rolldown({
  input,
  cwd: root,
  platform: 'browser',
  tsconfig: `${source}tsconfig.json`,
  onLog(_level, { message }) {
    throw new Error(message);
  },
});
await build.write({
  dir: target,
  format: 'esm',
  minify: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
});
await build.close();
const shared = readFileSync(`${source}parts/style.css`, 'utf8');
for (const name of pages) {
  writeFileSync(`${target}${name}.css`, `${shared}${readFileSync(`${source}${name}/style.css`, 'utf8')}`);
  writeFileSync(`${target}${name}.html`, readFileSync(`${source}${name}/index.html`, 'utf8'));
}
await writeKernels(target);
