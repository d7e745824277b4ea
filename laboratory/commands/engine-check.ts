// `outrider engine check`: runs the contract of engines against one. Exit status 1 when a case failed.

import { styleText } from 'node:util';
import type { Command } from 'commander';
import { createLawReport, withAcquireReport } from '../../src/cli/models/acquire-report.ts';
import { engineLabel } from '../../src/cli/options/engine-label.ts';
import { engineOptions, targetOf } from '../../src/cli/options/engine-options.ts';
import { gpuOption } from '../../src/cli/options/gpu-option.ts';
import { commandOf } from '../../src/cli/options/option-flags.ts';
import { pairOption } from '../../src/cli/options/pair-options.ts';
import { print } from '../../src/cli/terminal/note.ts';
import { formatTable } from '../../src/cli/terminal/terminal-table.ts';
import { foreignLine } from '../../src/cli/terminal/terminal-text.ts';
import { hideWaiting, showWaiting } from '../../src/cli/terminal/waiting-line.ts';
import type { OptionsOf } from '../../src/core/options/options.ts';
import { modelLabel, printDocument } from '../../src/files/document.ts';
import { type CheckedCase, checkEngine, type EngineCheck } from '../engine-conformance/check-engine.ts';

const checkOptions = {
  engine: { argument: '<address>', help: 'llama, ik, vllm:FOLDER, or where a worker listens: unix:PATH or tcp:PORT' },
  pair: pairOption,
  model: {
    flag: '--model <name|path>',
    help: "target instead of the pair's; of a worker that runs, the file whose tokenizer is taken",
  },
  tokenizer: engineOptions.tokenizer as typeof engineOptions.tokenizer,
  gpu: gpuOption as typeof gpuOption,
  json: { flag: '--json', help: 'print one JSON document' },
} as const;

const notes = `A worker that listens at an address is first asked over its socket, also with frames that no edge sends. Then any engine is
opened as an edge opens it: its shape law is found or confirmed, and the cases of the engine contract are run one by one.
The protocol of workers: docs/internals/rows-protocol.md.

Examples:
  outrider engine serve --model smollm2-135m --socket /tmp/rows.sock
  outrider engine check unix:/tmp/rows.sock --model smollm2-135m`;

export function engineCheckCommand(): Command {
  const description = 'run every case of the engine contract against an engine, and say which it keeps (needs a clone)';
  return commandOf({ name: 'check', description, options: checkOptions, notes }, runCheck);
}

async function runCheck({ json, gpu, ...flags }: OptionsOf<typeof checkOptions>): Promise<void> {
  const { engine, tokenizer: tokenizerFile } = flags;
  const model = targetOf(flags);
  const { onLawProgress } = createLawReport(model === 'none' ? 'the engine' : model);
  const onCase = (name: string, number: number, total: number): void =>
    showWaiting(`case ${number} of ${total}: ${name}`);
  const found = await withAcquireReport((acquiring) =>
    checkEngine({ engine, model, tokenizerFile, gpu, onLawProgress, onCase, ...acquiring }),
  );
  hideWaiting();
  const params = {
    engine: engineLabel(engine),
    model: modelLabel(model),
    tokenizer: tokenizerFile === undefined ? null : modelLabel(tokenizerFile),
  };
  if (json) printDocument('engine check', { ...found, params });
  else printCheck(found);
  if (found.summary.failed > 0) process.exitCode = 1;
}

const colours = { passed: 'green', skipped: 'yellow', failed: 'red' } as const;

function printCheck({ rows, summary }: EngineCheck): void {
  const lines = rows.map(({ result, said, ...row }: CheckedCase) => {
    return { ...row, result: styleText(colours[result], result), said: foreignLine(said) };
  });
  print(formatTable(lines, ['result', 'case', 'said']));
  const { cases, passed, skipped, failed } = summary;
  const verdict =
    failed === 0 ? styleText('green', 'the engine keeps the contract') : styleText('red', `${failed} failed`);
  print(`\n${cases} cases, ${passed} passed, ${skipped} skipped: ${verdict}`);
}
