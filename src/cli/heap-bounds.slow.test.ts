import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Keeps 30 MB of objects and replaces them again and again, as sessions do. Prints the largest rooms that V8 has reserved, MB. */
const load = `
import { getHeapSpaceStatistics } from 'node:v8';
const { boundHeap } = await import(${JSON.stringify(new URL('./heap-bounds.ts', import.meta.url).href)});
if (process.argv[1] === 'bound') boundHeap();
const kept = [];
const most = { new_space: 0, old_space: 0 };
for (let round = 0; round < 250; round += 1) {
  const from = (round % 10) * 30_000;
  for (let index = from; index < from + 30_000; index += 1) kept[index] = { round, pair: [index, round] };
  await new Promise((resolve) => setTimeout(resolve, round < 4 ? 120 : 0));
  for (const { space_name: name, space_size: size } of getHeapSpaceStatistics())
    if (name in most) most[name] = Math.max(most[name], size / 1e6);
}
console.log(JSON.stringify(most));
`;

async function roomsUnderLoad(how: string, nodeOptions: readonly string[] = []) {
  const flags = [...nodeOptions, '--input-type=module', '--eval', load, '--', how];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  return JSON.parse(stdout) as { readonly new_space: number; readonly old_space: number };
}

it('keeps V8 from reserving much more than is in use, unless the caller has chosen otherwise', async () => {
  const chosenOptions = ['--max-semi-space-size=32', '--min-semi-space-size=32', '--heap-growing-percent=200'];
  const [free, bound, chosen] = await Promise.all([
    roomsUnderLoad('free'),
    roomsUnderLoad('bound'),
    roomsUnderLoad('bound', chosenOptions),
  ]);
  // On a busy machine the look may come late, and the room doubles once more.
  expect(bound.new_space).toBeLessThan(68);
  expect(free.new_space).toBeGreaterThan(2 * bound.new_space - 1);
  expect(chosen.new_space).toBeGreaterThan(60);
  expect(free.old_space).toBeGreaterThan(1.3 * bound.old_space);
  expect(chosen.old_space).toBeGreaterThan(1.3 * bound.old_space);
});
