// A file that ends the process that opens it ends a child of this one. Needs node-llama-cpp, and no model.

import { readdir, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { acquireModel } from '../files/acquire.ts';
import { forgetLaws } from '../files/cache-inventory.ts';
import { folderOfAll } from '../gguf/folder.fixture.ts';
import { integer } from '../gguf/gguf.fixture.ts';
import type { LanguageModel } from '../port/model.ts';
import { type OpenModelOptions, openModel } from './open-model.ts';
import { writeSmallModel } from './small-model.fixture.ts';

const here = folderOfAll();
let sound = '';
let aborting = '';
beforeAll(async () => {
  sound = here('sound.gguf');
  await writeSmallModel(sound, { positions: 256 });
  aborting = here('aborting.gguf');
  // A legal number, but not with this architecture: the engine asserts that it is another.
  await writeSmallModel(aborting, { positions: 256, metadata: [['gpt2.attention.key_length', integer(16)]] });
});

const size = { sequences: 2, contextLength: 128 } as const;
const open = (path: string, changes: Partial<OpenModelOptions> = {}): Promise<LanguageModel> =>
  openModel(path, { role: 'target', ...size, exact: false, cacheDirectory: here(), ...changes });

/** Runs `work` where a child process is this program instead, which does nothing. */
async function withoutChildren<Outcome>(work: () => Promise<Outcome>, program = '/bin/false'): Promise<Outcome> {
  const { execPath } = process;
  process.execPath = program;
  try {
    return await work();
  } finally {
    process.execPath = execPath;
  }
}

describe('a file on which the engine aborts', () => {
  it.each([true, false])(
    'is refused with the words of the engine, and this process lives (exact: %s)',
    async (exact) => {
      await expect(open(aborting, { exact })).rejects.toMatchObject({
        code: 'model-unreadable',
        message: expect.stringMatching(
          /the engine aborted on this file, .*aborting\.gguf \(GGML_ASSERT\(n_embd_head.*\)/,
        ),
      });
    },
  );
});

describe('a file that nobody vouches for', () => {
  it('is tried once for each way of opening it, and again when its laws are forgotten', async () => {
    let searched = 0;
    const onLawProgress = (): void => {
      searched += 1;
    };
    await expect(withoutChildren(() => open(sound))).rejects.toMatchObject({ code: 'internal' });
    await (await open(sound, { exact: true, onLawProgress })).close();
    // Reported by the child.
    expect(searched).toBeGreaterThan(3);
    searched = 0;
    await (await withoutChildren(() => open(sound, { exact: true, onLawProgress }))).close();
    expect(searched).toBe(0);
    await expect(withoutChildren(() => open(sound))).rejects.toMatchObject({ code: 'internal' });
    expect((await readdir(here('laws'))).filter((name) => name.startsWith('tried-'))).toHaveLength(1);
    await forgetLaws((await acquireModel(sound)).sha256, { cacheDirectory: here() });
    await expect(withoutChildren(() => open(sound, { exact: true }))).rejects.toMatchObject({ code: 'internal' });
  });

  it('is refused with the error of the child', async () => {
    const path = here('nan.gguf');
    await writeSmallModel(path, { positions: 256, weight: (_, index, value) => (index === 9 ? Number.NaN : value) });
    const refused = { code: 'engine-failed', remedy: expect.stringMatching(/get the file/) };
    await expect(open(path)).rejects.toMatchObject(refused);
  });

  it('is no fault of the file where the system ends the process', async () => {
    const path = here('ended.gguf');
    await writeSmallModel(path, { positions: 256 });
    const ended = here('ended.sh');
    // As a process that has begun, and then has no memory.
    await writeFile(ended, `#!/bin/sh\necho '{"kind":"started"}' >&3\nkill -9 $$\n`, { mode: 0o755 });
    const opened = withoutChildren(() => open(path), ended);
    await expect(opened).rejects.toMatchObject({ code: 'memory-full', message: expect.stringContaining('ended.gguf') });
  });

  it('is given up when the caller does', async () => {
    const path = here('given-up.gguf');
    await writeSmallModel(path, { positions: 300 });
    const abort = new AbortController();
    const onLawProgress = (): void => abort.abort();
    const opened = open(path, { exact: true, onLawProgress, signal: abort.signal });
    await expect(opened).rejects.toMatchObject({ code: 'interrupted' });
  });
});
