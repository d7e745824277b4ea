import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freeLaw } from '../../core/decoding/shape-law.ts';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import { type LawFinding, LawMemory } from './shape-law-memory.ts';

const here = folderOfEach();

const finding: LawFinding = {
  weights: 'plain',
  law: freeLaw,
  callTimes: [{ rows: 1, ms: 10 }],
  nativeTimes: [{ rows: 1, ms: 9 }],
  comparisons: 400,
  failed: [{ law: 'any shape', history: 'calls of 4 at 20' }],
};
const recipe = { model: 'aa', processor: 'one', threads: 1 };
const size = { sequences: 2, contextLength: 2048 };
const memoryFor = (changes: object = {}, sizes: object = size) =>
  new LawMemory(here(), { recipe: { ...recipe, ...changes }, size: sizes });

describe('the memory of laws', () => {
  it('knows the law found for the same engine and size', async () => {
    await memoryFor().remember(finding);
    expect(await memoryFor().recall()).toEqual(finding);
  });

  it('knows nothing of another model, processor or number of threads', async () => {
    await memoryFor().remember(finding);
    for (const changes of [{ model: 'bb' }, { processor: 'two' }, { threads: 2 }]) {
      expect(await memoryFor(changes).recall()).toBeNull();
      expect(await memoryFor(changes).recallNear()).toBeNull();
    }
  });

  it('offers, but does not confirm, a law found for another size', async () => {
    await memoryFor().remember(finding);
    const other = memoryFor({}, { sequences: 8, contextLength: 512 });
    expect(await other.recall()).toBeNull();
    expect(await other.recallNear()).toEqual(finding);
  });

  it('remembers a refusal, and never offers one', async () => {
    await memoryFor().remember({ ...finding, law: null });
    expect((await memoryFor().recall())?.law).toBeNull();
    expect(await memoryFor({}, { sequences: 1 }).recallNear()).toBeNull();
  });

  it('ignores a file that was copied from another processor, or is damaged', async () => {
    await memoryFor({ processor: 'two' }).remember(finding);
    const laws = here('laws');
    const [foreign = ''] = await readdir(laws);
    const text = await readFile(join(laws, foreign), 'utf8');
    await memoryFor().remember(finding);
    const own = (await readdir(laws)).find((name) => name !== foreign) ?? '';
    const wrongLaw = text.replace('"multiple":1', '"multiple":0');
    for (const content of [text, '{', '{"format":"outrider-shape-law-1"}', wrongLaw]) {
      await writeFile(join(laws, own), content);
      expect(await memoryFor().recall()).toBeNull();
    }
  });

  it('works without a writable folder', async () => {
    const blocked = new LawMemory(here('file'), { recipe, size });
    await writeFile(here('file'), '');
    await blocked.remember(finding);
    expect(await blocked.recall()).toBeNull();
  });
});
