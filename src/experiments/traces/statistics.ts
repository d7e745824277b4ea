// Statistics of the draft of a trace: acceptance by task, clusters of hits and misses, and the acceptance in mode stream, which compares
// only drafts on a branch that still agrees.

import { statSync } from 'node:fs';
import type { Result } from '../../files/document.ts';
import { findTraceFile, shippedTraceNames } from '../../files/shipped-traces.ts';
import { readTrace } from '../../files/trace-files.ts';
import type { Experiment } from '../../laboratory/experiment.ts';
import type { Trace, TraceSession } from '../../traces/trace.ts';
import { matchRows } from '../../traces/trace-matches.ts';
import { type TraceStatistics, traceStatistics } from '../../traces/trace-statistics.ts';
import { runSourceSession, type SessionConditions } from '../../virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../virtual-time/trace-replay.ts';
import { acceptanceOf, addCounts, countSession, noCounts } from '../session-metrics.ts';

/** A session in which a GPU verifies the drafts of a phone. */
const conditions: SessionConditions = {
  mode: 'stream',
  seed: 1,
  roundTripMs: 10,
  draftMs: 10,
  step: { fixedMs: 40, perRowMs: 0.4 },
};
const longestRun = 8;

const options = {
  name: { argument: '<name|file>', help: 'a shipped trace, or a file' },
  by: {
    flag: '--by <what>',
    help: 'rows: by task, or by how many tokens agree where prompt lookup finds some',
    choices: ['task', 'match'],
    default: 'task',
  },
} as const;

export const traceShowExperiment: Experiment<typeof options, Result> = {
  name: 'trace show',
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

/** The group of a row: a kind of prompt, or the number of last tokens that also occur earlier in the text. */
type TraceGrouping = 'task' | 'match';

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
  const taskRows = (): object[] =>
    tasks.map((task) => {
      const chosen = sessions.filter((session) => session.task === task);
      return { task, ...figures(traceStatistics(chosen)), acceptanceInStream: replayed(chosen) };
    });
  const rows = by === 'task' ? taskRows() : matchRows(sessions);
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
  };
  const { answerTokens, wrongDepth, vocabularySize, tokenizerHash } = header;
  return { rows, summary, params: { answerTokens, wrongDepth, vocabularySize, tokenizerHash, by, stream: conditions } };
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
