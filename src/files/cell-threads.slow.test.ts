import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPolicy } from '../allocation/policies/policies.ts';
import { byShards } from '../allocation/shards/shard-state.ts';
import { shardsOf } from '../allocation/shards/shards.ts';
import type { SlotState } from '../allocation/slot/slot-state.ts';
import { syntheticSlot } from '../allocation/slot/synthetic-slot.ts';
import { machineClock } from '../network/transport/machine-clock.ts';
import { CellThreads } from './cell-threads.ts';
import { openPolicyProcess } from './policy-process.ts';

const best = createPolicy('best');
const mostTogether = 60;
const patientMs = 60_000;
const sizes = { deviceCount: 240, serverCount: 40, candidateCount: 6 };

function town(seed: number): SlotState {
  return { ...syntheticSlot({ ...sizes, seed, objective: { kind: 'felt' } }), slot: seed };
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-cells-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** @param body of a function of the states that a thread is asked about; `calls` counts them */
async function threadsThat(body: string): Promise<CellThreads> {
  const file = join(folder, `${body.length}.mjs`);
  const head = `import { parentPort } from 'node:worker_threads';\nlet calls = 0;\n`;
  await writeFile(file, `${head}parentPort.on('message', (states) => { calls += 1; ${body} });\n`);
  return new CellThreads(file, null, 1);
}

describe('a slot of several cells', () => {
  it.each([1, 2, 3])('is decided in %s threads as in one', async (threads) => {
    await using thread = await openPolicyProcess('best', { clock: machineClock, threads, mostTogether });
    for (const seed of [1, 2, 3]) {
      const state = town(seed);
      expect(shardsOf(state, mostTogether).length).toBeGreaterThan(3);
      expect(await thread.ask(state, patientMs)).toEqual(byShards(best, mostTogether)(state));
    }
  });

  it.each([
    ['ends', 'process.exit(3);', 'a thread of its cells has ended with status 3'],
    ['fails', 'throw new Error("broken");', 'broken'],
    ['has a policy that throws', 'parentPort.postMessage({ kind: "threw", cause: "Error: no" });', 'Error: no'],
  ])('is not decided where a thread of cells %s, and the next slot asks again', async (_, body, cause) => {
    const threads = await threadsThat(body);
    for (const seed of [1, 2]) await expect(threads.decide(best, town(seed), mostTogether)).rejects.toThrow(cause);
  });

  it('leaves no answer of a slot that has failed here for the next one', async () => {
    const body = `setTimeout(() => parentPort.postMessage({ kind: 'threw', cause: 'of slot ' + states[0].slot }), 100);`;
    const threads = await threadsThat(body);
    const throws = (): never => {
      throw new Error('here');
    };
    await expect(threads.decide(throws, town(1), mostTogether)).rejects.toThrow('here');
    await expect(threads.decide(best, town(2), mostTogether)).rejects.toThrow('of slot 2');
  });
});
