// The words of `outrider reproduce`.

import { Argument, Command, Option } from 'commander';
import { isOutriderError, OutriderError } from '../basics/errors.ts';
import { type FigureName, figureNames, reproduce } from '../experiments/paper/reproduce.ts';
import { type SizeName, sizes } from '../experiments/paper/sizes.ts';
import { defaultTraceFile, findTraceFile } from '../files/shipped-traces.ts';
import { wholeBetween } from './flag-parsers.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface ReproduceFlags {
  readonly smoke?: boolean;
  readonly full?: boolean;
  readonly seeds?: number;
  readonly out?: string;
  readonly traces?: string;
  readonly pictures: boolean;
  readonly json?: boolean;
}

/** Open values are halved and doubled at full size only, or when asked for. */
function allOf(size: SizeName): FigureName[] {
  return figureNames.filter((name) => name !== 'sensitivity' || size === 'full');
}

/** Null where no trace of the default pair is shipped. */
function traceFile(nameOrPath: string | undefined): string | null {
  if (nameOrPath !== undefined) return findTraceFile(nameOrPath);
  try {
    return defaultTraceFile();
  } catch (error) {
    if (isOutriderError(error)) return null;
    throw error;
  }
}

export function reproduceCommand(): Command {
  return new Command('reproduce')
    .description("the paper's figures: data, pictures, and a page that says which claims hold here and which do not")
    .addArgument(new Argument('<figure>', 'which').choices([...figureNames, 'all']))
    .addOption(new Option('--smoke', 'the smallest size that runs everything, under two minutes').conflicts('full'))
    .option('--full', 'the published size')
    .option('--seeds <count>', 'paired seeds; 20 by default', wholeBetween(1, 1000))
    .option('--out <directory>', 'where everything goes; an interrupted run goes on there (reproduction/SIZE)')
    .option(
      '--traces <name|file>',
      'acceptance trace for fig2 (the shipped one of the default pair; without one, drafts are drawn)',
    )
    .option('--no-pictures', 'data and pages only; needs neither vega nor resvg')
    .option('--json', 'print one JSON document')
    .action(async (figure: FigureName | 'all', flags: ReproduceFlags) => {
      const name: SizeName = flags.smoke === true ? 'smoke' : flags.full === true ? 'full' : 'default';
      const size = { ...sizes[name], ...(flags.seeds === undefined ? {} : { seedCount: flags.seeds }) };
      const directory = flags.out ?? `reproduction/${name}`;
      if (directory === '') throw new OutriderError('bad-argument', '--out is empty', 'Name a directory.');
      const bar = createWorkProgress();
      const result = await reproduce({
        figures: figure === 'all' ? allOf(name) : [figure],
        size,
        directory,
        drawsPictures: flags.pictures,
        tracePath: traceFile(flags.traces),
        onProgress: bar.update,
      });
      bar.stop();
      process.stderr.write(`data, pictures and pages: ${directory}\n`);
      // Every interpretation of every claim is for machines.
      const rows = flags.json === true ? result.rows : [];
      printResult(`reproduce ${figure}`, { ...result, rows }, flags.json === true);
    });
}
