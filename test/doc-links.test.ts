// Every relative link and anchor of the documentation leads somewhere, and its prose fits the width of a page.

import { globSync } from 'node:fs';
import { dirname, relative } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultOf, linksOf, readerOf, withoutFences } from './doc-links.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = globSync(
  ['*.md', 'docs/**/*.md', 'site/README.md', '{bench,drafts,maps,sionna,traces,weights,workers}/**/*.md'],
  {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  },
).sort();

/** Pages that people write. */
const written = pages.filter((page) => /^(docs\/|[A-Z]+\.md)/.test(page));

/** Longest line of prose. Rows of tables, code, and lines that are one link can't be broken. */
const widest = 140;

const readFromRoot = readerOf(root);

describe('the documentation', () => {
  it('is read', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/glossary.md']));
    expect(pages.flatMap((page) => linksOf(readFromRoot(page) ?? '')).length).toBeGreaterThan(100);
  });

  it.each([
    ['docs/README.md', /^docs\/(?!decisions\/).+\.md$/],
    ['docs/decisions/README.md', /^docs\/decisions\//],
  ])('%s lists all pages of its folder', (list, folder) => {
    const listed = pages.filter((page) => folder.test(page) && page !== list);
    const others = listed.map((page) => relative(dirname(list), page));
    expect(linksOf(readFromRoot(list) ?? '')).toEqual(expect.arrayContaining(others));
  });

  it.each(pages)('%s has no link that leads nowhere', (page) => {
    const links = linksOf(readFromRoot(page) ?? '');
    expect(links.map((link) => faultOf(page, link, readFromRoot)).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it.each(written)('%s has no gap left to fill', (page) => {
    expect(readFromRoot(page)?.match(/@@\w+@@/g) ?? []).toEqual([]);
  });

  it.each(written)('%s is no wider than a page', (page) => {
    const wide = withoutFences(readFromRoot(page) ?? '')
      .split('\n')
      .filter((line) => line.length > widest && !/^(\||<| {4}|!?\[[^\]]*\]\([^)]*\)$)/.test(line));
    expect(wide).toEqual([]);
  });
});

describe('the check of links itself', () => {
  const files: Readonly<Record<string, string>> = {
    'a.md': '# First page\n\n## What `run` does, and why\n\n## Twice\n\n## Twice\n',
    'docs/b.md': '',
  };
  const read = (path: string): string | undefined => files[path];

  it('finds files and headings', () => {
    for (const link of ['b.md', '../a.md#first-page', '../a.md#what-run-does-and-why', '../a.md#twice-1'])
      expect(faultOf('docs/b.md', link, read)).toBeUndefined();
  });

  it('finds planted faults', () => {
    expect(faultOf('docs/b.md', 'a.md', read)).toContain('no file docs/a.md');
    expect(faultOf('docs/b.md', '../a.md#twice-2', read)).toContain('no heading #twice-2');
  });

  it('knows links from code', () => {
    expect(linksOf('[a](b.md#c) and [d](https://e.org) and `[f](g.md)`\n\n    [h](i.md)\n')).toEqual(['b.md#c']);
  });
});
