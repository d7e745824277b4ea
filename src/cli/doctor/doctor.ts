// `outrider doctor`: checks that everything is there, and measures what exact text costs. Exit status 1 when a check fails.

import { styleText } from 'node:util';
import type { Command } from 'commander';
import { defined } from '../../core/basics/defined.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { modelLabel, printDocument } from '../../files/document.ts';
import { edgeKeyOption, fingerprintOption } from '../device/open-device.ts';
import { createLawReport } from '../models/acquire-report.ts';
import { engineLabel } from '../options/engine-label.ts';
import { engineOptions, targetOf } from '../options/engine-options.ts';
import { gpuOption } from '../options/gpu-option.ts';
import { commandOf } from '../options/option-flags.ts';
import { namesOf, pairOption } from '../options/pair-options.ts';
import { foreignLine } from '../terminal/terminal-text.ts';
import { hideWaiting, showWaiting } from '../terminal/waiting-line.ts';
import type { Check } from './doctor-checks.ts';
import { examine } from './doctor-examine.ts';

const options = {
  pair: pairOption,
  model: { flag: '--model <name|path>', alias: '--target <name|path>', help: "target model instead of the pair's" },
  draft: { flag: '--draft <name|path>', help: "draft model instead of the pair's" },
  ...engineOptions,
  gpu: gpuOption,
  edge: { flag: '--edge <address>', help: 'also try this edge: it is asked for two short answers' },
  edgeFingerprint: fingerprintOption as typeof fingerprintOption,
  key: edgeKeyOption as typeof edgeKeyOption,
  metricsKey: {
    flag: '--metrics-key <key>',
    help: 'with --edge: also whether a scraper gets /metrics with this key',
    env: 'OUTRIDER_METRICS_KEY',
    isSecret: true,
  },
  port: { flag: '--port <number>', help: 'port that an edge here would use', whole: [0, 65_535], default: 8642 },
  json: { flag: '--json', help: 'print one JSON document' },
} as const;

export function doctorCommand(): Command {
  const description = 'check that everything is there, and measure what exact text costs on this machine';
  return commandOf({ name: 'doctor', description, options }, runDoctor);
}

async function runDoctor(flags: OptionsOf<typeof options>): Promise<void> {
  const { draft } = namesOf(flags);
  const model = targetOf(flags);
  const isQuiet = flags.json;
  const law = createLawReport(model);
  const onCheck = (check: Check): void => {
    law.stop();
    if (!isQuiet) printCheck(check);
    showWaiting('examining ...');
  };
  const options = {
    ...flags,
    key: flags.key?.reveal(),
    metricsKey: flags.metricsKey?.reveal(),
    model,
    draft,
    onCheck,
    onLawProgress: law.onLawProgress,
  };
  const result = await examine(options);
  hideWaiting();
  const engine = engineLabel(flags.engine);
  const tokenizer = flags.tokenizer === undefined ? undefined : modelLabel(flags.tokenizer);
  const named = { model: modelLabel(model), draft: modelLabel(draft), engine, ...defined({ tokenizer }) };
  if (isQuiet) printDocument('doctor', { ...result, params: { ...flags, ...named } });
  else printVerdict(Number(result.summary['failed']));
  if (result.summary['ok'] !== true) process.exitCode = 1;
}

function printCheck({ check, ok, cause, remedy }: Check): void {
  const mark = ok ? styleText('green', '✓') : styleText('red', '✗');
  const advice = remedy === '' ? '' : `\n  ${foreignLine(remedy)}`;
  process.stdout.write(`${mark} ${check.padEnd(13)} ${foreignLine(cause)}${advice}\n`);
}

function printVerdict(failed: number): void {
  const verdict =
    failed === 0
      ? styleText('green', 'everything is there')
      : styleText('red', failed === 1 ? '1 check failed' : `${failed} checks failed`);
  process.stdout.write(`\n${verdict}\n`);
}
