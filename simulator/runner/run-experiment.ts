// Makes a command of an experiment or trial: its options as flags, --json, --resume, --figure, --page, progress on standard error, Ctrl-C, and
// the exit status. What is measured is the experiment's own.

import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { addOptions, optionsIn } from '../../src/cli/options/option-flags.ts';
import { withExamples } from '../../src/cli/program.ts';
import { withInterrupt } from '../../src/cli/terminal/interrupt.ts';
import { badArgument } from '../../src/core/basics/errors.ts';
import type { OptionSpec, OptionTable } from '../../src/core/options/options.ts';
import { buildDocument, type Result } from '../../src/files/document.ts';
import { checkWritable } from '../files/check-writable.ts';
import { checkFigure, writeFigure } from '../files/render-figure.ts';
import type { AnyExperiment, Conclusion } from './experiment.ts';
import { openNatsRecord, type RecordFlags, recordOptions } from './nats-record.ts';
import { printResult, printTable } from './result-output.ts';
import { resultPage } from './result-page.ts';
import { runExperiment } from './run.ts';
import { createWorkProgress } from './work-progress.ts';

type Flags = Readonly<Record<string, unknown>>;

export function experimentCommand(experiment: AnyExperiment): Command {
  const { name, description, notes } = experiment;
  const options = experiment.options as OptionTable;
  const command = new Command(name.split(' ').at(-1)).description(description);
  addOptions(command, options);
  const sized = Object.values(options).filter(({ full }) => full !== undefined);
  const hasOwn = Object.values(options).some(({ flag }) => flag === '--full');
  if (sized.length > 0 && !hasOwn) command.option('--full', `the published size: ${sized.map(fullValue).join(', ')}`);
  command.optionsGroup('Output:');
  if (experiment.isResumable === true)
    command.option('--resume <file>', 'keep in this file what was measured, and measure nothing again that is in it');
  if (isShareable(experiment)) for (const { flag, help } of Object.values(recordOptions)) command.option(flag, help);
  if (experiment.figure !== undefined)
    command.option('--figure <file.svg>', 'draw the rows, as SVG and beside it as PNG');
  if (experiment.page !== undefined) command.option('--page <file.md>', 'write the result as Markdown tables');
  if (experiment.tableOptions !== undefined) command.option('--all', 'show every line of the table');
  command.option('--json', 'print one JSON document');
  if (notes !== undefined) command.addHelpText('after', `\n${notes}`);
  if (notes?.includes('Examples:') !== true) withExamples(command, examplesOf(experiment));
  return command.action((...given: unknown[]) => {
    if (command.opts()['full'] === true) for (const spec of sized) takeFullSize(command, spec);
    return runCommand(experiment, command.opts(), given.slice(0, -2) as string[]);
  });
}

function examplesOf({ name, examples }: AnyExperiment): readonly string[] {
  return examples ?? [`outrider ${name}`, `outrider ${name} --json > ${name.replace(' ', '-')}.json`];
}

function isShareable({ isResumable, isShareable: isAlsoShareable }: AnyExperiment): boolean {
  return isResumable === true || isAlsoShareable === true;
}

function fullValue({ flag = '', full }: OptionSpec): string {
  return `${flag.split(' ')[0]} ${String(full)}`;
}

/** What was typed beside `--full` stays. */
function takeFullSize(command: Command, { flag = '', full }: OptionSpec): void {
  const name = new Option(flag).attributeName();
  if (command.getOptionValueSource(name) !== 'cli') command.setOptionValue(name, full);
}

/** How long an experiment takes. @param lasts as of the experiment */
function durationNote({ name, fullLasts }: AnyExperiment, lasts: string): string {
  const full = fullLasts === undefined ? '' : `; with --full ${fullLasts}`;
  return `${name}: about ${lasts} with its defaults, on two cores${full}.`;
}

/** A command with a subcommand for each experiment. */
export function experimentGroup(name: string, description: string, experiments: readonly AnyExperiment[]): Command {
  const group = new Command(name).description(description);
  for (const experiment of experiments) group.addCommand(experimentCommand(experiment));
  withExamples(group, [`outrider ${name} ${group.commands[0]?.name()} --help`]);
  return group;
}

/** Runs it as the command line does. */
async function runCommand(experiment: AnyExperiment, flags: Flags, words: readonly string[]): Promise<void> {
  const { json, all, resume, record, figure, page } = flags as CommonFlags;
  if (resume !== undefined && record !== undefined)
    throw badArgument('--resume and --record are two places for what was measured', 'Give one of them.');
  if (figure !== undefined) await checkFigure(figure);
  if (page !== undefined) checkWritable(page);
  const forTable = json === true ? {} : experiment.tableOptions;
  const options = { ...optionsIn(experiment.options as OptionTable, flags, words), ...forTable };
  const progress = createWorkProgress();
  const onNote = (text: string): void => {
    progress.stop();
    process.stderr.write(`${text}\n`);
  };
  if (record !== undefined && experiment.isTimed?.(options) === true)
    throw badArgument(
      `${experiment.name} measures the speed of one machine`,
      'Give --resume FILE in place of --record.',
    );
  await using shared = isShareable(experiment) ? await openNatsRecord(flags as CommonFlags, onNote) : null;
  const settings = { record: shared?.open ?? resume, onProgress: progress.update, onNote };
  if (experiment.lasts !== undefined) settings.onNote(durationNote(experiment, experiment.lasts));
  const conclusion = await withInterrupt((signal) => {
    signal.addEventListener('abort', () => shared?.giveUp());
    return runExperiment(experiment, options, { ...settings, signal });
  }).finally(() => progress.stop());
  for (const remark of conclusion.remarks ?? []) process.stderr.write(`${remark}\n`);
  const result = resultOf(conclusion, options);
  const rows = json === true ? result.rows : (conclusion.forPeople ?? result.rows);
  if (json !== true && conclusion.table !== undefined) printTable(conclusion.table, all === true);
  else printResult(experiment.name, { ...result, rows }, json === true);
  if (figure !== undefined && experiment.figure !== undefined)
    await writeFigure(experiment.figure(result.rows, result.params ?? {}), figure);
  if (page !== undefined)
    await writeFile(page, resultPage(buildDocument(experiment.name, result, new Date()), experiment));
  if (conclusion.passed === false) process.exitCode = 1;
}

interface CommonFlags extends RecordFlags {
  readonly json?: true;
  readonly all?: true;
  readonly resume?: string;
  readonly figure?: string;
  readonly page?: string;
}

/** What a document holds of it. */
export function resultOf(conclusion: Conclusion, options: Flags): Result {
  const { rows, summary, params = options, passed } = conclusion;
  const seed = conclusion.seed ?? options['seed'];
  return {
    rows,
    summary: passed === undefined ? summary : { ...summary, passed },
    params,
    ...(typeof seed === 'number' ? { seed } : {}),
  };
}
