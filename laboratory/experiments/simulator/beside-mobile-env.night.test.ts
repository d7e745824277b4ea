// Slots of the simulator beside steps of mobile-env (PyPI), which researchers of mobile networks train on: its large scenario with random
// actions. Both by processor time, the best of five; the ratio is printed, since a test judges no speed.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import { createSlotRun } from '../../../simulator/simulation/run-slots.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import { defaultCacheDirectory } from '../../../src/models/files/cache.ts';

const repeats = 5;
const repeatMs = 1000;

/** Slots of 30 devices and 4 servers a second of processor time: channel updated each slot, Max-SINR with equal shares. */
function slotsPerSecond(): number {
  const policy = { name: 'max-sinr', decide: createPolicy('max-sinr') };
  const run = createSlotRun({ scenario: readPreset('paper'), policy, seed: 1 });
  const rates = Array.from({ length: repeats + 1 }, () => {
    const before = process.cpuUsage();
    let slots = 0;
    let spentMs = 0;
    while (spentMs < repeatMs) {
      for (let slot = 0; slot < 20; slot += 1) run.step();
      slots += 20;
      const { user, system } = process.cpuUsage(before);
      spentMs = (user + system) / 1000;
    }
    return (1000 * slots) / spentMs;
  });
  // The first repeat warms the compiler.
  return Math.max(...rates.slice(1));
}

/** Python and its packages live in an environment of their own in the cache, every version pinned. */
function stepsPerSecond(): number {
  const folder = join(defaultCacheDirectory(), 'mobile-env');
  const requirements = join(import.meta.dirname, 'mobile-env-requirements.txt');
  const python = join(folder, 'bin/python');
  if (!existsSync(join(folder, 'installed.txt'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync('python3', ['-m', 'venv', folder]);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', requirements]);
    copyFileSync(requirements, join(folder, 'installed.txt'));
  }
  const program = join(import.meta.dirname, 'mobile_env_speed.py');
  return Number(
    execFileSync(python, [program, '200', String(repeats)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1),
  );
}

it('prints slots of the simulator over steps of mobile-env', { timeout: 900_000 }, () => {
  const [slots, steps] = [slotsPerSecond(), stepsPerSecond()];
  console.log(`${slots.toFixed(0)} slots and ${steps.toFixed(1)} steps a second: ${(slots / steps).toFixed(0)} times`);
  expect(Math.min(slots, steps)).toBeGreaterThan(0);
});
