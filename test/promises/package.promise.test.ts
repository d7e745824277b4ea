// The package as others get it, under the Node of this repository: its commands, its five entries, its size. test/package.night.test.ts tries
// the oldest Node too, and the code of the pages.

import { globSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Application, installPacked } from '../packed-package.ts';

let application: Application;
beforeAll(async () => {
  application = await installPacked({ needsOldest: false });
});
afterAll(() => application[Symbol.asyncDispose]());

async function run(...words: string[]) {
  const { child, ended } = application.start(process.versions.node, words);
  child.stdin?.end();
  return await ended;
}

it('answers with two processes', async () => {
  const toys = ['--model', 'toy:1', '--draft', 'toy:1:0.8', '--unpaced', '--max-tokens', '12'];
  const { status, output } = await run('outrider', 'run', ...toys, '--prompt', 'hello', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(output).summary.identical).toBe(true);
});

it('lets its five entries be imported', async () => {
  const entries = ['', '/allocation', '/device', '/edge', '/simulation'].map((part) => `outrider${part}`);
  const code = `const all = await Promise.all(${JSON.stringify(entries)}.map((name) => import(name)));
console.log(JSON.stringify(all.map((one) => Object.keys(one))));`;
  const { output } = await run(await application.write('import.mjs', code));
  const names: string[][] = JSON.parse(output);
  const expected = ['openDevice', 'createPolicy', 'createDevice', 'startEdge', 'runSession'];
  for (const [index, name] of expected.entries()) expect(names[index]).toContain(name);
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
