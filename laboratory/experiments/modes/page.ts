// The tables of a kept "bench modes": time per token of each mode against the round trip, and the other costs of each mode.

import type { Goals } from '../../../simulator/runner/experiment.ts';
import { columnTable, fixed, pivotTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import { bestOfFamilies } from './families.ts';
import type { ModeRow } from './metrics.ts';

const everywhere: Goals = {
  streamOverArWorst: 1.03,
  mixOverEdgeSdWorst: 1.02,
  streamHedgedOverPlainWorst: 1.01,
  payloadBytesPerToken: 10,
};
const virtual: Goals = {
  streamOverArWorstExpensiveRows: 1.03,
  streamOverArRtt10: 0.5,
  streamOverPsdMean: 0.83,
  bestOverEdgeRivalIdle: 1.02,
  bestOverEdgeRivalLoaded: 1,
};
/** Goals for drafts whose confidence says where hedges pay. */
const confident: Goals = { streamHedgedOverArRtt10: 0.5, streamHedgedOverPsdMean: 0.9 };
/** Goals for the default pair with latency emulation. */
const paced: Goals = { streamOverArRtt10: 0.75, streamOverPsdMean: 0.83, pacedOverrunShare: 0.01 };
const unpaced: Goals = { streamOverArNativeRtt10: 0.75, mixOverArNativeRtt10: 0.75, autoOverArNativeWorst: 1 };

/** The cells of the table of costs. */
const costAcceptance = 0.8;
const costRoundTripsMs = [30, 10];

export function modesGoals(params: object): Goals {
  const {
    clock,
    profile,
    drafts = 'alike',
  } = params as {
    readonly clock: string;
    readonly profile?: string | null;
    readonly drafts?: string;
  };
  const ofClock = clock === 'virtual' ? virtual : profile === null ? unpaced : paced;
  return { ...everywhere, ...ofClock, ...(drafts === 'alike' ? {} : confident) };
}

export function modesPage({ rows: all }: Document<ModeRow>): string {
  const rows = all.filter(({ sessions }) => sessions === undefined);
  const settings = Map.groupBy(rows, ({ givenAcceptance, stepPerRowMs }) => `${givenAcceptance} ${stepPerRowMs}`);
  return [
    '## Time per token',
    'ms per token; in brackets the best draft length, with x the windows in flight, or nodes and levels of the best tree of an emulated rival; after ± the standard error, where it is 1 % or more.',
    familyTable(rows),
    ...[...settings.values()].map(timeTable),
    loadedTable(all),
    hedgesTable(all),
    costTable(rows),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** At the acceptance of the goals, or of a real draft. */
function familyTable(rows: readonly ModeRow[]): string {
  const { stepPerRowMs } = rows[0] as ModeRow;
  const chosen = rows.filter(
    ({ givenAcceptance: given, ...row }) =>
      row.stepPerRowMs === stepPerRowMs && (given === null || given === costAcceptance),
  );
  if (chosen.length === 0) return '';
  return pivotTable(bestOfFamilies(chosen), {
    corner: 'best of each family',
    rowOf: ({ family }) => family,
    columnOf: ({ row }) => `${row.roundTripMs}`,
    cellOf: ({ row }) => `${fixed(row.msPerToken, 1)} \`${row.mode}\``,
  });
}

/** Time per token of each session, where many of them write on one edge. */
function loadedTable(rows: readonly ModeRow[]): string {
  const loaded = rows.filter(({ sessions }) => sessions !== undefined);
  if (loaded.length === 0) return '';
  return pivotTable(loaded, {
    corner: `acceptance ${loaded[0]?.givenAcceptance}, sessions on one edge; round trip, ms`,
    rowOf: ({ mode }) => `\`${mode}\``,
    columnOf: ({ sessions, roundTripMs }) => `${sessions}; ${roundTripMs}`,
    cellOf: timeCell,
  });
}

/** What hedges bring on a loaded edge. */
function hedgesTable(rows: readonly ModeRow[]): string {
  const tried = rows.flatMap(({ sessions, roundTripMs, byHedges = [] }) =>
    byHedges.map((one) => ({ sessions, roundTripMs, ...one })),
  );
  if (tried.length === 0) return '';
  return pivotTable(tried, {
    corner: '`stream`, hedges; sessions; round trip, ms: ms per token, steps of a session without a draft',
    rowOf: ({ hedges }) => `${hedges}`,
    columnOf: ({ sessions, roundTripMs }) => `${sessions}; ${roundTripMs}`,
    cellOf: ({ msPerToken, stepsWithoutDrafts }) => `${fixed(msPerToken, 1)}, ${fixed(100 * stepsWithoutDrafts, 0)} %`,
  });
}

function timeTable(rows: readonly ModeRow[]): string {
  const { givenAcceptance, stepPerRowMs, stepFixedMs } = rows[0] as ModeRow;
  const law = stepFixedMs === null ? '' : `, a step of n rows takes ${stepFixedMs} + ${stepPerRowMs} n ms`;
  return pivotTable(rows, {
    corner: `${givenAcceptance === null ? 'round trip, ms' : `acceptance ${givenAcceptance}`}${law}`,
    rowOf: ({ mode }) => `\`${mode}\``,
    columnOf: ({ roundTripMs }) => `${roundTripMs}`,
    cellOf: timeCell,
  });
}

function timeCell({
  msPerToken,
  msPerTokenStandardError: error,
  bestGamma,
  bestWindows = 1,
  bestTree,
  bestHedges = 0,
}: ModeRow): string {
  if (msPerToken === null) return '-';
  const spread = (error ?? 0) < 0.01 * msPerToken ? '' : ` ± ${fixed(error, 1)}`;
  const windowed = bestWindows === 1 ? bestGamma : `${bestGamma} x ${bestWindows}`;
  const hedged = bestHedges === 0 ? windowed : `${bestHedges} hedges`;
  const setting = bestTree === undefined ? hedged : `${bestTree.nodes}/${bestTree.levels}`;
  return `${fixed(msPerToken, 1)}${spread}${setting === null ? '' : ` (${setting})`}`;
}

function costTable(rows: readonly ModeRow[]): string {
  const { stepPerRowMs } = rows[0] as ModeRow;
  const roundTripMs = costRoundTripsMs.find((ms) => rows.some((row) => row.roundTripMs === ms));
  const chosen = rows.filter(
    (row) =>
      row.roundTripMs === roundTripMs &&
      row.stepPerRowMs === stepPerRowMs &&
      (row.givenAcceptance === null || row.givenAcceptance === costAcceptance),
  );
  if (chosen.length === 0) return '';
  return `The cost of a token at a round trip of ${roundTripMs} ms${chosen[0]?.givenAcceptance === null ? '' : ` and acceptance ${costAcceptance}`}:

${columnTable(chosen, {
  '': ({ mode }) => `\`${mode}\``,
  acceptance: ({ acceptance }) => fixed(acceptance, 2),
  drafts: ({ draftsPerToken }) => fixed(draftsPerToken, 2),
  rows: ({ rowsPerToken }) => fixed(rowsPerToken, 2),
  'accepted per step': ({ acceptedPerStep }) => fixed(acceptedPerStep, 2),
  'payload, bytes': ({ payloadBytesPerToken }) => fixed(payloadBytesPerToken, 1),
  'with headers, bytes': ({ wireBytesPerToken }) => fixed(wireBytesPerToken, 0),
  'first token, ms': ({ timeToFirstTokenMs }) => fixed(timeToFirstTokenMs, 0),
})}`;
}
