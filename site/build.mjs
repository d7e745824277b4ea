// Builds the site into dist/: installs the packages of this folder where they are missing, gathers the pages (docs/ as they are, the API
// from the sources, the landing page), builds them, and follows every link. It runs on any Node from 20 on: "npm run site".

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLinks } from './check-links.mjs';
import { siteOf } from './pages.mjs';

const site = fileURLToPath(new URL('.', import.meta.url));
const root = join(site, '..');
const gathered = join(site, 'gathered');
/** What is not committed: a program of scripts/ writes it below docs/. */
const writers = { 'write-results.mjs': 'results', 'message-tables.ts': 'operate/messages.md' };
const windows = process.platform === 'win32';

function run(program, words, what) {
  process.stdout.write(`${what}\n`);
  const { status, error } = spawnSync(program, words, { cwd: site, stdio: 'inherit', shell: windows });
  if (status === 0) return;
  process.stderr.write(`${what}: ${error?.message ?? `status ${status}`}\n`);
  process.exit(1);
}

const runModule = (file, words, what) => run(process.execPath, [join('node_modules', file), ...words], what);

/** A file with the hash of the lock file that node_modules was made from. */
function install() {
  const stamp = join(site, 'node_modules/.lock-hash');
  const hash = createHash('sha256')
    .update(readFileSync(join(site, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  run('npm', ['ci', '--silent'], 'installs site/ (340 MB)');
  writeFileSync(stamp, hash);
}

/** Pages with what they show; PNGs are copies of the SVGs that pages show. What is no page or picture is served as it is. */
function gather() {
  rmSync(gathered, { recursive: true, force: true });
  cpSync(join(root, 'docs'), join(gathered, 'docs'), { recursive: true, filter: (file) => !file.endsWith('.png') });
  for (const file of globSync('docs/**/*.json', { cwd: root })) {
    const target = join(gathered, 'public', siteOf(file.replaceAll('\\', '/')));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(root, file), target);
  }
  for (const [file, target] of Object.entries(writers)) {
    // In a process of the clone's Node, which runs TypeScript.
    const words = [join(root, 'scripts', file), join(gathered, 'docs', target)];
    const { status } = spawnSync(join(root, 'node_modules/.bin/node'), words, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`docs/${target} needs the packages of the clone: node setup.mjs`);
  }
  cpSync(join(site, 'landing.md'), join(gathered, 'index.md'));
  cpSync(join(site, 'recordings'), join(gathered, 'recordings'), {
    recursive: true,
    filter: (file) => !file.endsWith('.md'),
  });
}

install();
gather();
runModule('typedoc/bin/typedoc', [], 'writes the pages of the library');
runModule('vitepress/bin/vitepress.js', ['build'], 'builds the site');
const { pages, links, dead } = checkLinks(join(site, 'dist'), process.env.OUTRIDER_SITE_BASE);
for (const line of dead) process.stderr.write(`${line}\n`);
process.stdout.write(`${pages} pages, ${links} links, ${dead.length} dead links\n`);
if (dead.length > 0) process.exit(1);
process.stdout.write('site/dist; to read it: npm --prefix site run preview\n');
