// `outrider bench ablation`: what each addition to plain `stream` brings by itself and with the others, from traces of real models in virtual
// time. The same numbers on every machine.

import { type Estimate, estimate, type Within, within } from '../../../simulator/charts/bootstrap.ts';
import { defaultTraceFile, findTrace } from '../../../simulator/files/shipped-traces.ts';
import { hashTrace } from '../../../simulator/files/trace-files.ts';
import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { columnTable, fixed, numberWithin, pivotTable } from '../../../simulator/runner/markdown.ts';
import {
  acceptanceOf,
  addCounts,
  countSession,
  type ReplayedCounts,
  tpotMs,
} from '../../../simulator/runner/session-metrics.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { runSourceSession } from '../../../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import type { Document } from '../../../src/files/document.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { combinations } from '../combinations.ts';
import { edgeAlone, plainVariant, type Variant, variants, variantsFor } from './variants.ts';

interface StepLaw {
  readonly name: string;
  readonly fixedMs: number;
  readonly perRowMs: number;
}

/** The step times of the default profile, and a law with expensive rows, as in "bench modes". */
const usualSteps: readonly StepLaw[] = [
  { name: defaultEdgeProfile.name, fixedMs: defaultEdgeProfile.stepMs, perRowMs: defaultEdgeProfile.rowMs },
  { name: 'expensive rows', fixedMs: 4, perRowMs: 36 },
];

const firstSeed = 20_261_125;

const options = {
  traces: {
    flag: '--traces <name|file...>',
    help: 'acceptance traces (default: the shipped one of the default pair, greedy)',
    texts: true,
    type: [] as readonly (string | Trace)[],
  },
  roundTripsMs: { flag: '--rtt <ms,...>', help: 'round-trip times', numbers: [0, 10_000], default: [10, 60] },
  draftMs: { flag: '--draft-ms <ms>', help: 'one draft on the device', number: [0.001, 10_000], default: 7.5 },
  /** Each play has other delays, within +-20 %; all variants have the same ones. */
  seeds: { flag: '--seeds <count>', help: 'plays of each session', whole: [1, 1000], default: 3 },
  steps: { default: usualSteps as readonly StepLaw[] },
} as const;

type Plays = Pick<OptionsOf<typeof options>, 'seeds' | 'draftMs'>;

interface Cell {
  readonly trace: Trace;
  readonly roundTripMs: number;
  readonly step: StepLaw;
}

export const ablationExperiment: Experiment<
  typeof options,
  readonly (readonly AblationRow[])[],
  Conclusion<AblationRow>
> = {
  name: 'bench ablation',
  lasts: '2 minutes',
  description: 'what each addition to plain stream brings, alone and together, per task: traces, virtual time',
  notes: `Variants:
${variants.map(({ name, meaning }) => `  ${name.padEnd(16)} ${meaning}`).join('\n')}

Example:
  outrider bench ablation --traces coarse-greedy draft-greedy --rtt 10,60`,
  isResumable: true,
  options,
  async measure({ traces: given = [defaultTraceFile()], ...settings }, run) {
    const traces = given.map((one) => (typeof one === 'string' ? findTrace(one) : one));
    const { roundTripsMs, draftMs, steps, seeds } = settings;
    await run.begin({ draftMs, seeds, traces: traces.map(hashTrace), steps });
    const cells = combinations({ index: [...traces.keys()], step: steps, roundTripMs: roundTripsMs });
    const units = cells.map(({ index, step, roundTripMs }) => ({
      key: `trace ${index}, ${step.name}, ${roundTripMs} ms`,
      measure: () => cellRows({ trace: traces[index] as Trace, roundTripMs, step }, settings),
    }));
    return run.all('variants in virtual time', units);
  },
  conclude(found, { roundTripsMs, draftMs, steps, seeds }) {
    const rows = found.flat();
    const ideas = Object.fromEntries(variants.map(({ name, meaning }) => [name, meaning]));
    return {
      rows,
      summary: summarise(rows),
      forPeople: rows.filter(isShown).map(briefly),
      params: { roundTripsMs, draftMs, steps, seeds, ideas },
      seed: firstSeed,
    };
  },
  page: ablationPage,
};

