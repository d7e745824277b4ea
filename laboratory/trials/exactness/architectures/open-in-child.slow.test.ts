// What a child that ends in any way counts as: stand-in programs that open no file.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openInChild } from './open-in-child.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-child-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function openWith(code: string) {
  const program = join(folder, 'program.mjs');
  writeFileSync(program, code);
  return openInChild('model.gguf', { cacheDirectory: folder, program });
}

const refusal = "console.error('✗ it is a picture\\n  take a text [model-unreadable]');";

it.each([
  ['a law', "console.log(JSON.stringify({ summary: { law: 'any shape' } }));", { kind: 'opened', law: 'any shape' }],
  [
    'words and status 1',
    `${refusal} process.exitCode = 1;`,
    { kind: 'refused', code: 'model-unreadable', cause: 'it is a picture' },
  ],
])('%s is an answer', async (_name, code, opening) => {
  expect(await openWith(code)).toEqual(opening);
});

it.each([
  ['an abort', 'process.abort();', 'SIGABRT'],
  ['an abort after words', `${refusal} process.abort();`, 'SIGABRT'],
  ['another status', `${refusal} process.exitCode = 7;`, 'status 7'],
  ['status 1 without words', 'process.exitCode = 1;', 'without an error'],
  [
    'a fault of the program',
    "console.error('✗ a fault in outrider: x\\n  please report it [internal]'); process.exitCode = 1;",
    '',
  ],
  ['status 0 with other output', "console.log('fine');", 'named no law'],
])('%s is none', async (_name, code, cause) => {
  expect(await openWith(code)).toMatchObject({ kind: 'broken', cause: expect.stringContaining(cause) });
});
