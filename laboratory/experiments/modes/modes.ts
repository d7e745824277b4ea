// `outrider bench modes`: every mode side by side, time per token against the round trip, in virtual time or with real models.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import type { ModeRow } from './metrics.ts';
import { type ModesTable, modesOptions } from './options.ts';
import { modesFigure, modesGoals, modesPage } from './page.ts';
import { concludeVirtual, measureVirtual } from './virtual-clock.ts';
import { concludeWall, measureWall, type WallFound } from './wall-clock.ts';

const notes = `
--clock virtual needs no model and depends on no load. --clock wall takes about 80 minutes on an idle machine, and exits with 1 if any
text differs from the edge's own; in slices of ten minutes, until no run is left:
  outrider bench modes --clock wall --resume modes.jsonl --minutes 10
  outrider bench modes --clock wall --pair qwen2.5-coder --unpaced     the edge as quick as this machine, on a quiet machine
  outrider bench modes --clock wall --pair qwen2.5-coder --unpaced --engine ik      and beside llama.cpp
Definitions and how to read the rows: docs/research/benchmarks.md.`.trimStart();

export const modesExperiment: Experiment<ModesTable, readonly ModeRow[] | WallFound, Conclusion<ModeRow>> = {
  name: 'bench modes',
  lasts: '4 minutes',
  fullLasts: '20',
  description: 'every mode side by side: ms per token, acceptance and bytes against the round trip',
  notes,
  options: modesOptions,
  isResumable: true,
  isTimed: ({ clock }) => clock === 'wall',
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