/** A terminal shows the rows of single tasks for the first network and edge only. */
function isShown({ task, roundTripMs, edge }: AblationRow, _: number, rows: readonly AblationRow[]): boolean {
  return task === 'all' || (roundTripMs === rows[0]?.roundTripMs && edge === rows[0]?.edge);
}

function briefly({ draft, edge, roundTripMs, task, idea, ...row }: AblationRow): object {
  const { msPerToken, overPlain, overPlainLow, overPlainHigh, overAr, draftsPerToken, rowsPerToken } = row;
  const ratios = { msPerToken, overPlain, low: overPlainLow, high: overPlainHigh, overAr };
  return { draft, edge, rttMs: roundTripMs, task, idea, ...ratios, draftsPerToken, rowsPerToken };
}

function cellRows(cell: Cell, plays: Plays): AblationRow[] {
  const { header, sessions } = cell.trace;
  const replays = sessions.map((session) => new TraceReplay(header, session));
  const shown = variantsFor(header);
  const counts = new Map(shown.map((one) => [one, replays.map((replay) => playOne(replay, one, cell, plays))]));
  const tasks = [...new Set(sessions.map(({ task }) => task))];
  return ['all', ...(tasks.length > 1 ? tasks : [])].flatMap((task) => {
    const of = (variant: Variant): ReplayedCounts[] =>
      (counts.get(variant) ?? []).filter((_, index) => task === 'all' || sessions[index]?.task === task);
    const plain = of(plainVariant);
    const alone = of(edgeAlone);
    return shown.map((variant) => rowOf(cell, variant, task, { own: of(variant), plain, alone }));
  });
}

/** The sum over all seeds of one session. */
function playOne(replay: TraceReplay, variant: Variant, { roundTripMs, step }: Cell, plays: Plays): ReplayedCounts {
  const { fixedMs, perRowMs } = step;
  const runs = Array.from({ length: plays.seeds }, (_, index) => {
    const shared = { mode: 'stream', seed: firstSeed + index, roundTripMs, draftMs: plays.draftMs } as const;
    const conditions = { ...shared, step: { fixedMs, perRowMs }, ...variant.changes };
    return countSession(runSourceSession(conditions, traceSource(replay)));
  });
  return addCounts(runs);
}

/** `overPlain`: ratio of msPerToken to plain `stream` with the same texts and delays; its interval is a bootstrap over sessions. */
export interface AblationRow extends Within<'overPlain'> {
  readonly draft: string;
  readonly temperature: number;
  readonly edge: string;
  readonly roundTripMs: number;
  readonly idea: string;
  /** Task of the prompts; "all": every task. */
  readonly task: string;
  readonly sessions: number;
  readonly msPerToken: number;
  readonly overAr: number;
  readonly acceptance: number | null;
  /** Drafts of the device, which cost its battery. */
  readonly draftsPerToken: number;
  /** Drafts of the edge, by lookup or by its model. */
  readonly guessesPerToken: number;
  readonly rowsPerToken: number;
  readonly payloadBytesPerToken: number;
}

/** `alone`: the edge alone. */
type Compared = Readonly<Record<'own' | 'plain' | 'alone', readonly ReplayedCounts[]>>;

