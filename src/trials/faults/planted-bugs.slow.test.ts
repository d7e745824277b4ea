import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { plantedBugs } from './planted-bugs.fixture.ts';
import { type FaultRunResult, runFaults } from './run.ts';

describe('a planted bug is found', () => {
  const runLimit = 1000;
  const page = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8');
  for (const [name, bug] of Object.entries(plantedBugs)) {
    it(name, () => {
      let found: FaultRunResult | undefined;
      for (let seed = 1; found === undefined && seed <= runLimit; seed += 1) {
        const result = runFaults(seed, { bug });
        if (result.broken !== null) found = result;
      }
      expect(found, `not within ${runLimit} runs`).toBeDefined();
      expect(page).toMatch(new RegExp(`^\\| [^|]+ \\| ${name} \\| \`${found?.broken?.invariant}\` \\|$`, 'm'));
    });
  }
});
