// A real vLLM with a small model: the worker's own tests, and the engine contract through an edge's code. It needs 3.4 GB of packages that
// no test fetches: workers/vllm/README.md has how. OUTRIDER_VLLM names the program where it is not on PATH.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findWorker } from '../src/models/engines/remote/find-worker.ts';
import { acquireModel } from '../src/models/files/acquire.ts';
import { defaultCacheDirectory } from '../src/models/files/cache.ts';

const call = promisify(execFile);
const root = fileURLToPath(new URL('../', import.meta.url));
const tests = join(root, 'workers/vllm/tests/with_vllm');
const model = 'smollm2-135m';
const program = await findWorker('vllm', defaultCacheDirectory()).catch(() => undefined);
const title = program === undefined ? 'vLLM (not tested: no program outrider-vllm; workers/vllm/README.md)' : 'vLLM';

describe.skipIf(program === undefined)(title, () => {
  const python = join(dirname(program as string), 'python');
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outrider-vllm-'));
    const { path } = await acquireModel(model, {});
    await call(python, [join(tests, 'make_folder.py'), path, join(folder, model)]);
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('reports too little memory, and serves pipeline stages', { timeout: 3_600_000 }, async () => {
    const env = { ...process.env, OUTRIDER_VLLM_FOLDER: join(folder, model) };
    const { stderr } = await call(python, ['-m', 'unittest', 'discover', '-s', tests], { env });
    expect(stderr).toMatch(/\nOK\n$/);
  });

  it('keeps the contract of engines', { timeout: 3_600_000 }, async () => {
    const words = ['engine', 'check', `vllm:${join(folder, model)}`, '--tokenizer', model, '--json'];
    const { stdout } = await call(process.execPath, [join(root, 'bin/clone.mjs'), ...words]);
    const { rows } = JSON.parse(stdout) as { rows: { result: string }[] };
    expect(rows.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(rows.length).toBeGreaterThan(15);
  });
});
