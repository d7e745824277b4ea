import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { plantedBugs } from './planted-bugs.fixture.ts';
import { runFaults } from './run.ts';

const page = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8');

/** The invariant that the page names for a bug. */
function namedInvariant(bug: string): string | undefined {
  const rows = page.matchAll(/^\| [^|]+ \| ([^|]+) \| `([a-z-]+)` \|$/gm);
  return [...rows].find(([, name]) => name === bug)?.[2];
}

describe('a planted bug is found by the invariant of the table', () => {
  const runLimit = 1000;
  for (const [name, bug] of Object.entries(plantedBugs)) {
    it(name, { timeout: 180_000 }, () => {
      const invariant = namedInvariant(name);
      const others = new Map<string, number>();
      for (let seed = 1; seed <= runLimit; seed += 1) {
        const { broken } = runFaults(seed, { bug });
        if (broken?.invariant === invariant && invariant !== undefined) return;
        if (broken !== null) others.set(broken.invariant, (others.get(broken.invariant) ?? 0) + 1);
      }
      expect.fail(`not by ${invariant} within ${runLimit} runs, but by ${JSON.stringify([...others])}`);
    });
  }
});