function rowOf(
  { trace, roundTripMs, step }: Cell,
  variant: Variant,
  task: string,
  { own, plain, alone }: Compared,
): AblationRow {
  const sum = addCounts(own);
  const msPerToken = tpotMs(sum);
  return {
    draft: trace.header.draft.name,
    temperature: trace.header.sampling.temperature,
    edge: step.name,
    roundTripMs,
    idea: variant.name,
    task,
    sessions: own.length,
    msPerToken,
    ...within('overPlain', ratioOf(own, plain)),
    overAr: msPerToken / tpotMs(addCounts(alone)),
    acceptance: acceptanceOf(sum),
    draftsPerToken: sum.drafted / sum.tokens,
    guessesPerToken: sum.edgeDrafted / sum.tokens,
    rowsPerToken: sum.rows / sum.tokens,
    payloadBytesPerToken: sum.payloadBytes / sum.tokens,
  };
}

/** Ratio of times per token, with a bootstrap interval over sessions; a session keeps both of its times. */
export function ratioOf(own: readonly ReplayedCounts[], plain: readonly ReplayedCounts[]): Estimate {
  const tpotOf = (counts: readonly ReplayedCounts[], pick: readonly number[]): number => {
    const sum = (key: 'decodeMs' | 'decodedTokens'): number =>
      pick.reduce((total, index) => total + (counts[index] as ReplayedCounts)[key], 0);
    return sum('decodeMs') / sum('decodedTokens');
  };
  return estimate(own.length, (pick) => tpotOf(own, pick) / tpotOf(plain, pick));
}

/** Ratios to plain `stream` over all tasks, for the first trace and network and each edge. */
function summarise(rows: readonly AblationRow[]): Record<string, number> {
  const first = rows[0];
  const entries = rows
    .filter((row) => row.task === 'all' && row.idea !== plainVariant.name)
    .filter((row) => row.draft === first?.draft && row.temperature === first.temperature)
    .filter((row) => row.roundTripMs === first?.roundTripMs)
    .map(({ idea, edge, overPlain }) => {
      const key = variants.find(({ name }) => name === idea)?.key ?? idea;
      return [`${key}OverPlain${edge === first?.edge ? '' : 'ExpensiveRows'}`, overPlain] as const;
    });
  return Object.fromEntries(entries);
}

/** Time per token with each variant, relative to plain `stream`, for all answers and for each task. */
function ablationPage({ rows }: Document<AblationRow>): string {
  const byDraft = Map.groupBy(rows, ({ draft }) => draft);
  return [...byDraft.values()].map(draftTables).join('\n\n');
}

function draftTables(rows: readonly AblationRow[]): string {
  const { draft, edge, roundTripMs } = rows[0] as AblationRow;
  const first = rows.filter((row) => row.edge === edge && row.roundTripMs === roundTripMs);
  return `## Draft \`${draft}\`

Time per token relative to plain \`stream\` (\`none\`), and the 95 % interval over answers; of \`none\` the time itself.

${pivotTable(
  rows.filter(({ task }) => task === 'all'),
  {
    corner: 'added to plain `stream`',
    rowOf: ({ idea }) => idea,
    columnOf: (row) => `${row.edge}, ${row.roundTripMs} ms`,
    cellOf: ({ idea, msPerToken, overPlain, overPlainLow, overPlainHigh }) =>
      idea === 'none' ? `${fixed(msPerToken, 1)} ms` : numberWithin(overPlain, [overPlainLow, overPlainHigh], 3),
  },
)}

Edge \`${edge}\`, round trip ${roundTripMs} ms, per token:

${columnTable(
  first.filter(({ task }) => task === 'all'),
  {
    'added to plain `stream`': ({ idea }) => idea,
    drafts: (row) => fixed(row.draftsPerToken, 2),
    "the edge's own drafts": (row) => fixed(row.guessesPerToken, 2),
    rows: (row) => fixed(row.rowsPerToken, 2),
    'payload, bytes': (row) => fixed(row.payloadBytesPerToken, 2),
  },
)}

The same edge and network by task:

${pivotTable(first, {
  corner: 'task (answers)',
  rowOf: ({ task, sessions }) => `${task} (${sessions})`,
  columnOf: ({ idea }) => idea,
  cellOf: ({ overPlain }) => fixed(overPlain, 2),
})}`;
}
