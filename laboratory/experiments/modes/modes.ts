// `outrider bench modes`: every mode side by side, time per token against the round trip, in virtual time or with real models.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { modesFigure } from './figure.ts';
import type { ModeRow } from './metrics.ts';
import { type ModesTable, modesOptions } from './options.ts';
import { modesGoals, modesPage } from './page.ts';
import { concludeVirtual, measureVirtual } from './virtual-clock.ts';
import { concludeWall, measureWall, type WallFound } from './wall-clock.ts';

const notes = `
--clock virtual needs no model and depends on no load: the protocol machines with a toy draft of a set acceptance.
--clock wall runs an edge process and this device process with real models, the edge paced to the profile; it says first how
long it will take (not with --unpaced), and exits with 1 if any text differs from the edge's own. The default size takes about 80
minutes on an idle machine: 10 modes x 5 round trips x 5 repeats. In slices of ten minutes:
  outrider bench modes --clock wall --resume modes.jsonl --minutes 10
Repeat the command until it reports no remaining runs. Each slice prints the results so far; the first repeat covers every cell.

With --unpaced the edge is as quick as this machine, for a pair whose target is large beside its draft, on a quiet machine:
  outrider bench modes --clock wall --pair qwen2.5-coder --unpaced
The texts of ar-native may differ from the exact ones: they are compared, and counted apart.

Definitions and how to read the rows: docs/research/benchmarks.md.`.trimStart();

export const modesExperiment: Experiment<ModesTable, readonly ModeRow[] | WallFound, Conclusion<ModeRow>> = {
  name: 'bench modes',
  description: 'every mode side by side: ms per token, acceptance and bytes against the round trip',
  notes,
  options: modesOptions,
  isResumable: true,
  measure: (options, run) => (options.clock === 'virtual' ? measureVirtual(options, run) : measureWall(options, run)),
  conclude(found, options) {
    const concluded = 'runs' in found ? concludeWall(found) : concludeVirtual(found, options);
    return { ...concluded, forPeople: concluded.rows.map(briefly) };
  },
  figure: modesFigure,
  page: modesPage,
  goals: modesGoals,
};

function briefly(row: ModeRow): object {
  const { mode, givenAcceptance: given, stepPerRowMs: rowMs, roundTripMs: rttMs, bestGamma: gamma, runs } = row;
  const { msPerToken, acceptance, draftsPerToken: drafts, rowsPerToken: rows, payloadBytesPerToken } = row;
  const costs = { drafts, rows, payloadBytes: payloadBytesPerToken };
  return { mode, given, rowMs, rttMs, gamma, runs, msPerToken, acceptance, ...costs };
}
