// The made files themselves: the same bytes each time, readable where they are meant to be.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../../simulator/runner/run.ts';
import { readGguf } from '../../../../src/models/gguf/gguf-file.ts';
import { exactnessTrial } from '../trial.ts';
import { namedCases } from './architectures.ts';
import { cases } from './cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('made files', () => {
  it('have names of their own, and are the same bytes each time', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    for (const { files } of cases.filter(({ must }) => must === 'exact')) expect(files()).toEqual(files());
  });

  it.each(cases.filter(({ must }) => must === 'exact'))(
    '$name: every file has a header that can be read',
    async (one) => {
      for (const [name, content] of Object.entries(one.files())) {
        writeFileSync(join(folder, name), content as Buffer);
        expect((await readGguf(join(folder, name))).tensors.length).toBeGreaterThan(5);
      }
    },
  );

  it('two split models share their first part, and no other', () => {
    const [one, other] = ['split', 'split-other-second'].map((name) =>
      cases.find((found) => found.name === name)?.files(),
    );
    const [first, second] = Object.keys(one ?? {}) as [string, string];
    expect(one?.[first]).toEqual(other?.[first]);
    expect(one?.[second]).not.toEqual(other?.[second]);
  });

  it('are chosen by name', async () => {
    expect(namedCases(true)).toBeUndefined();
    expect(namedCases(['bert,llama-spm', 'html'])).toEqual(['bert', 'llama-spm', 'html']);
    expect(() => namedCases(['lama'])).toThrow('there is no made file "lama"');
    const refused = runExperiment(exactnessTrial, { architectures: true, target: 'x' });
    await expect(refused).rejects.toMatchObject({ code: 'bad-argument', message: expect.stringContaining('--model') });
  });
});
