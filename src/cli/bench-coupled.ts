// The command `outrider bench coupled`: reads flags, shows progress, prints, draws.

import { Command } from 'commander';
import { benchCoupled, type CoupledRow, coupledPreset, usualPolicies } from '../experiments/coupled/coupled.ts';
import { coupledFigure } from '../experiments/coupled/figure.ts';
import { findPolicy } from '../files/policy-file.ts';
import { checkFigure, writeFigure } from '../files/render-figure.ts';
import { gather } from '../files/scenario-file.ts';
import { wholeBetween } from './flag-parsers.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface CoupledFlags {
  readonly seeds: number;
  readonly slots: number;
  readonly policy: readonly string[];
  readonly resume?: string;
  readonly figure?: string;
  readonly json?: boolean;
}

export function coupledCommand(): Command {
  return new Command('coupled')
    .description('what looking ahead is worth in coupled slots; preset coupled, each coupling alone and all')
    .option('--seeds <count>', 'paired seeds', wholeBetween(1, 1000), 10)
    .option('--slots <count>', 'of each run', wholeBetween(1, 1_000_000), 240)
    .option('--policy <name|file>', 'one more policy; may be given several times', gather, [])
    .option('--resume <file>', 'keep finished runs in this file, and go on from those that are in it')
    .option('--figure <file.svg>', 'draw the costs, and a PNG beside it')
    .option('--json', 'print one JSON document')
    .action(async (flags: CoupledFlags) => {
      if (flags.figure !== undefined) await checkFigure(flags.figure);
      const { seeds, slots } = flags;
      const names = [...new Set([...usualPolicies, ...flags.policy])];
      const policies = await Promise.all(names.map(findPolicy));
      const bar = createWorkProgress();
      const record = flags.resume ?? null;
      const result = await benchCoupled({ policies, seeds, slots, record, onProgress: bar.update }).finally(() =>
        bar.stop(),
      );
      if (flags.figure !== undefined) await writeFigure(coupledFigure(result.rows), flags.figure);
      const params = { scenario: coupledPreset, seeds, slots, policies: names };
      const rows = flags.json === true ? result.rows : result.rows.map(forPeople);
      printResult('bench coupled', { ...result, rows, params }, flags.json === true);
    });
}

function forPeople(row: CoupledRow): object {
  const { coupling, policy, costMs, costVsBest, latencyMs, handoversPer1000Tasks, energyJ, batteryOutShare } = row;
  return { coupling, policy, costMs, costVsBest, latencyMs, handoversPer1000Tasks, energyJ, batteryOutShare };
}
