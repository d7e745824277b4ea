// What a worker that the edge starts says while it loads, and when it refuses to start.

import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { folderOfEach } from '../../gguf/folder.fixture.ts';
import { ChildWorker } from './child-worker.ts';
import type { EngineEvent } from './remote-model.ts';

const here = folderOfEach();

async function worker(script: string) {
  const program = here('outrider-vllm');
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const noted: string[] = [];
  const note = (event: EngineEvent): void =>
    void ('cause' in event && noted.push(event.kind === 'starting' ? event.cause : `${event.kind} ${event.cause}`));
  return { child: new ChildWorker({ command: [program], tickMs: 1000, note }), noted };
}

it('its lines under its own name are for the operator, others are not', async () => {
  const { child, noted } = await worker(
    'echo "outrider-vllm: loading m, 10 s" >&2; echo "WARNING of another" >&2; exit 1',
  );
  await expect(child.connect()).rejects.toMatchObject({
    code: 'engine-lost',
    message: expect.stringContaining('3 times in a row: it has ended: WARNING of another'),
  });
  await child.close();
  expect(noted.filter((line) => line === 'outrider-vllm: loading m, 10 s')).toHaveLength(3);
  expect(noted).not.toContain('WARNING of another');
});

it('one that refuses is not started again, and its two lines are cause and remedy', async () => {
  const { child } = await worker(
    'echo x >> "$0.starts"; echo "outrider-vllm: no config.json" >&2; echo "Name a folder." >&2; exit 2',
  );
  const refused = { code: 'engine-lost', message: 'outrider-vllm: no config.json', remedy: 'Name a folder.' };
  await expect(child.connect()).rejects.toMatchObject(refused);
  await child.close();
  expect(await readFile(here('outrider-vllm.starts'), 'utf8')).toBe('x\n');
});
