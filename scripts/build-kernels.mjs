#!/usr/bin/env node
// Compiles the kernels of the WASM engine from AssemblyScript: kernel-plain.wasm for every processor with WASM SIMD, kernel-relaxed.wasm for
// relaxed SIMD. As a program it writes both into the folder that is named.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const source = fileURLToPath(new URL('../src/models/engines/wasm/kernel/', import.meta.url));
const features = { plain: 'simd', relaxed: 'simd,relaxed-simd' };

/** @returns the bytes of a kernel */
export async function compileKernel(name) {
  const written = [];
  const { error, stderr } = await main(
    [
      `${name}.ts`,
      ...['--enable', features[name], '-O3', '--noAssert'],
      ...['--runtime', 'stub', '--importMemory', '--use', 'abort=', '--outFile', 'kernel.wasm'],
    ],
    {
      // The compiler asks for .ts; the files are named .as, because TypeScript can't read them.
      readFile(file) {
        try {
          return readFileSync(join(source, `${basename(file, '.ts')}.as`), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (_file, bytes) => void written.push(bytes),
      listFiles: () => [],
    },
  );
  const [bytes] = written;
  if (error !== null || bytes === undefined) throw new Error(`kernel ${name}: ${error?.message}\n${stderr.toString()}`);
  return bytes;
}

export async function writeKernels(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of Object.keys(features))
    writeFileSync(join(folder, `kernel-${name}.wasm`), await compileKernel(name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeKernels(process.argv[2] ?? 'dist/pages');
