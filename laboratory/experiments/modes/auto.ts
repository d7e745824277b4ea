// `outrider bench auto`: mode auto beside every fixed mode, in virtual time: how near it comes to the best of them in each cell.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { WorkerPool, workersOption } from '../../../simulator/runner/worker-pool.ts';
import { nameList } from '../name-list.ts';
import { type AutoFound, autoCells, earlierAnswers, type Group, groups, keyOfAuto, maxAhead } from './auto-cell.ts';
import { autoFigure } from './auto-figure.ts';
import { type AutoRow, autoGoals, autoPage, rowOf, summariseAuto } from './auto-rows.ts';
import { acceptanceOption, usualRoundTripsMs } from './options.ts';
import { draftMs, edgeDraftMs, timeJitter } from './virtual-cell.ts';
import { autoWork } from './worker-pool.ts';

const notes = `
The best fixed mode of a cell is the quickest of ar, stream, mix and edge-sd on the same seeds; edge-sd with its quickest draft length.
Mode auto is measured in the first answer of a device, and in a later one, for which it has kept what earlier answers measured.
Definitions: docs/research/benchmarks.md.`.trimStart();

const options = {
  seeds: { flag: '--seeds <count>', help: 'answers in a cell, the same for all modes', whole: [2, 1000], default: 8 },
  seed: { flag: '--seed <number>', help: 'the first of them', whole: [0, 99_000], default: 1 },
  tokens: { flag: '--tokens <count>', help: 'tokens of an answer', whole: [32, 10_000], default: 400 },
  acceptances: acceptanceOption as typeof acceptanceOption,
  roundTripsMs: {
    flag: '--rtt <ms,...>',
    help: 'round-trip times; of them 0, 10, 30 and 60 for changing drafts, many sessions and traces',
    numbers: [0, 10_000],
    default: usualRoundTripsMs as readonly number[],
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
    parse: nameList('group', groups) as (text: string) => readonly Group[],
    default: groups as readonly Group[],
  },
  traces: {
    flag: '--trace <name|file...>',
    help: 'traces of real models',
    texts: true,
    default: ['coarse-greedy', 'coarse-sampled', 'draft-greedy', 'qwen-coder-greedy'] as readonly string[],
  },
  workers: workersOption as typeof workersOption,
} as const;

export const autoExperiment: Experiment<typeof options, readonly AutoFound[], Conclusion<AutoRow>> = {
  name: 'bench auto',
  description: 'mode auto beside the best fixed mode of each cell, in the first answer and in later ones',
  notes,
  options,
  isResumable: true,
  async measure({ seed: firstSeed, seeds: seedCount, tokens, workers, ...grid }, run) {
    const settings = { firstSeed, seedCount, tokens };
    await run.begin(settings);
    await using pool = new WorkerPool(autoWork, settings, workers);
    return await pool.measureAll(run, 'cells', autoCells(grid), keyOfAuto);
  },
  conclude(found, { seed, workers: _workers, ...given }) {
    const rows = found.map(rowOf);
    const law = { draftMs, edgeDraftMs, edgeDraftsOverlap: true, timeJitter, maxAhead, earlierAnswers };
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
