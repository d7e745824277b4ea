import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/**
 * Keeps 30 MB of objects and replaces them again and again, as sessions do. Prints the largest rooms that V8 has reserved, MB. It rests
 * once the room for young objects is as large as it may become, so that the check of it comes in time on a busy machine, too.
 */
const load = `
import { getHeapSpaceStatistics } from 'node:v8';
const { boundHeap } = await import(${JSON.stringify(new URL('./heap-bounds.ts', import.meta.url).href)});
if (process.argv[1] === 'bound') boundHeap();
const kept = [];
const most = { new_space: 0, old_space: 0 };
let rested = 0;
for (let round = 0; round < 250; round += 1) {
  const from = (round % 10) * 30_000;
  for (let index = from; index < from + 30_000; index += 1) kept[index] = { round, pair: [index, round] };
  const rests = rested === 0 && most.new_space > 33;
  if (rests) rested = most.new_space;
  await new Promise((resolve) => setTimeout(resolve, rests ? 500 : 0));
  for (const { space_name: name, space_size: size } of getHeapSpaceStatistics())
    if (name in most) most[name] = Math.max(most[name], size / 1e6);
}
console.log(JSON.stringify({ ...most, rested }));
`;

async function roomsUnderLoad(how: string, nodeOptions: readonly string[] = []) {
  const flags = [...nodeOptions, '--input-type=module', '--eval', load, '--', how];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  return JSON.parse(stdout) as Record<'new_space' | 'old_space' | 'rested', number>;
}

it('keeps V8 from reserving much more than is in use, unless the caller has chosen otherwise', async () => {
  const chosenOptions = ['--max-semi-space-size=32', '--min-semi-space-size=32', '--heap-growing-percent=200'];
  const [free, bound, chosen] = await Promise.all([
    roomsUnderLoad('free'),
    roomsUnderLoad('bound'),
    roomsUnderLoad('bound', chosenOptions),
  ]);
  expect(bound.new_space).toBeLessThan(68);
  // V8 grows it by doubling, and no more after the rest. While it collects it may hold some pages beyond that for a moment.
  expect(bound.new_space).toBeLessThan(1.9 * Math.max(33, bound.rested));
  expect(free.new_space).toBeGreaterThan(60);
  expect(chosen.new_space).toBeGreaterThan(60);
  expect(free.old_space).toBeGreaterThan(1.3 * bound.old_space);
  expect(chosen.old_space).toBeGreaterThan(1.3 * bound.old_space);
});
