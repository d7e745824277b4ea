// The package as others get it, under the oldest Node that it supports and the newest that is tested: its size, its links, its
// commands, its subpaths, and the code of README.md, docs/use/library.md and further examples as files of an application.

import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultOf, linksOf, readerOf } from './doc-links.ts';
import { namesOf, usedNames } from './node-names.ts';
import { type Application, canRunOldest, type Ended, installPacked, oldestVersion } from './packed-package.ts';

const call = promisify(execFile);
/** It may grow, but not by a model unnoticed. */
const mostPackedBytes = 5_000_000;
const versions = canRunOldest ? [oldestVersion, process.versions.node] : [process.versions.node];
const draft = 'toy:1:0.8';

let application: Application;
beforeAll(async () => {
  application = await installPacked();
}, 300_000);
afterAll(() => application[Symbol.asyncDispose]());

function run(node: string, words: readonly string[]): Promise<Ended> {
  const { child, ended } = application.start(node, words);
  child.stdin?.end();
  return ended;
}

/** @returns the JSON document of a command that ends well */
async function documentOf(node: string, words: readonly string[]) {
  const { status, output, notes } = await run(node, ['outrider', ...words, '--json']);
  expect(notes).not.toMatch(/\[internal\]|Error:/);
  expect(status, notes).toBe(0);
  return JSON.parse(output);
}

describe('the package', () => {
  it('names in engines what is tested here', () => {
    const { engines } = JSON.parse(readFileSync(join(application.packageFolder, 'package.json'), 'utf8'));
    expect(engines.node).toBe(`^${oldestVersion.replace(/\.0$/, '')} || >=24.6`);
  });

  it('is small', () => {
    console.info(`the package: ${application.packedBytes} bytes`);
    expect(application.packedBytes).toBeLessThan(mostPackedBytes);
    expect(globSync('**/*.gguf', { cwd: application.packageFolder })).toEqual([]);
  });

  it('has no page with a link that leads nowhere', () => {
    const read = readerOf(application.packageFolder);
    const pages = globSync('**/*.md', { cwd: application.packageFolder });
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/use/library.md', 'docs/use/errors.md']));
    const faults = pages.flatMap((page) => linksOf(read(page) ?? '').map((link) => faultOf(page, link, read)));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('has every page, example and document that its code names', () => {
    const files = globSync('dist/**/*.js', { cwd: application.packageFolder });
    const named = files.flatMap((file) =>
      [
        ...readFileSync(join(application.packageFolder, file), 'utf8').matchAll(
          /(?<![\w/])(?:docs|examples)\/[\w./-]+\.\w+/g,
        ),
      ].map(([path]) => path),
    );
    expect(named).toContain('docs/scenario.schema.json');
    const read = readerOf(application.packageFolder);
    expect([...new Set(named)].filter((path) => read(path) === undefined)).toEqual([]);
  });
});

describe.skipIf(!canRunOldest)(`the code, under Node ${oldestVersion}`, () => {
  it('uses no global, static member or export of a module that is missing there', async () => {
    const [here, there] = await Promise.all(
      [process.versions.node, oldestVersion].map((node) => namesOf(application, node)),
    );
    const missing = (here as string[]).filter((name) => !there?.includes(name));
    expect(missing).toEqual(
      expect.arrayContaining(['AsyncDisposableStack', 'Promise.try', 'node:worker_threads locks']),
    );
    const uses = globSync('dist/**/*.js', { cwd: application.packageFolder }).flatMap((file) => {
      const code = readFileSync(join(application.packageFolder, file), 'utf8');
      return usedNames(code, missing).map((name) => `${file}: ${name}`);
    });
    expect(uses).toEqual([]);
  });

  it('would be noticed', () => {
    const missing = ['AsyncDisposableStack', 'Promise.try', 'node:zlib zstdCompress', 'URLPattern'];
    const code = `import { gzip, zstdCompress as compress } from 'node:zlib';
// A URLPattern would do.
await using stack = new AsyncDisposableStack();
export const result = Promise.try(compress);`;
    expect(usedNames(code, missing)).toEqual(missing.slice(0, 3));
    expect(usedNames('const usage = process.threadCpuUsage ?? process.cpuUsage;', ['process.threadCpuUsage'])).toEqual(
      [],
    );
  });
});

describe.each(versions)('under Node %s, the command', (node) => {
  it('edge serves the command device, and ends when it is interrupted', async () => {
    const { child, firstLine, ended } = application.start(node, [
      'outrider',
      'edge',
      '--model',
      'toy:1',
      '--port',
      '0',
    ]);
    const asked = ['device', '--edge', await firstLine, '--draft', draft, '--prompt', 'hello', '--max-tokens', '20'];
    const { rows } = await documentOf(node, asked);
    expect(rows[0]).toMatchObject({ mode: 'auto', tokens: 20 });
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ status: 0, notes: expect.not.stringContaining('[internal]') });
  });

  it('run answers with two processes', async () => {
    const toys = ['--model', 'toy:1', '--draft', draft, '--unpaced'];
    const { summary } = await documentOf(node, ['run', ...toys, '--prompt', 'hello', '--max-tokens', '20']);
    expect(summary.identical).toBe(true);
  });

  it('simulate takes no policy in TypeScript from below node_modules, and says what to do', async () => {
    const policy = 'node_modules/outrider/examples/my-policy.ts';
    const { status, notes } = await run(node, ['outrider', 'simulate', '--slots', '1', '--policy', policy]);
    expect([status, notes]).toEqual([2, expect.stringContaining('\n  Copy it out of node_modules')]);
  });

  it('models list names what only a clone has, and models pull says how to get it', async () => {
    const { rows } = await documentOf(node, ['models', 'list']);
    const small = rows.find(({ name }: { readonly name: string }) => name === 'smollm2-135m-draft');
    expect(small).toMatchObject({ state: 'absent', from: 'comes with a clone of the repository' });
    const { status, notes } = await run(node, ['outrider', 'models', 'pull', 'smollm2-135m-draft']);
    expect(status).toBe(1);
    expect(notes).toMatch(
      /take drafts\/smollm2-135m-draft.gguf from a clone .* and give its path.*\[model-not-found\]/,
    );
  });

  it('doctor finds that everything is there', async () => {
    const { rows } = await documentOf(node, ['doctor', '--model', 'toy:1', '--draft', draft]);
    expect(rows.length).toBeGreaterThan(3);
  });

  it.each(['bench modes', 'trial faults', 'reproduce all'])('%s says that it needs a clone', async (words) => {
    const { status, notes } = await run(node, ['outrider', ...words.split(' ')]);
    expect(status).toBe(2);
    expect(notes).toMatch(/in a clone: npm run --silent outrider -- .* \[clone-needed\]/);
  });

  it('simulate and trace show find the files that come with the package', async () => {
    await documentOf(node, ['simulate', '--scenario', 'munich', '--slots', '3', '--policy', 'tma-masac@munich']);
    await documentOf(node, ['trace', 'show', 'draft-greedy']);
  });
});

