// vitest as `npm run mutants` uses it: one process, the planned test files in order, and sources that carry their mutants.

import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { mutateAll, readPlan } from './plan.ts';

const plan = readPlan();
const mutated = mutateAll(plan.root, plan.files, new Set(plan.chosen));

class PlannedOrder {
  sort<Spec extends { readonly moduleId: string }>(specs: Spec[]): Spec[] {
    const ranks = new Map(plan.tests.map((test, rank) => [`${plan.root}/${test}`, rank]));
    const rank = ({ moduleId }: Spec): number => ranks.get(moduleId.replaceAll('\\', '/')) ?? -1;
    return specs.sort((one, other) => rank(one) - rank(other));
  }

  shard<Spec>(specs: Spec[]): Spec[] {
    return specs;
  }
}

const config: ViteUserConfig = defineConfig({
  root: plan.root,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      transform(_code: string, id: string) {
        const file = id.split('?')[0]?.slice(plan.root.length + 1) ?? '';
        const source = mutated.get(file);
        return source === undefined ? null : { code: source.code, map: null };
      },
    },
  ],
  test: {
    // The cache of transformed modules does not know the mutants.
    fsModuleCache: false,
    include: [...plan.tests],
    runner: fileURLToPath(new URL('./runner.ts', import.meta.url)),
    pool: 'forks',
    isolate: plan.pass === 'mocked' || plan.pass === 'later',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 0,
    hookTimeout: 300_000,
    bail: plan.always === null ? 0 : 1,
    reporters: [['default', { summary: false }]],
    sequence: { sequencer: PlannedOrder },
  },
});

export default config;
