// The main file of this program: TypeScript in a clone, JavaScript in the published package.

import { fileURLToPath } from 'node:url';

export const mainFile: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../cli/main.ts' : '../cli/main.js', import.meta.url),
);
