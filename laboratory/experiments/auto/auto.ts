// `outrider bench auto`: mode auto beside every fixed mode, in virtual time: how near it comes to the best of them in each cell.

import { availableParallelism } from 'node:os';
import type { Conclusion, Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import { WorkerPool } from '../../../simulator/runner/worker-pool.ts';
import { draftMs, edgeDraftMs } from '../modes/virtual-cell.ts';
import { cellsOf, type Group, groups, keyOf } from './cells.ts';
import { autoFigure } from './figure.ts';
import { type AutoFound, type AutoSettings, earlierAnswers, maxAhead } from './measure.ts';
import { autoGoals, autoPage } from './page.ts';
import { type AutoRow, rowOf, summariseAuto } from './rows.ts';
import { autoWork } from './worker-pool.ts';

const notes = `
The best fixed mode of a cell is the quickest of ar, stream, mix and edge-sd on the same seeds; edge-sd with its quickest draft length.
Mode auto is measured in the first answer of a device, and in a later one, for which it has kept what earlier answers measured.
Definitions: docs/research/benchmarks.md.`.trimStart();

function groupList(text: string): readonly Group[] {
  return text.split(',').map((name) => {
    const group = groups.find((one) => one === name.trim());
    if (group === undefined) throw new Error(`There is no group "${name}". Take some of ${groups.join(', ')}.`);
    return group;
  });
}

const options = {
  seeds: { flag: '--seeds <count>', help: 'answers in a cell, the same for all modes', whole: [2, 1000], default: 8 },
  seed: { flag: '--seed <number>', help: 'the first of them', whole: [0, 99_000], default: 1 },
  tokens: { flag: '--tokens <count>', help: 'tokens of an answer', whole: [32, 10_000], default: 400 },
  acceptances: {
    flag: '--acceptance <number,...>',
    help: 'chances that a draft is right; a trace has its own',
    numbers: [0, 1],
    default: [0.3, 0.65, 0.8, 0.95] as readonly number[],
  },
  roundTripsMs: {
    flag: '--rtt <ms,...>',
    help: 'round-trip times; of them 0, 10, 30 and 60 for changing drafts, many sessions and traces',
    numbers: [0, 10_000],
    default: [0, 4, 10, 30, 60, 100, 200] as readonly number[],
  },
  sessions: {
    flag: '--sessions <count,...>',
    help: 'sessions of a loaded edge, at acceptance 0.8',
    wholes: [2, 1024],
    default: [16, 64] as readonly number[],
  },
  groups: {
    flag: '--group <name,...>',
    help: 'only these groups of cells: both draft, device drafts, expensive rows, ...',
    parse: groupList as (text: string) => readonly Group[],
    default: groups as readonly Group[],
  },
  traces: {
    flag: '--trace <name|file...>',
    help: 'traces of real models',
    texts: true,
    default: ['coarse-greedy', 'coarse-sampled', 'draft-greedy', 'qwen-coder-greedy'] as readonly string[],
  },
  workers: {
    flag: '--workers <count>',
    help: 'threads',
    whole: [1, 256],
    default: availableParallelism() as number,
    defaultLabel: 'one for each core',
  },
} as const;

export const autoExperiment: Experiment<typeof options, readonly AutoFound[], Conclusion<AutoRow>> = {
  name: 'bench auto',
  description: 'mode auto beside the best fixed mode of each cell, in the first answer and in later ones',
  notes,
  options,
  isResumable: true,
  async measure({ seed: firstSeed, seeds: seedCount, tokens, workers, ...grid }, run) {
    const settings: AutoSettings = { firstSeed, seedCount, tokens };
    await run.begin(settings);
    await using pool = new WorkerPool(autoWork, settings, workers);
    const units = cellsOf(grid).map((cell): Unit<AutoFound> => {
      return { key: keyOf(cell), measure: () => pool.measure(cell) };
    });
    return await run.all('cells', units, workers);
  },
  conclude(found, { seed, workers: _workers, ...given }) {
    const rows = found.map(rowOf);
    const law = { draftMs, edgeDraftMs, edgeDraftsOverlap: true, timeJitter: 0.2, maxAhead, earlierAnswers };
    return { rows, summary: summariseAuto(rows), forPeople: rows.map(briefly), params: { ...given, ...law }, seed };
  },
  figure: autoFigure,
  page: autoPage,
  goals: autoGoals,
};

function briefly(row: AutoRow): object {
  const { group, trace, acceptance, edgeAcceptance, laterAcceptance, hasEdgeDraft, sessions, roundTripMs: rttMs } = row;
  const { bestMode: best, bestMs, autoMs, autoOverBest, firstOverBest, lastMode, switches } = row;
  const own = laterAcceptance === null ? acceptance : `${acceptance} to ${laterAcceptance}`;
  const drafts = trace ?? (own === edgeAcceptance ? own : `${own} / ${edgeAcceptance}`);
  const edge = { edgeDraft: hasEdgeDraft, sessions, rttMs };
  return { group, drafts, ...edge, best, bestMs, autoMs, autoOverBest, firstOverBest, lastMode, switches };
}
