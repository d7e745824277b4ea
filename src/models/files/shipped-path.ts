// Where the files lie that come with outrider: in the folder of the package, three folders up from here in a clone, and one
// more in the published package, whose code is in dist/.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../../' : '../../../../', import.meta.url));

/** @param path from the package's root, with forward slashes: "maps", "drafts/setup.py" */
export function shippedPath(path: string): string {
  return join(root, path);
}
