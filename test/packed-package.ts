// The package as others get it: packed by npm, unpacked into an application beside nothing but its dependencies, and run by the oldest
// Node that it supports and by the Node of this repository.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defaultCacheDirectory } from '../src/models/files/cache.ts';

const call = promisify(execFile);
const root = fileURLToPath(new URL('../', import.meta.url));

/** The first of `engines.node` of package.json, as a package of npm, and the SHA-512 of that package. */
const oldest = {
  version: '22.19.0',
  host: 'linux-x64',
  integrity: 'sha512-kjgmAijr2xPcEIrK1eky8L05W9pZcVUYihQbsN99F0zQP6VXX+DlAbSFbVre3bI7oLjtyUd10/vCdCkxfqnysw==',
} as const;

export const oldestVersion: string = oldest.version;
export const canRunOldest: boolean = `${process.platform}-${process.arch}` === oldest.host;

/** The program of the oldest Node, from the cache or from npm. */
async function oldestNode(): Promise<string> {
  const name = `node-${oldest.host}-${oldest.version}`;
  const folder = join(defaultCacheDirectory(), 'nodes', name);
  const program = join(folder, 'package/bin/node');
  if (existsSync(program)) return program;
  await mkdir(dirname(folder), { recursive: true });
  const scratch = await mkdtemp(`${folder}-`);
  try {
    await call('npm', ['pack', '--silent', `node-${oldest.host}@${oldest.version}`], { cwd: scratch });
    const archive = join(scratch, `${name}.tgz`);
    const hash = createHash('sha512').update(await readFile(archive));
    if (`sha512-${hash.digest('base64')}` !== oldest.integrity) throw new Error(`${name} has another SHA-512`);
    await call('tar', ['-xzf', archive, '-C', scratch, 'package/bin/node', 'package/LICENSE']);
    await rm(archive);
    await rename(scratch, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return program;
}

export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly notes: string;
}

export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly firstLine: Promise<string>;
}

/** An application with the package in it. */
export interface Application extends AsyncDisposable {
  readonly folder: string;
  /** Where the package lies. */
  readonly packageFolder: string;
  readonly packedBytes: number;
  readonly nodes: ReadonlyMap<string, string>;
  /** Starts a file of the application, or the command "outrider", with this Node. */
  start(node: string, words: readonly string[]): Run;
  /** @returns the path, from the application */
  write(file: string, text: string): Promise<string>;
}

/**
 * @param needsOldest false: only the Node of this repository, and nothing is fetched
 * @param sources what is packed, beside the packages of this repository; default: this repository
 */
export async function installPacked({
  needsOldest = true,
  sources = root,
}: {
  readonly needsOldest?: boolean;
  readonly sources?: string;
} = {}): Promise<Application> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'outrider-package-')));
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  // npm also packs the notes of the scripts that it runs, so the last lines are the JSON.
  const { stdout } = await call('npm', ['pack', '--json', '--pack-destination', folder], { cwd: sources });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  await call('tar', ['-xzf', join(folder, packed.filename), '-C', folder]);
  await rename(join(folder, 'package'), join(modules, 'outrider'));
  const { dependencies } = JSON.parse(await readFile(join(sources, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const place = join(modules, name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(await realpath(join(root, 'node_modules', name)), place);
  }
  const nodes = new Map([[process.versions.node, process.execPath]]);
  if (needsOldest && canRunOldest) nodes.set(oldest.version, await oldestNode());
  const main = programOf({ packageFolder: join(modules, 'outrider') });
  return {
    folder,
    packageFolder: join(modules, 'outrider'),
    packedBytes: packed.size,
    nodes,
    start: (node, words) => {
      const [first = '', ...rest] = words;
      return startNode(nodes.get(node) as string, folder, first === 'outrider' ? [main, ...rest] : words);
    },
    async write(file, text) {
      await writeFile(join(folder, file), text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * The sources of a commit in a folder of their own, beside this repository's packages. The caller removes it.
 * @param commit of this repository
 */
export async function sourcesOf(commit: string): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'outrider-commit-')));
  const archive = `${folder}.tar`;
  await call('git', ['archive', '--output', archive, commit], { cwd: root });
  await call('tar', ['-xf', archive, '-C', folder]);
  await rm(archive);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** What a program of another package is, for the commands that start one as a child process. */
export function programOf({ packageFolder }: Pick<Application, 'packageFolder'>): string {
  return join(packageFolder, 'dist/bin/outrider.js');
}

function startNode(program: string, folder: string, words: readonly string[]): Run {
  const env = { ...process.env, NO_COLOR: '1', OUTRIDER_KEY: undefined };
  const child = spawn(program, words, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [output, notes] = ['', ''];
  const first = Promise.withResolvers<string>();
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
    if (output.includes('\n')) first.resolve(output.slice(0, output.indexOf('\n')));
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    notes += part;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => resolve({ status, output, notes }));
  });
  void ended.then(() => first.resolve(output));
  return { child, ended, firstLine: first.promise };
}
