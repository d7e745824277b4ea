// "npm run site" in a copy of the last commit: packages from the lock file, every page, no dead link; and a link that leads nowhere fails it.

import { execFile } from 'node:child_process';
import { appendFileSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { sourcesOf } from './packed-package.ts';

const call = promisify(execFile);
const folder = await sourcesOf('HEAD');
const build = () => call('npm', ['run', '--silent', 'site'], { cwd: folder, maxBuffer: 2 ** 26 });
const page = (path: string): string => readFileSync(join(folder, 'site/dist', path), 'utf8');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('builds all pages without a dead link', async () => {
  const { stdout } = await build();
  expect(stdout).toMatch(/^\d+ pages, \d+ links, 0 dead links$/m);
  const sources = globSync('docs/**/*.md', { cwd: folder });
  expect(globSync('**/*.html', { cwd: join(folder, 'site/dist') }).length).toBeGreaterThan(sources.length);
  expect(page('research/allocation-derivations.html')).toContain('<mjx-container');
  expect(page('internals/architecture.html')).toContain('class="mermaid"');
  expect(page('research/benchmarks.html')).toMatch(/<img src="\/assets\/modes\.[^"]+\.svg"/);
  expect(page('api/outrider.html')).toContain('openDevice');
  expect(globSync('assets/chunks/@localSearchIndex*.js', { cwd: join(folder, 'site/dist') })).toHaveLength(1);
  const pages = globSync('**/*.html', { cwd: join(folder, 'site/dist') });
  expect(pages.filter((path) => /https?:\/\/(fonts|cdn)\./.test(page(path)))).toEqual([]);
});

it('fails where a page or an anchor is missing', async () => {
  appendFileSync(join(folder, 'docs/glossary.md'), '\n[gone](start.md#gone)\n');
  await expect(build()).rejects.toMatchObject({ stderr: expect.stringContaining('no such anchor') });
  appendFileSync(join(folder, 'docs/glossary.md'), '\n[gone](gone.md)\n');
  await expect(build()).rejects.toMatchObject({ code: 1 });
});
