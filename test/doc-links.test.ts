// Every relative link and anchor of the documentation leads somewhere, and its prose fits the width of a page.

import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md', '{bench,drafts,maps,sionna,traces,weights}/**/*.md'], {
  cwd: root,
  exclude: (name) => name === 'node_modules',
}).sort();

/** Pages that people write; those of results are printed by commands. */
const written = pages.filter((page) => /^(docs\/(?!results\/)|[A-Z]+\.md)/.test(page));

/** Longest line of prose. Rows of tables, code, and lines that are one link can't be broken. */
const widest = 140;

const withoutFences = (text: string): string => text.replace(/^ *(```|~~~)[\s\S]*?^ *\1 *$/gm, '');

/** A page without its code, in which nothing is a link. */
function withoutCode(text: string): string {
  return withoutFences(text)
    .replace(/(^|\n\n)(( {4}|\t).*\n?)+/g, '\n\n')
    .replace(/`[^`\n]+`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
}

/** The name that GitHub gives a heading: lower case, without punctuation, with dashes for spaces. */
function anchorOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} +(.*)$/gm)) {
    const anchor = anchorOf(heading);
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

function linksOf(text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map(([, target = '']) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** What is wrong with a link, or nothing. */
function faultOf(page: string, link: string, read: (path: string) => string | undefined): string | undefined {
  const [file = '', anchor = ''] = link.split('#');
  const path = file === '' ? page : normalize(join(dirname(page), file));
  const text = read(path);
  if (text === undefined) return `${page} links ${link}: no file ${path}`;
  if (anchor !== '' && !anchorsOf(text).has(anchor)) return `${page} links ${link}: no heading #${anchor}`;
  return undefined;
}

function readFromRoot(path: string): string | undefined {
  const full = join(root, path);
  if (path.startsWith('..') || !existsSync(full)) return undefined;
  return statSync(full).isFile() && path.endsWith('.md') ? readFileSync(full, 'utf8') : '';
}

describe('the documentation', () => {
  it('is read', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/glossary.md']));
    expect(pages.flatMap((page) => linksOf(readFromRoot(page) ?? '')).length).toBeGreaterThan(100);
  });

  it.each(pages)('%s has no link that leads nowhere', (page) => {
    const links = linksOf(readFromRoot(page) ?? '');
    expect(links.map((link) => faultOf(page, link, readFromRoot)).filter((fault) => fault !== undefined)).toEqual([]);
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
