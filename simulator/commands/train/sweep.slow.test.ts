// The sweep: its directory is its record, a longer budget continues a shorter one, and weights say how they were made.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { MemoryFleetStore } from '../../../src/allocation/fleet/memory-fleet-store.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { readTensors } from '../../policies/learned/safetensors.ts';
import { runExperiment } from '../../runner/run.ts';
import { SharedRecord } from '../../runner/shared-record.ts';
import { runFolder } from './recipes.ts';
import { trainSweep } from './sweep.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-sweep-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('trains what is missing, keeps each budget, and writes the recipe into the weights', async () => {
  const notes: string[] = [];
  const sweep = (slots: number) =>
    runExperiment(
      trainSweep,
      { recipes: ['coupled-association-team'], seeds: 1, firstSeed: 3, slots, out: root },
      { onNote: (text) => notes.push(text) },
    );
  const { rows } = await sweep(2);
  expect(rows).toMatchObject([{ recipe: 'coupled-association-team', seed: 3, slots: 2, updates: 0 }]);
  await sweep(4);
  const told = notes.length;
  expect((await sweep(2)).rows).toEqual(rows);
  expect(notes).toHaveLength(told);
  // Its checkpoint has four slots.
  await expect(sweep(3)).rejects.toMatchObject({ code: 'bad-argument', remedy: expect.stringContaining('--slots 4') });
  const folder = join(root, runFolder('coupled-association-team', 3));
  expect(readdirSync(folder).filter((name) => /-\d/.test(name))).toHaveLength(4);
  const file = join(folder, 'weights-4.safetensors');
  const { metadata } = readTensors(readFileSync(file), file);
  expect(metadata).toMatchObject({ seed: '3', credit: 'team', discount: '0.9', slots: '4', updates: '0' });
  expect(metadata['command']).toBe(
    'outrider train masac --scenario coupled --variant association --network pairs --credit team --slots 4 --seed 3 --discount 0.9',
  );
}, 240_000);

it('trains a seed on one of the machines that share the sweep, and both have its weights', async () => {
  const store = new MemoryFleetStore();
  const sweepAt = (me: string, notes: string[], slots = 2) => {
    const open = store.open((action) => queueMicrotask(action));
    const settings = {
      store: open,
      clock: machineClock,
      place: 'nats://here/x',
      me,
      signal: new AbortController().signal,
    };
    return runExperiment(
      trainSweep,
      { recipes: ['coupled-association-team'], seeds: 1, firstSeed: 4, slots, out: join(root, me) },
      {
        record: (experiment, asked) => SharedRecord.open(settings, experiment, asked),
        onNote: (text) => notes.push(text),
      },
    );
  };
  const [notes, others]: [string[], string[]] = [[], []];
  const { rows } = await sweepAt('a', notes);
  expect((await sweepAt('b', others)).rows).toEqual(rows);
  expect(notes[0]).toBe('coupled-association-team, seed 4');
  expect(others).toEqual(['0 of 1 units were measured here']);
  const filesOf = (me: string): string[] => {
    const folder = join(root, me, runFolder('coupled-association-team', 4));
    return ['weights-2.safetensors', 'result-2.json'].map((name) => readFileSync(join(folder, name), 'base64'));
  };
  expect(filesOf('b')).toEqual(filesOf('a'));
  await expect(sweepAt('c', [], 3)).rejects.toThrow('other settings (slots)');
}, 240_000);

it('refuses weights of another seed, recipe, scenario or number of slots in its directory', async () => {
  const out = join(root, 'old');
  const sweep = (recipe: string, firstSeed: number, slots = 2) =>
    runExperiment(trainSweep, { recipes: [recipe], seeds: 1, firstSeed, slots, out });
  const own = 'coupled-association-device';
  const felt = 'coupled-felt-association-device';
  await sweep(own, 6);
  const folder = join(out, runFolder(own, 6));
  const copy = (recipe: string, seed: number): void =>
    cpSync(folder, join(out, runFolder(recipe, seed)), { recursive: true });
  const refused = async (found: Promise<unknown>, cause: string): Promise<void> =>
    await expect(found).rejects.toMatchObject({ code: 'weights-unreadable', message: expect.stringContaining(cause) });
  copy(own, 7);
  await refused(sweep(own, 7), 'seed 6, not 7');
  copy('coupled-association-team', 6);
  await refused(sweep('coupled-association-team', 6), 'credit device, not team');
  copy(felt, 6);
  await refused(sweep(felt, 6), 'other values in its scenario');
  cpSync(join(folder, 'weights-2.safetensors'), join(folder, 'weights-1.safetensors'));
  cpSync(join(folder, 'result-2.json'), join(folder, 'result-1.json'));
  await refused(sweep(own, 6, 1), 'slots 2, not 1');
  await expect(sweep(own, 6)).resolves.toMatchObject({ summary: { runs: 1 } });
}, 240_000);

it('refuses a recipe that is none', async () => {
  await expect(runExperiment(trainSweep, { recipes: ['x'], out: root })).rejects.toThrow('there is no recipe "x"');
});
