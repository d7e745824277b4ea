// The code of README.md and docs/use/library.md is that of examples/, word for word, without the comment at the top.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../', import.meta.url);
const [readme, page] = ['README.md', 'docs/use/library.md'].map((file) =>
  readFileSync(new URL(file, root), 'utf8'),
) as [string, string];
const blocksOf = (text: string) => [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
const blocks = [...blocksOf(readme), ...blocksOf(page)];

const withoutComment = (example: string): string => example.replace(/^(\/\/.*\n)+\n/, '');

const examples = readdirSync(new URL('examples/', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, code: withoutComment(readFileSync(new URL(`examples/${name}`, root), 'utf8')) }));

describe('the code in README.md and docs/use/library.md', () => {
  it('is that of an example each', () => {
    expect(blocks.length).toBeGreaterThan(6);
    for (const block of blocks) expect(examples.map(({ code }) => code)).toContain(block);
  });

  it('leaves no example out', () => {
    expect(examples.filter(({ name }) => !page.includes(`../examples/${name}`))).toEqual([]);
  });
});
