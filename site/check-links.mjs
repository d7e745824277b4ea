// Follows every link and every picture of the built site, anchors included. Links to other hosts are not followed.

import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const tag = /<(?:a|img|link|script|source|video)\b[^>]*?\s(?:href|src)="([^"]*)"/g;
const unescaped = (text) => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"');
const read = (folder, file) => readFileSync(`${folder}/${file}`, 'utf8');

/** @returns the number of pages and links, and "PAGE links TARGET: why" for each link without a target */
export function checkLinks(folder, base = '/') {
  const files = new Set(globSync('**/*.*', { cwd: folder }).map((file) => file.replaceAll('\\', '/')));
  const pages = [...files].filter((file) => file.endsWith('.html')).toSorted();
  const idsOf = new Map(
    pages.map((page) => [
      page,
      new Set([...read(folder, page).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => unescaped(id))),
    ]),
  );
  const dead = [];
  let links = 0;
  for (const page of pages) {
    for (const [, raw] of read(folder, page).matchAll(tag)) {
      const link = unescaped(raw);
      if (/^([a-z]+:|\/\/)/i.test(link)) continue;
      links += 1;
      const fault = faultOf(page, link, { files, idsOf, base });
      if (fault !== undefined) dead.push(`${page} links ${link}: ${fault}`);
    }
  }
  return { pages: pages.length, links, dead };
}

function faultOf(page, link, { files, idsOf, base }) {
  const [, path, , anchor] = /^([^?#]*)(\?[^#]*)?(?:#(.*))?$/.exec(link);
  if (path.startsWith('/') && !path.startsWith(base)) return `not below ${base}`;
  const from = posix.dirname(page);
  const joined = path.startsWith('/') ? path.slice(base.length) : posix.join(from, decodeURIComponent(path));
  const whole = path === '' ? page : joined.replace(/(^|\/)\.?$/, '$1index.html');
  const file = decodeURIComponent(whole);
  if (!files.has(file)) return `no file ${file}`;
  if (anchor === undefined || anchor === '') return undefined;
  return idsOf.get(file)?.has(decodeURIComponent(anchor)) === false ? 'no such anchor' : undefined;
}
