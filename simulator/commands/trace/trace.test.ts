// How `trace record` opens its models. Nothing real is opened here: it stops at the draft.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import type { OpenModelOptions } from '../../../src/models/engines/open-model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { simulatorCommands } from '../commands.ts';

const opened = vi.hoisted(() => [] as object[]);
vi.mock('../../../src/models/engines/open-model.ts', async (original) => ({
  ...(await original<object>()),
  openModel: (spec: string, { role, exact, onLawProgress }: OpenModelOptions) => {
    opened.push({ spec, role, exact });
    onLawProgress?.('any shape', 0, 1);
    if (role === 'draft') throw new Error('stopped here');
    return createToyModel({ seed: 1, role: 'target' });
  },
}));

const folder = mkdtempSync(join(tmpdir(), 'outrider-trace-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('opens both models as exact, and says whose law is looked for', async () => {
  let said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const prompts = join(folder, 'prompts.jsonl');
  writeFileSync(prompts, '{"prompt": "one"}');
  const words = ['trace', 'record', '--prompts', prompts, '--out', join(folder, 'x.trace'), '--target', 'one'];
  const program = await createProgram([simulatorCommands]);
  const run = program.parseAsync([...words, '--draft', 'folder/two.gguf'], { from: 'user' });
  await expect(run).rejects.toThrow('stopped here');
  vi.restoreAllMocks();
  expect(opened).toEqual([
    { spec: 'one', role: 'target', exact: true },
    { spec: 'folder/two.gguf', role: 'draft', exact: true },
  ]);
  expect(said).toMatch(/law of one on this machine.*\n.*law of two\.gguf on this machine/);
});
