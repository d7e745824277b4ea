// What the command prints, and where: data on standard output, nothing else.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { writtenTo } from '../terminal/output.fixture.ts';
import { modelsCommand } from './models.ts';

const here = folderOfEach();
let printed: () => string;

beforeEach(async () => {
  vi.stubEnv('OUTRIDER_CACHE', here());
  printed = writtenTo(process.stdout);
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function outriderModels(...words: string[]): Promise<string> {
  await modelsCommand().parseAsync(words, { from: 'user' });
  return printed();
}

describe('outrider models', () => {
  it('lists names, sizes, licences, states and pairs for people', async () => {
    const text = await outriderModels();
    expect(text).toMatch(/smollm2-135m +98\.4 MB +Apache-2\.0 +absent/);
    expect(text).toMatch(/pair .*default.*: target smollm2-135m, draft smollm2-135m-coarse/);
    expect(text).toContain(here());
  });

  it('lists the same for programs; the draft of the package is always there', async () => {
    const document = JSON.parse(await outriderModels('--json'));
    expect(document.command).toBe('models list');
    expect(document.rows[0]).toMatchObject({ name: 'smollm2-135m', byteLength: 98_362_432, state: 'absent' });
    expect(document.summary).toMatchObject({ modelCount: document.rows.length, cachedCount: 1 });
  });

  it('says what was removed', async () => {
    expect(await outriderModels('remove', 'default')).toBe(
      'smollm2-135m was not there\nsmollm2-135m-coarse was not there\n',
    );
  });

  it.each([
    [['verify'], 'model-not-found'],
    [['verify', 'smollm'], 'model-unknown'],
    [['pull', 'smollm'], 'model-unknown'],
    [['prepare', 'smollm'], 'model-unknown'],
    [['remove', '../other'], 'model-unknown'],
  ])('%j fails with %s and prints nothing', async (words, code) => {
    await expect(outriderModels(...words)).rejects.toMatchObject({ code });
    expect(printed()).toBe('');
  });
});
