// Sizes that README.md, the first page and the set-up name are those of the manifest and of the packages that are installed.

import { globSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { requireModels } from '../src/models/files/manifest.ts';

const textOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = textOf('README.md');
const setUp = textOf('setup.mjs');
const bytesOf = (pair: string): readonly number[] => requireModels(pair).map(({ byteLength }) => byteLength);

it('of the models are those of the manifest', () => {
  const [target = 0, draft = 0] = bytesOf('default');
  const [inMb, draftInMb] = [target, draft].map((bytes) => Math.round(bytes / 1e6));
  const inOneLine = readme.replaceAll(/\s+/g, ' ');
  expect(inOneLine).toContain(`downloads a model of ${inMb} MB, and makes a draft of ${draftInMb} MB from it`);
  expect(textOf('docs/start.md')).toContain(`downloads a model of ${inMb} MB`);
  expect(setUp).toContain(`about ${Math.round(target / 1e8) * 100} MB to download`);
  const larger = bytesOf('qwen2.5-coder').reduce((sum, bytes) => sum + bytes, 0);
  expect(readme).toContain(`# models of ${(larger / 1e9).toFixed(1)} GB`);
});

/** Without what tests and tools leave in folders that begin with a dot. Packages for graphics processors are not of the lock. */
function installedBytes(): number {
  const modules = realpathSync(fileURLToPath(new URL('../node_modules', import.meta.url)));
  const files = globSync('[!.]*/**', { cwd: modules, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && !/-(cuda|cuda-ext|vulkan)\b/.test(file.parentPath))
    .reduce((sum, file) => sum + Math.ceil(lstatSync(`${file.parentPath}/${file.name}`).size / 4096) * 4096, 0);
}

it.skipIf(process.platform !== 'linux')('of the packages is within a tenth of what is said', () => {
  const said = [readme, setUp].map((text) => Number(/about (\d+) MB on disk/.exec(text)?.[1]));
  const megabytes = installedBytes() / 1e6;
  for (const one of said) expect(Math.abs(one / megabytes - 1), `${megabytes.toFixed(0)} MB`).toBeLessThan(0.1);
});