/** Imports a name in a fresh process. @returns what it exports, or the code of the error */
async function importOf(node: string, name: string): Promise<string> {
  const code = `import('${name}').then((all) => console.log(Object.keys(all).join()), (error) => console.log(error.code));`;
  return (await run(node, [await application.write('import.mjs', code)])).output.trim();
}

describe.each(versions)('under Node %s, the package', (node) => {
  it.each([
    ['outrider', 'openDevice'],
    ['outrider/allocation', 'createPolicy'],
    ['outrider/device', 'createDevice'],
    ['outrider/edge', 'startEdge'],
    ['outrider/simulation', 'runSession'],
  ])('lets %s be imported', async (name, exported) => {
    expect((await importOf(node, name)).split(',')).toContain(exported);
  });

  it('keeps the rest to itself', async () => {
    expect(await importOf(node, 'outrider/dist/src/processes/edge/edge.js')).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
    expect(await importOf(node, 'outrider/cli')).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

it('leaves the binaries for graphics processors out of an application with the overrides of the page', async () => {
  const page = readFileSync(new URL('../docs/use/library.md', import.meta.url), 'utf8');
  const { overrides } = JSON.parse(/^```json\n(.*?"overrides".*?)^```$/ms.exec(page)?.[1] ?? '{}');
  const { peerDependencies } = JSON.parse(readFileSync(join(application.packageFolder, 'package.json'), 'utf8'));
  const dependencies = { 'node-llama-cpp': peerDependencies['node-llama-cpp'] };
  const folder = await mkdtemp(join(tmpdir(), 'outrider-overrides-'));
  /** Packages that npm would install. */
  const planned = async (content: object): Promise<string> => {
    await writeFile(join(folder, 'package.json'), JSON.stringify(content));
    await rm(join(folder, 'package-lock.json'), { force: true });
    await call('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'], { cwd: folder });
    return Object.keys(JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')).packages).join('\n');
  };
  expect(await planned({ dependencies })).toMatch(/cuda|vulkan/);
  const slim = await planned({ dependencies, overrides });
  expect(slim).not.toMatch(/cuda|vulkan/);
  expect(slim).toContain('@node-llama-cpp/linux-x64');
  await rm(folder, { recursive: true });
}, 300_000);

const snippetsOf = (page: string): string[] =>
  [...readFileSync(new URL(`../${page}`, import.meta.url), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code = '']) => code,
  );
/** Examples that the page of the library names without showing them. */
const named = ['edge-in-a-service', 'own-draft-source', 'my-policy'].map((name) =>
  readFileSync(new URL(`../examples/${name}.ts`, import.meta.url), 'utf8'),
);
const snippets = [...snippetsOf('README.md'), ...snippetsOf('docs/use/library.md'), ...named];

describe.each(versions)('under Node %s, the code of the pages', (node) => {
  /** Runs a snippet as a file of the application. */
  async function startSnippet(part: string, ...given: string[]) {
    const code = snippets.find((one) => one.includes(part));
    expect(code, part).toBeDefined();
    const file = await application.write(`${part.replaceAll(/\W/g, '')}.mts`, code as string);
    return application.start(node, [
      '--experimental-strip-types',
      '--disable-warning=ExperimentalWarning',
      file,
      ...given,
    ]);
  }

  async function runSnippet(part: string, ...given: string[]): Promise<Ended> {
    const { child, ended } = await startSnippet(part, ...given);
    child.stdin?.end();
    return ended;
  }

  // As a person begins: npm makes a CommonJS package.
  beforeAll(() => call('npm', ['init', '-y'], { cwd: application.folder }));

  it('serves and asks', async () => {
    for (const [part, key] of [
      ['a secret of yours', 'a secret of yours'],
      ['key of Ada', 'key of Ada'],
    ] as const) {
      const edge = await startSnippet(part, 'toy:1', '0');
      const url = await edge.firstLine;
      const quick = await runSnippet('\\n${msPerToken', url, draft, key);
      expect(quick).toMatchObject({ status: 0, notes: expect.stringContaining('ms per token') });
      const careful = await runSnippet('isOutriderError', url, draft, key);
      expect(careful).toMatchObject({ status: 0, output: `${quick.output}\n` });
      expect(await runSnippet('isOutriderError', url, draft, 'another')).toMatchObject({
        status: 1,
        notes: expect.stringMatching(/credentials in code.* \[unauthorized\]$/m),
      });
      expect((await runSnippet('lookBack', url, 'toy:1', key)).output).toMatch(/guesses held$/m);
      edge.child.stdin?.end();
      expect(await edge.ended).toMatchObject({ status: 0, notes: expect.not.stringContaining('Error') });
    }
  });

  it('decides and simulates', async () => {
    expect((await runSnippet('exampleState')).output).toMatch(/above the optimum$/m);
    expect((await runSnippet("['max-sinr', 'best']", 'crowd', '3')).output).toMatch(/^best: /m);
    expect((await runSnippet('modeNames')).output).toMatch(/^stream: .* drafts sent$/m);
    expect(await runSnippet('minimumSnr')).toEqual({ status: 0, output: '', notes: '' });
  });

  it('is run completely: the page of a browser is run in test/browser', () => {
    const run = ['a secret of yours', 'key of Ada', '\\n${msPerToken', 'isOutriderError', 'lookBack'];
    const decided = ['exampleState', "['max-sinr', 'best']", 'modeNames', 'minimumSnr', 'location.search'];
    const parts = [...run, ...decided];
    expect(snippets.filter((code) => !parts.some((part) => code.includes(part)))).toEqual([]);
  });
});
