// What the site makes of the files of the repository: the page of a file, the target of a link, and the side bars, which are the lists
// of docs/README.md. Nothing here reads a file.

import { posix } from 'node:path';

/** Path within the site of a file below docs/ or api/: "docs/use/README.md" is "use/index.md". */
export function siteOf(path) {
  if (path === 'docs/README.md') return 'documentation.md';
  return path.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
}

/** The name that GitHub gives a heading, so that anchors of docs/ fit here. */
export function anchorOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/**
 * Where a link of a page leads: `href` within the site, or `outside`, the path of a file that only the repository has.
 * @param from path of the page in the repository @param files paths of all files that the site has
 */
export function targetOf(from, link, files) {
  const [, file, anchor] = /^([^#]*)(.*)$/.exec(link);
  if (file === '' || /^[a-z]+:/.test(file)) return { href: link };
  const path = posix.join(posix.dirname(from), file).replace(/\/$/, '');
  const found = [path, `${path}/README.md`, `${path}/index.md`].find((one) => files.has(one));
  if (found !== undefined) return { href: `/${siteOf(found)}${anchor}` };
  // A document of results has a page here, and so have the schemas of messages.
  const result = path
    .replace(/^bench\/(.+?)(?:\.json|\.md)$/, 'docs/results/$1.md')
    .replace(/^src\/.*\/message-schemas\.ts$/, 'docs/operate/messages.md');
  if (result !== from && files.has(result)) return { href: `/${siteOf(result)}${anchor}` };
  // A page that is missing stays a link, which VitePress refuses.
  return path.startsWith('docs/') ? { href: link } : { outside: path };
}

/** Links of a list in Markdown, as text and path. */
function linksIn(text) {
  return [...text.matchAll(/\[([^\]]+)\]\(([^)#\s]+)[^)]*\)/g)].map(([, name, file]) => ({ name, file }));
}

function itemOf({ name, file }, from) {
  const link = `/${siteOf(posix.join(posix.dirname(from), file))}`.replace(/(index)?\.md$/, '');
  const text = name.replaceAll('`', '');
  return { text: text[0].toUpperCase() + text.slice(1), link };
}

/**
 * A side bar of the lists of a page: a group for each heading of level 2, an item for each link to a page.
 * @param first heading of the links above the first heading
 */
export function sideBarOf(markdown, from, first) {
  const [top = '', ...sections] = markdown.split(/^## /m);
  const parts = [`${first}\n${top}`, ...sections];
  const groups = parts.map((part) => {
    const end = part.indexOf('\n');
    const links = linksIn(part.slice(end)).filter(({ file }) => file.endsWith('.md'));
    return { text: part.slice(0, end).replace(/:.*/, ''), items: links.map((link) => itemOf(link, from)) };
  });
  return groups.filter(({ items }) => items.length > 0);
}
