// The engine contract for ik_llama.cpp, in its own process, with the default target. It needs the worker's environment, which no test makes:
// `node setup.mjs --engine ik` does. OUTRIDER_REQUIRE_PIPELINE makes its absence a failure.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { defaultCacheDirectory } from '../../files/cache.ts';
import { folderOfAll } from '../../gguf/folder.fixture.ts';
import { text } from '../../gguf/gguf.fixture.ts';
import { describeModelContract } from '../../port/model.contract.ts';
import { openModel } from '../open-model.ts';
import { writeSmallModel } from '../small-model.fixture.ts';
import { findWorker } from './find-worker.ts';

const size = { sequences: 3, contextLength: 400, threads: 1 } as const;
const program = await findWorker('ik', defaultCacheDirectory()).catch(() => null);
const isRequired = Boolean(process.env['OUTRIDER_REQUIRE_PIPELINE']);
const missing = 'ik_llama.cpp was not tested: "node setup.mjs --engine ik" installs it (25 MB)';

describe.skipIf(program === null && !isRequired)('ik_llama.cpp', () => {
  const here = folderOfAll();

  it('is installed, with the sources of this clone', () => {
    expect(program, missing).not.toBeNull();
    const setUp = fileURLToPath(new URL('../../../../workers/setup.py', import.meta.url));
    expect(execFileSync(process.env['PYTHON'] ?? 'python3', ['-I', setUp, 'ik'], { encoding: 'utf8' })).toContain(
      'outrider-ik',
    );
  });

  const copies = 'a copy holds what the original held, and neither changes the other afterwards';
  const open = () => openModel('smollm2-135m', { role: 'target', exact: true, engine: 'ik', ...size });
  describeModelContract('ik_llama.cpp', open, { skip: [{ case: copies, reason: 'the protocol copies nothing' }] });

  it('says why it cannot run a file', async () => {
    const path = here('strange.gguf');
    await writeSmallModel(path, { positions: 64, metadata: [['general.architecture', text('strange')]] });
    const opening = openModel(path, { role: 'target', exact: true, engine: 'ik', ...size });
    await expect(opening).rejects.toMatchObject({
      code: 'engine-lost',
      message: expect.stringContaining("can't load"),
      remedy: expect.stringContaining('--engine ik'),
    });
  });
});

describe.runIf(program === null && !isRequired)('ik_llama.cpp', () => {
  it('is not installed', (context) => context.skip(missing));
});
