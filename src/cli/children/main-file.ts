// The main file of this program: TypeScript in a clone, JavaScript in the published package.

import { fileURLToPath } from 'node:url';

export const mainFile: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../../bin/outrider.ts' : '../../../bin/outrider.js', import.meta.url),
);
