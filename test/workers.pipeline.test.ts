// The Python side of the rows protocol, and what workers/vllm and workers/ik can know before they import an engine. They need numpy, which no test fetches:
// `python3 python/setup.py` does. OUTRIDER_REQUIRE_PIPELINE makes its absence a failure.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { defaultCacheDirectory, fileBytes } from '../src/models/files/cache.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const missing = 'workers were not tested: "python3 python/setup.py" installs what they need (20 MB)';
const sources = ['rows', 'vllm', 'ik'].map((name) => join(root, 'workers', name, 'src')).join(delimiter);

describe.skipIf(process.platform === 'win32')('workers in Python', () => {
  it.for(['rows', 'vllm', 'ik'])('workers/%s passes its own tests', { timeout: 600_000 }, async (name, { skip }) => {
    const list = await readFile(join(root, 'python', 'requirements.txt'));
    const mark = createHash('sha256').update(list).digest('hex').slice(0, 12);
    const environment = join(defaultCacheDirectory(), 'python', `python-${mark}`);
    const isReady = (await fileBytes(join(environment, 'complete'))) !== undefined;
    if (!isReady && !process.env['OUTRIDER_REQUIRE_PIPELINE']) skip(missing);
    expect(isReady, missing).toBe(true);
    const { stderr } = await promisify(execFile)(
      join(environment, 'bin/python'),
      ['-m', 'unittest', 'discover', '-s', join(root, 'workers', name, 'tests')],
      { env: { ...process.env, PYTHONPATH: sources, PYTHONDONTWRITEBYTECODE: '1' } },
    );
    expect(stderr).toMatch(/Ran \d+ tests/);
    expect(stderr).toMatch(/\nOK\n$/);
  });
});
