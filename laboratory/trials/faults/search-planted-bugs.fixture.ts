// `npm run planted-seeds`: searches a seed of `trial faults` that finds each planted bug by the invariant that planted-bugs.json names.
// The tests replay the seeds of that file; this program shows whether other seeds find the bugs too, and writes the file.

import { parseArgs } from 'node:util';
import { canRedraw } from '../../../src/cli/terminal/progress-bar.ts';
import { bugNames, knownBug, type PlantedSearch, searchSeed, writeSeeds } from './planted-search.fixture.ts';

const runsBetweenReports = 10;

const help = `npm run planted-seeds -- [options]

Searches for each planted bug of trial faults the first seed that finds it by the invariant that planted-bugs.json names. Prints a line per bug;
exits with status 1 if a bug is not found.

  --seed <s>  first seed (default 1)
  --runs <n>  most runs of a bug (default 1000)
  --write     write the seeds into laboratory/trials/faults/planted-bugs.json, if every bug is found
`;

function fail(cause: string): never {
  process.stderr.write(`${cause}\n\n${help}`);
  process.exit(2);
}

function whole(name: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : fail(`--${name} needs a whole number from 1, not ${text}`);
}

function readOptions(): { readonly firstSeed: number; readonly mostRuns: number; readonly writes: boolean } {
  const options = {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    const { values } = parseArgs({ options });
    if (values.help) {
      process.stdout.write(help);
      process.exit(0);
    }
    return { firstSeed: whole('seed', values.seed), mostRuns: whole('runs', values.runs), writes: values.write };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function resultOf(bug: string, { seed, runs, others }: PlantedSearch, seconds: number): string {
  const time = `${runs} ${runs === 1 ? 'run' : 'runs'}, ${seconds.toFixed(1)} s`;
  const invariant = knownBug(bug).foundBy;
  if (seed !== null) return `seed ${seed} violates ${invariant} (${time})`;
  const instead = [...others].map(([name, count]) => `${name} in ${count}`).join(', ') || 'none';
  return `NOT FOUND: no seed violates ${invariant}; other invariants: ${instead} (${time})`;
}

/** One line on a terminal: rare bugs take minutes. */
function showRuns(text: string): void {
  if (canRedraw(process.stderr)) process.stderr.write(`\r\u001b[K${text}`);
}

const { firstSeed, mostRuns, writes } = readOptions();
const seeds: Record<string, number> = {};
for (const [index, bug] of bugNames.entries()) {
  const place = `[${index + 1}/${bugNames.length}] ${bug}`;
  const startMs = performance.now();
  const found = searchSeed(bug, firstSeed, mostRuns, (runs) => {
    if (runs % runsBetweenReports === 0) showRuns(`${place}: ${runs} of at most ${mostRuns} runs`);
  });
  showRuns('');
  if (found.seed !== null) seeds[bug] = found.seed;
  process.stdout.write(`${place}: ${resultOf(bug, found, (performance.now() - startMs) / 1000)}\n`);
}
const passed = Object.keys(seeds).length;
const failed = bugNames.length - passed;
if (writes && failed === 0) writeSeeds(seeds);
else if (writes) process.stdout.write('planted-bugs.json stays as it was: not every bug was found\n');
if (failed > 0) process.exitCode = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
