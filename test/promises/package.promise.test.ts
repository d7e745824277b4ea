// The package as others get it, under the Node of this repository and without the optional packages: its commands, its five entries with
// their types, its examples. test/package.night.test.ts tries the oldest Node too, and the code of the pages.

import { globSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Application, installPacked } from '../packed-package.ts';
import { startToyEdge, toySeed } from '../together/toy-edge.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const entries = ['', '/allocation', '/device', '/edge', '/simulation'].map((part) => `outrider${part}`);
let application: Application;
beforeAll(async () => {
  application = await installPacked({ needsOldest: false });
  const types = join(application.folder, 'node_modules/@types');
  await mkdir(types);
  await symlink(join(repository, 'node_modules/@types/node'), join(types, 'node'));
});
afterAll(() => application[Symbol.asyncDispose]());

async function run(...words: string[]) {
  const { child, ended } = application.start(process.versions.node, words);
  child.stdin?.end();
  return await ended;
}

const clean = { status: 0, output: '', notes: '' };

/** Checks code of the application as strictly as an application can, with the types of every package that it has. */
function check(files: readonly string[], options: object) {
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
  };
  const all = { ...strict, noEmit: true, target: 'es2022', ...options };
  const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return run(join(repository, 'node_modules/typescript/bin/tsc'), ...flags, ...files);
}

const importAll = (names: readonly string[]): string =>
  `${names.map((name, index) => `import * as all${index} from '${name}';\nconsole.log(all${index});`).join('\n')}\n`;

it('answers with two processes', async () => {
  const toys = ['--model', 'toy:1', '--draft', 'toy:1:0.8', '--unpaced', '--max-tokens', '12'];
  const { status, output } = await run('outrider', 'run', ...toys, '--prompt', 'hello', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(output).summary.identical).toBe(true);
});

it('lets its five entries be imported', async () => {
  const code = `const all = await Promise.all(${JSON.stringify(entries)}.map((name) => import(name)));
console.log(JSON.stringify(all.map((one) => Object.keys(one))));`;
  const { output } = await run(await application.write('import.mjs', code));
  const names: string[][] = JSON.parse(output);
  const expected = ['openDevice', 'createPolicy', 'createDevice', 'startEdge', 'runSession'];
  for (const [index, name] of expected.entries()) expect(names[index]).toContain(name);
});

it.each([
  ['its five entries', entries, { module: 'nodenext', types: 'node' }],
  [
    'the entry for pages, without the types of Node',
    ['outrider/device'],
    { lib: 'es2022,dom', types: '', module: 'esnext', moduleResolution: 'bundler' },
  ],
])('has whole types: %s', async (_, names, options) => {
  const file = await application.write('types.mts', importAll(names));
  expect(await check([file], options)).toEqual(clean);
});

it('has examples that an application can copy', async () => {
  await cp(join(application.packageFolder, 'examples'), join(application.folder, 'examples'), { recursive: true });
  await application.write('package.json', '{ "type": "module" }');
  const files = globSync('examples/**/*.ts', { cwd: application.folder });
  expect(files).toContain('examples/quickstart.ts');
  expect(await check(files, { lib: 'es2024,esnext.disposable,dom', types: 'node', module: 'nodenext' })).toEqual(clean);
  await using edge = await startToyEdge();
  const { status, output } = await run('examples/quickstart.ts', edge.url, `toy:${toySeed}:0.8`);
  expect([status, output.length > 40]).toEqual([0, true]);
});

it('holds product, pages and simulator, and says where the laboratory is', async () => {
  const houses = globSync('dist/*', { cwd: application.packageFolder }).sort();
  expect(houses).toEqual(['dist/bin', 'dist/pages', 'dist/simulator', 'dist/src']);
  const help = (await run('outrider', '--help')).output;
  expect(help.match(/^\S.*:$/gm)?.slice(1, 4)).toEqual(['Product:', 'Simulator:', 'Laboratory (needs a clone):']);
  expect(await run('outrider', 'bench', 'modes')).toMatchObject({
    status: 2,
    notes: expect.stringMatching(/not in the published package\n {2}in a clone: .* bench modes \[clone-needed\]/),
  });
  const simulated = await run('outrider', 'simulate', '--scenario', 'munich', '--slots', '2', '--json');
  expect(JSON.parse(simulated.output).rows.length).toBeGreaterThan(0);
});
