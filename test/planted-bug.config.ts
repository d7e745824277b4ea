// vitest with one bug planted into the sources: OUTRIDER_PLANTED_BUG holds { file, from, to } as JSON. Nothing is written to disk.

import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const { file, from, to } = JSON.parse(process.env['OUTRIDER_PLANTED_BUG'] ?? '{}') as Readonly<Record<string, string>>;

const config: ViteUserConfig = defineConfig({
  root,
  plugins: [
    {
      name: 'planted-bug',
      enforce: 'pre',
      transform(code: string, id: string) {
        if (from === undefined || !id.split('?')[0]?.endsWith(`/${file}`)) return null;
        // A function, so that $ in the new text means nothing.
        return { code: code.replace(from, () => to ?? ''), map: null };
      },
    },
  ],
  test: {
    // The cache of transformed modules does not know the bug.
    fsModuleCache: false,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    maxWorkers: 1,
    testTimeout: 20_000,
  },
});

export default config;
