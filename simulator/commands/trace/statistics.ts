// Statistics of the draft of a trace: acceptance by task, clusters of hits and misses, and the acceptance in mode stream, which compares
// only drafts on a branch that still agrees.

import { statSync } from 'node:fs';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { Result } from '../../../src/files/document.ts';
import { findTraceFile, shippedTraceNames } from '../../files/shipped-traces.ts';
import { readTrace } from '../../files/trace-files.ts';
import type { Experiment } from '../../runner/experiment.ts';
import { acceptanceOf, addCounts, countSession, noCounts } from '../../runner/session-metrics.ts';
import { runnerUpRows, runnerUpStatistics } from '../../traces/runner-up-statistics.ts';
import type { Trace, TraceSession } from '../../traces/trace.ts';
import { matchRows } from '../../traces/trace-matches.ts';
import { positionRows } from '../../traces/trace-positions.ts';
import { type TraceStatistics, traceStatistics } from '../../traces/trace-statistics.ts';
import { runSourceSession, type SessionConditions } from '../../virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../virtual-time/trace-replay.ts';

/** A session in which a GPU verifies the drafts of a phone. */
const conditions: SessionConditions = {
  mode: 'stream',
  seed: 1,
  roundTripMs: 10,
  draftMs: 10,
  step: { fixedMs: 40, perRowMs: 0.4 },
};
const longestRun = 8;
/** Share of the positions that count as unsure. */
const unsureShare = 0.3;
const runnerUpGroups = 10;

const options = {
  name: { argument: '<name|file>', help: 'a shipped trace, or a file' },
  by: {
    flag: '--by <what>',
    help: 'rows: by task, by how many tokens agree where prompt lookup finds some, by confidence of the runner-up, or by task and position in the answer',
    choices: ['task', 'match', 'runner-up', 'position'],
    default: 'task',
  },
} as const;

export const traceShowExperiment: Experiment<typeof options, Result> = {
  name: 'trace show',
  examples: ['outrider trace show coarse-greedy --by position'],
  description: 'show the sessions of a trace, the acceptance by task, and how hits and misses cluster',
  get notes() {
    return `Shipped traces: ${shippedTraceNames().join(', ')}`;
  },
  options,
  measure({ name, by }) {
    const path = findTraceFile(name);
    return showTrace(readTrace(path), statSync(path).size, by);
  },
  conclude: (found) => found,
};

/** The group of a row: a kind of prompt, the number of last tokens that also occur earlier in the text, a tenth of all positions, or a kind and a range of positions. */
type TraceGrouping = 'task' | 'match' | 'runner-up' | 'position';

export function showTrace({ header, sessions }: Trace, fileBytes: number, by: TraceGrouping = 'task'): Result {
  const tasks = [...new Set(sessions.map(({ task }) => task))];
  const counts = new Map(
    sessions.map((session) => [
      session,
      countSession(runSourceSession(conditions, traceSource(new TraceReplay(header, session)))),
    ]),
  );
  const replayed = (chosen: readonly TraceSession[]): number | null =>
    acceptanceOf(addCounts(chosen.map((session) => counts.get(session) ?? noCounts)));
  if (by === 'runner-up' && !header.hasRunnerUps) {
    throw badArgument('this trace holds no runners-up', 'record it again, or give --by task');
  }
  const ofTask = (task: string): TraceSession[] => sessions.filter((session) => session.task === task);
  const rowsBy: Readonly<Record<TraceGrouping, () => object[]>> = {
    task: () =>
      tasks.map((task) => {
        return { task, ...figures(traceStatistics(ofTask(task))), acceptanceInStream: replayed(ofTask(task)) };
      }),
    match: () => matchRows(sessions),
    'runner-up': () => runnerUpRows(sessions, runnerUpGroups),
    position: () => tasks.flatMap((task) => positionRows(ofTask(task)).map((row) => ({ task, ...row }))),
  };
  const rows = rowsBy[by]();
  const all = traceStatistics(sessions);
  const { temperature, seed } = header.sampling;
  const summary = {
    target: header.target.name,
    draft: header.draft.name,
    temperature,
    samplingSeed: String(seed),
    source: header.source,
    licence: header.licence,
    fileKilobytes: fileBytes / 1000,
    bytesPerToken: fileBytes / all.answerTokens,
    ...figures(all),
    acceptanceInStream: replayed(sessions),
    ...runShares(all.runs),
    ...(header.hasRunnerUps ? runnerUpFigures(sessions) : {}),
  };
  const { answerTokens, wrongDepth, vocabularySize, tokenizerHash } = header;
  return { rows, summary, params: { answerTokens, wrongDepth, vocabularySize, tokenizerHash, by, stream: conditions } };
}

function runnerUpFigures(sessions: readonly TraceSession[]) {
  const { rightInMisses, missesInLeastConfident, rightInClosest } = runnerUpStatistics(sessions, unsureShare);
  return {
    runnerUpRightInMisses: rightInMisses,
    missesInLeastConfident30: missesInLeastConfident,
    runnerUpsRightInClosest30: rightInClosest,
  };
}

function figures(statistics: TraceStatistics) {
  const { runs: _runs, right: _right, ...rest } = statistics;
  return rest;
}

/** Distribution of the lengths of runs of right drafts that a wrong draft ended. */
function runShares(runs: readonly number[]): Record<string, number> {
  const all = runs.reduce((sum, count) => sum + count, 0);
  const shares = Array.from(
    { length: longestRun },
    (_, length) => [`runsOf${length}`, (runs[length] ?? 0) / all] as const,
  );
  const longer = runs.slice(longestRun).reduce((sum, count) => sum + count, 0);
  return { ...Object.fromEntries(shares), [`runsOf${longestRun}OrMore`]: longer / all };
}
