// The Python environments that the scripts `setup.py` below python/ have made.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCacheDirectory } from '../../src/models/files/cache.ts';
import { shippedPath } from '../../src/models/files/shipped-path.ts';

export interface PythonEnvironment {
  readonly interpreter: string;
  /** Its folder below python/. */
  readonly folder: string;
}

/** @param name of its folder below python/ and in the cache @param size of its download, for a reader @returns or in words why there is none */
export function pythonEnvironment(name: string, size: string): PythonEnvironment | { readonly missing: string } {
  const folder = shippedPath(`python/${name}`);
  const list = join(folder, 'requirements.txt');
  if (!existsSync(list)) return { missing: 'a clone of the repository has it; this package does not' };
  const mark = createHash('sha256').update(readFileSync(list)).digest('hex').slice(0, 12);
  const environment = join(defaultCacheDirectory(), name, `python-${mark}`);
  if (!existsSync(join(environment, 'complete')))
    return { missing: `it is not installed; "python3 python/${name}/setup.py" does that (${size})` };
  return { interpreter: join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python'), folder };
}
