import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { lawKeyOf, type RecipeParts, recipeOf } from './llama-recipe.ts';

const engine: RecipeParts['engine'] = {
  version: 'v1',
  build: 'prebuilt',
  backend: 'cpu, some features',
  repacking: null,
  llama: { gpu: false },
};
const parts: RecipeParts = { engine, sha256: 'aa'.repeat(32), threads: 1 };
const size = { sequences: 4, contextLength: 2048 };

/** One other value of each input: the type asks for every field. */
type Changed = Readonly<
  Record<Exclude<keyof RecipeParts, 'engine'> | Exclude<keyof RecipeParts['engine'], 'llama'> | 'gpu', RecipeParts>
>;
const changed: Changed = {
  sha256: { ...parts, sha256: `${'aa'.repeat(31)}ab` },
  threads: { ...parts, threads: 2 },
  version: { ...parts, engine: { ...engine, version: 'v2' } },
  build: { ...parts, engine: { ...engine, build: 'from source' } },
  backend: { ...parts, engine: { ...engine, backend: 'cpu, other features' } },
  repacking: { ...parts, engine: { ...engine, repacking: {} as NonNullable<RecipeParts['engine']['repacking']> } },
  gpu: { ...parts, engine: { ...engine, llama: { gpu: 'cuda' } } },
};
/** Whether a search could choose another layout says nothing of the bits of a layout. */
const onlyInLaws: readonly string[] = ['repacking'];

const cpus = os.cpus;
function onProcessor(model: string): void {
  os.cpus = () => [{ model } as os.CpuInfo];
  syncBuiltinESMExports();
}
afterEach(() => {
  os.cpus = cpus;
  syncBuiltinESMExports();
});

describe('the key of a law', () => {
  it.each(Object.entries(changed))('is another one with another %s', (field, other) => {
    expect(lawKeyOf(other, size).recipe).not.toEqual(lawKeyOf(parts, size).recipe);
    expect(JSON.stringify(recipeOf(other)) === JSON.stringify(recipeOf(parts))).toBe(onlyInLaws.includes(field));
    expect(lawKeyOf(structuredClone(other), size)).toEqual(lawKeyOf(other, size));
  });

  it('is another one on another processor, and with another number of sequences or tokens', () => {
    onProcessor('one');
    const here = lawKeyOf(parts, size);
    expect(lawKeyOf(parts, { ...size, sequences: 5 }).size).not.toEqual(here.size);
    expect(lawKeyOf(parts, { ...size, contextLength: 2049 }).size).not.toEqual(here.size);
    onProcessor('one ');
    expect(lawKeyOf(parts, size)).toEqual(here);
    onProcessor('two');
    expect(lawKeyOf(parts, size).recipe).not.toEqual(here.recipe);
    expect(recipeOf(parts)).not.toEqual(here.recipe);
  });
});
