// The site: pages of gathered/, which build.mjs makes, with links that lead within it. A link to another file of the repository leads to
// the address in `repository` of package.json; as long as there is none, it is the path of the file without a link.

import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withMermaid } from 'vitepress-plugin-mermaid';
import { anchorOf, sideBarOf, siteOf, targetOf } from '../pages.mjs';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const source = at('gathered');
const files = new Set(globSync('**/*.*', { cwd: source }).map((file) => file.replaceAll('\\', '/')));
const pages = [...files].filter((file) => file.endsWith('.md'));
const { repository } = JSON.parse(readFileSync(at('../package.json'), 'utf8'));
const address = (typeof repository === 'string' ? repository : repository?.url)?.replace(/^git\+|\.git$/g, '');

const listed = (from, first) => sideBarOf(readFileSync(`${source}/${from}`, 'utf8'), from, first);
const apiPages = pages.filter((page) => page.startsWith('api/outrider')).toSorted();
const apiItems = apiPages.map((page) => ({
  // typedoc numbers names that differ in case alone.
  text: page.slice('api/'.length).replace(/(-\d+)?\.md$/, ''),
  link: `/${page.slice(0, -3)}`,
}));

/** @param state markdown-it's state of a page */
function rewriteLinks({ tokens, env }) {
  const from = relative(source, env.realPath ?? env.path).replaceAll('\\', '/');
  const parts = tokens.flatMap(({ children }) => children ?? []);
  let isOutside = false;
  for (const token of parts) {
    if (token.type === 'link_close' && isOutside) {
      token.tag = 'span';
      isOutside = false;
    }
    if (token.type !== 'link_open') continue;
    const target = targetOf(from, token.attrGet('href'), files);
    if (target.outside !== undefined && address === undefined) {
      token.tag = 'span';
      token.attrs = [
        ['class', 'in-clone'],
        ['title', `${target.outside} in a clone`],
      ];
      isOutside = true;
    } else {
      token.attrSet('href', target.href ?? `${address}/blob/HEAD/${target.outside}`);
    }
  }
}

/** Blocks of ```math, as GitHub has them. */
function withMathBlocks(md) {
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (tokens, index, ...rest) =>
    tokens[index].info.trim() === 'math'
      ? md.render(`$$\n${tokens[index].content}$$`, {})
      : fence(tokens, index, ...rest);
}

export default withMermaid({
  title: 'Outrider',
  description: 'Speculative decoding between a device and an edge server',
  base: process.env.OUTRIDER_SITE_BASE ?? '/',
  srcDir: 'gathered',
  outDir: 'dist',
  cacheDir: 'node_modules/.vitepress',
  rewrites: siteOf,
  mermaid: { securityLevel: 'strict' },
  lastUpdated: false,
  markdown: {
    math: true,
    anchor: { slugify: anchorOf },
    config(md) {
      md.core.ruler.push('site-links', (state) => (state.env.path === undefined ? undefined : rewriteLinks(state)));
      withMathBlocks(md);
    },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Documentation', link: '/documentation' },
      { text: 'Library', link: '/api/' },
      { text: 'Results', link: '/results/' },
    ],
    sidebar: {
      '/': listed('docs/README.md', 'Begin'),
      '/decisions/': listed('docs/decisions/README.md', 'Decisions'),
      '/results/': listed('docs/results/README.md', 'Results'),
      '/api/': [{ text: 'Library', items: apiItems }],
    },
    outline: [2, 3],
    search: { provider: 'local' },
  },
});
