// A client for Python in a process of its own: python/api-clients/driver.py, one line of JSON for each call.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { defaultCacheDirectory } from '../../../src/models/files/cache.ts';
import { shippedPath } from '../../../src/models/files/shipped-path.ts';
import { type ApiCall, type ApiClient, type ApiPlace, demand } from './call.ts';

/** A client, and where its packages are. */
export interface PythonClient {
  readonly name: string;
  /** Its list of packages, a file of python/api-clients without ".txt". */
  readonly list: string;
  /** The module that drives it. */
  readonly module: string;
  callsOf(ask: AskPython): readonly ApiCall[];
}

/** Makes a call of a client. @throws Error in the client's words */
export type AskPython = (kind: string, place: ApiPlace, fields: object) => Promise<string>;

/** The client, or in words why it can't be called. Disposing of it ends its process. */
export async function openPythonClient({
  name,
  list,
  module,
  callsOf,
}: PythonClient): Promise<(ApiClient & Disposable) | { readonly missing: string }> {
  const found = interpreterOf(list);
  if ('missing' in found) return found;
  const { interpreter, folder } = found;
  const child = spawn(interpreter, ['-I', join(folder, 'driver.py'), module], { stdio: ['pipe', 'pipe', 'ignore'] });
  // The process may not start, or end before it has read: then there is no line.
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<Line> => {
    const { value, done } = await lines.next();
    return done === true ? { error: 'the Python process has ended' } : (JSON.parse(value) as Line);
  };
  const { version, error: missing } = await nextLine();
  demand(version !== undefined, `${name}: ${missing}`);
  // It answers in the order of the requests.
  const ask: AskPython = async (kind, { baseUrl, key, model }, fields) => {
    child.stdin.write(`${JSON.stringify({ kind, place: { baseUrl, key, model }, fields })}\n`);
    const { text = '', error } = await nextLine();
    demand(error === undefined, `${error}`);
    return text;
  };
  return { name, version, calls: callsOf(ask), [Symbol.dispose]: () => child.stdin.end() };
}

interface Interpreter {
  readonly interpreter: string;
  /** Holds the modules. */
  readonly folder: string;
}

/** What runs modules with the packages of a list, or why nothing does. */
function interpreterOf(list: string): Interpreter | { readonly missing: string } {
  const folder = shippedPath('python/api-clients');
  const packages = join(folder, `${list}.txt`);
  if (!existsSync(packages)) return { missing: 'a clone of the repository has it; this package does not' };
  const environment = environmentOf(list, readFileSync(packages));
  if (!existsSync(join(environment, 'complete')))
    return { missing: `it is not installed; "python3 python/api-clients/setup.py ${list}" does that` };
  const interpreter = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  return { interpreter, folder };
}

/** As python/api-clients/setup.py names it. */
function environmentOf(list: string, packages: Uint8Array): string {
  const mark = createHash('sha256').update(packages).digest('hex').slice(0, 12);
  return join(defaultCacheDirectory(), 'api-clients', `${list}-${mark}`);
}

interface Line {
  readonly version?: string;
  readonly text?: string;
  readonly error?: string;
}
