// The flags of `outrider bench ideas`.

import { Command } from 'commander';
import { benchIdeas, type IdeaRow } from '../experiments/ablation/ablation.ts';
import { ideas } from '../experiments/ablation/variants.ts';
import { defaultTraceFile, findTrace } from '../files/shipped-traces.ts';
import { defaultEdgeProfile } from '../models/profiles.ts';
import { numberBetween, numberList, wholeBetween } from './flag-parsers.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface IdeasFlags {
  readonly traces?: readonly string[];
  readonly rtt: readonly number[];
  readonly draftMs: number;
  readonly seeds: number;
  readonly json?: boolean;
}

const notes = `
Ideas:
${ideas.map(({ name, meaning }) => `  ${name.padEnd(16)} ${meaning}`).join('\n')}

Example:
  outrider bench ideas --traces coarse-greedy draft-greedy --rtt 10,60`;

/** The default profile's, and one whose rows are expensive, as in "bench modes". */
const steps = [
  { name: defaultEdgeProfile.name, fixedMs: defaultEdgeProfile.stepMs, perRowMs: defaultEdgeProfile.rowMs },
  { name: 'expensive rows', fixedMs: 4, perRowMs: 36 },
];

export function ideasCommand(): Command {
  return new Command('ideas')
    .description('what each idea beyond plain stream brings, alone and together, per task: traces, virtual time')
    .option('--traces <name|file...>', 'acceptance traces (default: the shipped one of the default pair, greedy)')
    .option('--rtt <ms,...>', 'round-trip times', numberList(numberBetween(0, 10_000)), [10, 60])
    .option('--draft-ms <ms>', 'one draft on the device', numberBetween(0.001, 10_000), 7.5)
    .option('--seeds <count>', 'plays of each session', wholeBetween(1, 1000), 3)
    .option('--json', 'print one JSON document')
    .addHelpText('after', notes)
    .action(runIdeas);
}

function runIdeas({ traces, rtt, draftMs, seeds, json }: IdeasFlags): void {
  const progress = createWorkProgress();
  const result = benchIdeas({
    traces: (traces ?? [defaultTraceFile()]).map(findTrace),
    roundTripsMs: rtt,
    draftMs,
    steps,
    seeds,
    onProgress: progress.update,
  });
  progress.stop();
  const shown = json === true ? result : { ...result, rows: result.rows.filter(isTold).map(briefly) };
  printResult('bench ideas', shown, json === true);
}

/** Tasks are for machines, but for the first network and edge. */
function isTold({ task, roundTripMs, edge }: IdeaRow, _: number, rows: readonly IdeaRow[]): boolean {
  return task === 'all' || (roundTripMs === rows[0]?.roundTripMs && edge === rows[0]?.edge);
}

function briefly({ draft, edge, roundTripMs, task, idea, ...row }: IdeaRow): object {
  const { msPerToken, overPlain, overPlainLow, overPlainHigh, overAr, draftsPerToken, rowsPerToken } = row;
  const ratios = { msPerToken, overPlain, low: overPlainLow, high: overPlainHigh, overAr };
  return { draft, edge, rttMs: roundTripMs, task, idea, ...ratios, draftsPerToken, rowsPerToken };
}
