// Removes what the build makes and what the compiler remembers of it, so that a renamed source file leaves nothing behind in the package.

import { rmSync } from 'node:fs';

for (const path of ['../dist', '../node_modules/.cache/outrider'])
  rmSync(new URL(path, import.meta.url), { recursive: true, force: true });
