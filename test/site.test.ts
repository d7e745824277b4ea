// The side bars of the site show every page, links of docs/ lead within it, and its check of links finds what is broken.

import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { checkLinks } from '../site/check-links.mjs';
import { anchorOf, sideBarOf, siteOf, targetOf } from '../site/pages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = globSync('docs/**/*.md', { cwd: root }).map((path) => path.replaceAll('\\', '/'));
const files = new Set(pages);
const addressOf = (page: string): string => `/${siteOf(page)}`.replace(/(index)?\.md$/, '');
const linksOf = (list: string): string[] =>
  sideBarOf(read(list), list, 'Begin').flatMap(({ items }) => items.map(({ link }) => link));

describe('the side bar', () => {
  it.each([
    ['docs/README.md', /^docs\/(?!decisions\/)/],
    ['docs/decisions/README.md', /^docs\/decisions\//],
  ])('has every page that %s lists', (list, folder) => {
    const listed = pages.filter((page) => folder.test(page) && page !== list);
    expect(listed.length).toBeGreaterThan(20);
    expect(linksOf(list)).toEqual(expect.arrayContaining(listed.map(addressOf)));
  });

  it('leads to pages, and has the headings of the list', () => {
    const addresses = pages.map(addressOf);
    expect(linksOf('docs/README.md').filter((link) => !addresses.includes(link))).toEqual([]);
    const headings = sideBarOf(read('docs/README.md'), 'docs/README.md', 'Begin').map(({ text }) => text);
    expect(headings).toEqual(['Begin', 'Use', 'Operate', 'Research', 'Internals']);
  });
});

describe('a link of a page', () => {
  it('leads to the page of the site', () => {
    const from = 'docs/use/library.md';
    expect(targetOf(from, '../operate/scale.md#x', files)).toEqual({ href: '/operate/scale.md#x' });
    expect(targetOf(from, '../README.md', files)).toEqual({ href: '/documentation.md' });
    const withResults = new Set([
      ...files,
      'docs/results/README.md',
      'docs/results/bench-x.md',
      'docs/operate/messages.md',
    ]);
    expect(targetOf(from, '../../bench/bench-x.json', withResults)).toEqual({ href: '/results/bench-x.md' });
    expect(targetOf(from, '../../bench/README.md', withResults)).toEqual({ href: '/results/index.md' });
    const schemas = '../../src/allocation/controller/message-schemas.ts';
    expect(targetOf(from, schemas, withResults)).toEqual({ href: '/operate/messages.md' });
    const itself = targetOf('docs/results/bench-x.md', '../../bench/bench-x.json', withResults);
    expect(itself).toEqual({ outside: 'bench/bench-x.json' });
    expect(targetOf(from, '#x', files)).toEqual({ href: '#x' });
    expect(targetOf(from, 'https://example.org/a.md', files)).toEqual({ href: 'https://example.org/a.md' });
  });

  it('is known to lead out of docs, and stays as it is where the page is missing', () => {
    expect(targetOf('docs/use/library.md', '../../examples/abort.ts', files)).toEqual({ outside: 'examples/abort.ts' });
    expect(targetOf('docs/use/library.md', 'gone.md', files)).toEqual({ href: 'gone.md' });
  });

  it('has the anchor that GitHub gives a heading', () => {
    expect(anchorOf('What `run` does, and why')).toBe('what-run-does-and-why');
  });
});

describe('the check of links', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-site-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const check = (...bodies: string[]) => {
    mkdirSync(join(folder, 'use'), { recursive: true });
    writeFileSync(join(folder, 'index.html'), bodies.join('\n'));
    writeFileSync(join(folder, 'use/a.html'), '<h1 id="one-&amp;-two">x</h1><a href="../index.html">back</a>');
    writeFileSync(join(folder, 'b.svg'), '<svg/>');
    return checkLinks(folder);
  };

  it('follows pages, anchors, pictures and folders', () => {
    const sound = ['/use/a.html', './use/a.html#one-%26-two', '/b.svg?x=1', '/', '#', 'https://example.org/none'];
    const body = `${sound.map((link) => `<a class="x" href="${link}">x</a>`).join('')}<img src="/b.svg">`;
    expect(check(body)).toEqual({ pages: 2, links: 7, dead: [] });
  });

  it('names each that leads nowhere', () => {
    const { dead } = check(
      '<a href="/use/b.html">',
      '<a href="/use/a.html#three">',
      '<img alt="" src="c.svg">',
      '<a href="#four">',
    );
    expect(dead).toEqual([
      'index.html links /use/b.html: no file use/b.html',
      'index.html links /use/a.html#three: no such anchor',
      'index.html links c.svg: no file c.svg',
      'index.html links #four: no such anchor',
    ]);
  });
});
