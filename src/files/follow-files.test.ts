// Files that change while the system fails: what is taken then, and what is said.

import { X509Certificate } from 'node:crypto';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../models/gguf/folder.fixture.ts';
import { type LoadedFiles, loadFiles } from './follow-files.ts';
import { addKeyTo, revokeKeyIn } from './key-files.ts';
import { KeyRing } from './key-ring.ts';
import { keyTerms } from './key-terms.fixture.ts';
import { makeCertificate } from './self-signed.ts';
import { loadRenewable } from './tls-files.ts';

const here = folderOfEach();

const promises = createRequire(import.meta.url)('node:fs/promises') as typeof import('node:fs/promises');
const { readFile } = promises;

function setReadFile(to: unknown): void {
  Object.assign(promises, { readFile: to });
  syncBuiltinESMExports();
}
afterEach(() => setReadFile(readFile));

/** The next reads of files fail with these codes, one after the other. */
function failReads(...codes: string[]): void {
  setReadFile(async (...given: Parameters<typeof readFile>) => {
    const code = codes.shift();
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return readFile(...given);
  });
}

const causesOf = (problems: readonly unknown[]): string[] =>
  problems.map((error) => /[A-Z]{3,}$/.exec(`${error}`)?.[0] ?? `${error}`);

describe('a change of a file whose reads fail', () => {
  const codes = ['EMFILE', 'EMFILE', 'EIO', 'ESTALE', 'EIO'];

  it('is taken in the end, with each cause said once: a revoked key', async () => {
    const path = here('keys.json');
    const { key } = await addKeyTo(path, keyTerms('ada'), Date.now());
    const problems: unknown[] = [];
    using ring = await KeyRing.open(path, { everyMs: 5, onProblem: (error) => problems.push(error) });
    const changed = here('changed.json');
    await copyFile(path, changed);
    await revokeKeyIn(changed, 'ada', Date.now());
    failReads(...codes);
    await rename(changed, path);
    await vi.waitFor(() => expect(ring.find(key, 'verify')).toBeNull());
    expect(causesOf(problems)).toEqual(['EMFILE', 'EIO', 'ESTALE']);
  });

  it('is taken in the end, with each cause said once: a certificate, renewed between its first load and its first check', async () => {
    const paths = { cert: here('cert.pem'), key: here('key.pem') };
    const write = async (): Promise<string> => {
      const { cert, key } = makeCertificate(['a'], Date.now());
      await writeFile(paths.cert, cert);
      await writeFile(paths.key, key);
      return new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
    };
    const first = await write();
    const files = await loadRenewable(paths);
    expect(files.first.fingerprint).toBe(first);
    const second = await write();
    const problems: unknown[] = [];
    const taken: string[] = [];
    failReads(...codes);
    using _following = files.follow({
      everyMs: 5,
      checked: (tls) => void (tls === null || taken.push(tls.fingerprint)),
      onProblem: (error) => problems.push(error),
    });
    await vi.waitFor(() => expect(taken).toEqual([second]));
    expect(causesOf(problems)).toEqual(['EMFILE', 'EIO', 'ESTALE']);
  });
});

describe('files that are followed', () => {
  /** A file whose text is loaded. */
  async function followed(checked: (text: string | null) => void) {
    const path = here('file');
    await writeFile(path, 'one');
    const problems: unknown[] = [];
    let failure: Error | null = null;
    const files = await loadFiles([path], async () => {
      if (failure !== null) throw failure;
      return readFile(path, 'utf8');
    });
    const following = files.follow({ everyMs: 2, checked, onProblem: (error) => problems.push(error) });
    const fail = (cause: string | null): void => {
      failure = cause === null ? null : new Error(cause);
    };
    return { path, files, problems, fail, [Symbol.dispose]: () => following[Symbol.dispose]() };
  }

  it('are offered again while whoever takes them fails, and are checked while they can not be read', async () => {
    let failures = 3;
    let checks = 0;
    const taken: string[] = [];
    using file = await followed((text) => {
      checks += 1;
      if (text === null) return;
      if (failures-- > 0) throw new Error('not now');
      taken.push(text);
    });
    await writeFile(file.path, 'two');
    await vi.waitFor(() => expect(taken).toEqual(['two']));
    expect(causesOf(file.problems)).toEqual(['Error: not now']);
    file.fail('EIO');
    await writeFile(file.path, 'three');
    await vi.waitFor(() => expect(file.problems).toHaveLength(2));
    const before = checks;
    await vi.waitFor(() => expect(checks).toBeGreaterThan(before + 3));
    // The same cause is said again once they were taken in between.
    file.fail(null);
    await vi.waitFor(() => expect(taken).toEqual(['two', 'three']));
    file.fail('EIO');
    await writeFile(file.path, 'four');
    await vi.waitFor(() => expect(causesOf(file.problems)).toEqual(['Error: not now', 'EIO', 'EIO']));
  });

  it('are left alone once nobody follows them, also by a load under way', async () => {
    const path = here('file');
    await writeFile(path, 'one');
    const loads: (() => void)[] = [];
    let files: LoadedFiles<void> | undefined;
    files = await loadFiles([path], () => {
      if (files === undefined) return Promise.resolve();
      return new Promise<void>((_, reject) => loads.push(() => reject(new Error('late'))));
    });
    const said: unknown[] = [];
    const following = files.follow({ everyMs: 2, checked: () => {}, onProblem: (error) => said.push(error) });
    await writeFile(path, 'two');
    await vi.waitFor(() => expect(loads).toHaveLength(1));
    following[Symbol.dispose]();
    loads[0]?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([said, loads.length]).toEqual([[], 1]);
  });
});
