// Where the files lie that come with outrider: two folders up from here, both in the repository and in the published package.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @param path from the package's root, with forward slashes: "maps", "drafts/setup.py" */
export function shippedPath(path: string): string {
  return join(root, path);
}
