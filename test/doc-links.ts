// Links and anchors of Markdown pages, for the tests that follow them in the repository and in the package.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export const withoutFences: (text: string) => string = (text) => text.replace(/^ *(```|~~~)[\s\S]*?^ *\1 *$/gm, '');

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

export function linksOf(text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map(([, target = '']) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** What is wrong with a link, or nothing. */
export function faultOf(page: string, link: string, read: (path: string) => string | undefined): string | undefined {
  const [file = '', anchor = ''] = link.split('#');
  const path = file === '' ? page : normalize(join(dirname(page), file));
  const text = read(path);
  if (text === undefined) return `${page} links ${link}: no file ${path}`;
  if (anchor !== '' && !anchorsOf(text).has(anchor)) return `${page} links ${link}: no heading #${anchor}`;
  return undefined;
}

/** Reads pages below a folder; a file of another kind, or a folder, counts as an empty page. */
export function readerOf(root: string): (path: string) => string | undefined {
  return (path) => {
    const full = join(root, path);
    if (path.startsWith('..') || !existsSync(full)) return undefined;
    return statSync(full).isFile() && path.endsWith('.md') ? readFileSync(full, 'utf8') : '';
  };
}
