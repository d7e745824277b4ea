// The package as others get it: compiled, and imported by its name. Every subpath can be imported, and nothing else.

import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'outrider-package-')));
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(await realpath(join(root, 'node_modules')), join(folder, 'node_modules'));
  await run(
    process.execPath,
    ['node_modules/.bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')],
    {
      cwd: root,
    },
  );
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Imports a name in a fresh process. @returns what it exports, or the code of the error */
async function importOf(name: string): Promise<string> {
  const file = join(folder, 'import.mjs');
  await writeFile(
    file,
    `import('${name}').then((all) => console.log(Object.keys(all).join()), (error) => console.log(error.code));`,
  );
  return (await run(process.execPath, [file])).stdout.trim();
}

describe('the compiled package', () => {
  it.each([
    ['outrider', 'openDevice'],
    ['outrider/allocation', 'createPolicy'],
    ['outrider/device', 'createDevice'],
    ['outrider/edge', 'startEdge'],
    ['outrider/simulation', 'runSession'],
  ])('lets %s be imported', async (name, exported) => {
    expect((await importOf(name)).split(',')).toContain(exported);
  });

  it('keeps the rest to itself', async () => {
    expect(await importOf('outrider/dist/edge/edge.js')).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
    expect(await importOf('outrider/cli')).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
