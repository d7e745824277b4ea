// Bundles a file for the browser as an application would, and says what is left in the bundle that no browser has.

import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Bundle {
  /** A classic script. */
  readonly code: string;
  /** Paths below src/ or examples/, of everything in it. */
  readonly files: readonly string[];
  /** Imports that could not be bundled. */
  readonly imports: readonly string[];
  readonly warnings: readonly string[];
}

/** @param file from the repository's root @param globalName what its exports are called in the page */
export async function bundleForBrowser(file: string, globalName = 'page'): Promise<Bundle> {
  const warnings: string[] = [];
  const build = await rolldown({
    input: file,
    cwd: root,
    platform: 'browser',
    resolve: { alias: { 'outrider/device': `${root}src/api/device.ts` } },
    onLog: (_level, log) => void warnings.push(log.message),
  });
  const { output } = await build.generate({ format: 'iife', minify: true, name: globalName });
  await build.close();
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error(`the bundle has ${others.length} more files`);
  const files = chunk.moduleIds.map((id) => id.slice(root.length));
  return { code: chunk.code, files, imports: [...chunk.imports, ...chunk.dynamicImports], warnings };
}
