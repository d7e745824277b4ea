// `outrider env` behind the Python package outrider-env: PettingZoo's own tests and the package's. They need PettingZoo, which no test
// fetches: `python3 python/setup.py` does. OUTRIDER_REQUIRE_PIPELINE makes its absence a failure.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { defaultCacheDirectory, fileBytes } from '../src/models/files/cache.ts';

const missing = 'outrider-env was not tested: "python3 python/setup.py" installs what it needs (20 MB)';
const folder = fileURLToPath(new URL('../python/', import.meta.url));

it('passes the API test of PettingZoo and its own tests', async (context) => {
  const list = await readFile(join(folder, 'requirements.txt'));
  const mark = createHash('sha256').update(list).digest('hex').slice(0, 12);
  const environment = join(defaultCacheDirectory(), 'python', `python-${mark}`);
  const isReady = (await fileBytes(join(environment, 'complete'))) !== undefined;
  if (!isReady && !process.env['OUTRIDER_REQUIRE_PIPELINE']) context.skip(missing);
  expect(isReady, missing).toBe(true);
  const interpreter = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));
  const { stderr } = await promisify(execFile)(interpreter, ['-m', 'unittest', 'discover', '-s', 'tests'], {
    cwd: join(folder, 'outrider-env'),
    env: { ...process.env, PYTHONPATH: 'src', OUTRIDER_COMMAND: `'${process.execPath}' '${main}'` },
  });
  expect(stderr).toMatch(/Ran \d+ tests/);
  expect(stderr).toMatch(/\nOK\n$/);
});
