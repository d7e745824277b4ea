// `outrider doctor`: is everything there, does the network allow it, what exact text costs, and which mode would be quickest here and
// why. Exit status 1 when a check fails.

import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import { modelLabel, printDocument, type Result } from '../files/document.ts';
import { namesOf } from '../laboratory/pair-options.ts';
import type { Check } from './doctor-checks.ts';
import { examine } from './doctor-examine.ts';
import type { Paces } from './doctor-summary.ts';
import { wholeBetween } from './flag-parsers.ts';
import { createLawReport } from './law-report.ts';
import { pairOption } from './pair-flags.ts';
import { formatTable } from './terminal-table.ts';

interface DoctorFlags {
  readonly pair: string;
  readonly model?: string;
  readonly draft?: string;
  readonly edge?: string;
  readonly key?: string;
  readonly port: number;
  readonly json?: boolean;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('is everything there, does the network allow it, what exact text costs, which mode is quickest here')
    .addOption(pairOption())
    .option('--model <name|path>', "target instead of the pair's")
    .option('--draft <name|path>', "draft instead of the pair's")
    .option('--edge <address>', 'also try this edge: it is asked for two short answers')
    .addOption(new Option('--key <key>', 'key for the edge').env('OUTRIDER_KEY'))
    .option('--port <number>', 'port that an edge here would use', wholeBetween(0, 65535), 8642)
    .option('--json', 'print one JSON document')
    .action(runDoctor);
}

async function runDoctor(flags: DoctorFlags): Promise<void> {
  const { target: model, draft } = namesOf({ ...flags, target: flags.model });
  const isQuiet = flags.json === true;
  const law = createLawReport(model);
  const onCheck = (check: Check): void => {
    law.stop();
    if (!isQuiet) printCheck(check);
  };
  const options = { ...flags, model, draft, onCheck, onLawProgress: law.onLawProgress };
  const { paces, ...result } = await examine(options);
  const named = { model: modelLabel(model), draft: modelLabel(draft) };
  if (isQuiet) printDocument('doctor', { ...result, params: { ...flags, ...named, key: undefined } });
  else printPaces(paces, result);
  if (result.summary['ok'] !== true) process.exitCode = 1;
}

function printCheck({ check, ok, cause, remedy }: Check): void {
  const mark = ok ? styleText('green', '✓') : styleText('red', '✗');
  process.stdout.write(`${mark} ${check.padEnd(13)} ${cause}${remedy === '' ? '' : `\n  ${remedy}`}\n`);
}

function printPaces(paces: Paces, { summary }: Result): void {
  for (const { where, predictions, quickest, why, native } of paces) {
    const rows = predictions.map(({ mode, msPerToken, drafts }) => ({
      mode,
      'ms per token': msPerToken.toFixed(1),
      drafts,
    }));
    if (native !== undefined && summary['exact'] === true)
      rows.push({ mode: 'ar-native' as 'ar', 'ms per token': native.msPerToken.toFixed(1), drafts: 0 });
    process.stdout.write(`\npredicted for ${where}:\n${formatTable(rows, ['mode', 'ms per token', 'drafts'])}\n`);
    process.stdout.write(`${styleText('bold', quickest.mode)} would be quickest: ${why}\n`);
    if (native !== undefined) process.stdout.write(`${native.said}\n`);
  }
  const failed = Number(summary['failed']);
  const verdict =
    failed === 0
      ? styleText('green', 'everything is there')
      : styleText('red', failed === 1 ? '1 check failed' : `${failed} checks failed`);
  process.stdout.write(`\n${verdict}\n`);
}
