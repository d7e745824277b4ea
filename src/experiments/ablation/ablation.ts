// `outrider bench ideas`: what each idea beyond plain `stream` brings by itself and with the others, from traces of real models in virtual
// time. The same numbers on every machine.

import { bootstrapInterval, type Interval } from '../../basics/bootstrap.ts';
import type { Result } from '../../files/document.ts';
import type { Trace } from '../../traces/trace.ts';
import { runSourceSession } from '../../virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../virtual-time/trace-replay.ts';
import { acceptanceOfPace, addPaces, msPerToken, type PaceSums, paceSums } from '../session-metrics.ts';
import { edgeAlone, type Idea, ideas, plainIdea } from './variants.ts';

export interface StepLaw {
  readonly name: string;
  readonly fixedMs: number;
  readonly perRowMs: number;
}

export interface IdeasOptions {
  readonly traces: readonly Trace[];
  readonly roundTripsMs: readonly number[];
  readonly draftMs: number;
  readonly steps: readonly StepLaw[];
  /** Each session is played so often, with other delays within the +-20 %; the same for all ideas. */
  readonly seeds: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface IdeaRow {
  readonly draft: string;
  readonly temperature: number;
  readonly edge: string;
  readonly roundTripMs: number;
  readonly idea: string;
  /** Of the prompts; "all": every one. */
  readonly task: string;
  readonly sessions: number;
  readonly msPerToken: number;
  /** msPerToken over that of plain `stream` with the same texts and delays, and its 95 % interval (sessions drawn again). */
  readonly overPlain: number;
  readonly overPlainLow: number;
  readonly overPlainHigh: number;
  readonly overAr: number;
  readonly acceptance: number | null;
  /** Made on the device: its battery. */
  readonly draftsPerToken: number;
  /** Looked up or drafted on the edge. */
  readonly guessesPerToken: number;
  readonly rowsPerToken: number;
  readonly payloadBytesPerToken: number;
}

export interface IdeasResult extends Result {
  readonly rows: readonly IdeaRow[];
}

const firstSeed = 20_261_125;

/** One trace, network and edge. */
interface Cell {
  readonly trace: Trace;
  readonly roundTripMs: number;
  readonly step: StepLaw;
}

export function benchIdeas(options: IdeasOptions): IdeasResult {
  const { traces, roundTripsMs, steps, onProgress } = options;
  const cells = traces.flatMap((trace) =>
    steps.flatMap((step) => roundTripsMs.map((roundTripMs): Cell => ({ trace, roundTripMs, step }))),
  );
  const rows = cells.flatMap((cell, index) => {
    onProgress?.('ideas in virtual time', index, cells.length);
    return cellRows(cell, options);
  });
  const { traces: _traces, onProgress: _progress, ...params } = options;
  const meanings = Object.fromEntries(ideas.map(({ name, meaning }) => [name, meaning]));
  return { rows, summary: summarise(rows), params: { ...params, ideas: meanings }, seed: firstSeed };
}

function cellRows(cell: Cell, options: IdeasOptions): IdeaRow[] {
  const { header, sessions } = cell.trace;
  const replays = sessions.map((session) => new TraceReplay(header, session));
  const paces = new Map(ideas.map((idea) => [idea, replays.map((replay) => playOne(replay, idea, cell, options))]));
  const tasks = [...new Set(sessions.map(({ task }) => task))];
  return ['all', ...(tasks.length > 1 ? tasks : [])].flatMap((task) => {
    const chosen = sessions.flatMap((session, index) => (task === 'all' || session.task === task ? [index] : []));
    const of = (idea: Idea): PaceSums[] => chosen.map((index) => (paces.get(idea) as PaceSums[])[index] as PaceSums);
    const [plain, alone] = [of(plainIdea), msPerToken(addPaces(of(edgeAlone)))];
    return ideas.map((idea) => rowOf(cell, idea, task, { own: of(idea), plain, alone }));
  });
}

/** All seeds of one session together. */
function playOne(replay: TraceReplay, idea: Idea, { roundTripMs, step }: Cell, options: IdeasOptions): PaceSums {
  const { fixedMs, perRowMs } = step;
  const runs = Array.from({ length: options.seeds }, (_, index) => {
    const shared = { mode: 'stream', seed: firstSeed + index, roundTripMs, draftMs: options.draftMs } as const;
    const conditions = { ...shared, step: { fixedMs, perRowMs }, ...idea.changes };
    return paceSums(runSourceSession(conditions, traceSource(replay)));
  });
  return addPaces(runs);
}

interface Paces {
  readonly own: readonly PaceSums[];
  readonly plain: readonly PaceSums[];
  /** ms per token of the edge alone. */
  readonly alone: number;
}

function rowOf({ trace, roundTripMs, step }: Cell, idea: Idea, task: string, { own, plain, alone }: Paces): IdeaRow {
  const sum = addPaces(own);
  const pace = msPerToken(sum);
  const [low, high] = ratioInterval(own, plain);
  return {
    draft: trace.header.draft.name,
    temperature: trace.header.sampling.temperature,
    edge: step.name,
    roundTripMs,
    idea: idea.name,
    task,
    sessions: own.length,
    msPerToken: pace,
    overPlain: pace / msPerToken(addPaces(plain)),
    overPlainLow: low,
    overPlainHigh: high,
    overAr: pace / alone,
    acceptance: acceptanceOfPace(sum),
    draftsPerToken: sum.drafted / sum.tokens,
    guessesPerToken: sum.guessed / sum.tokens,
    rowsPerToken: sum.rows / sum.tokens,
    payloadBytesPerToken: sum.payloadBytes / sum.tokens,
  };
}

/** 95 %, sessions drawn again; a session keeps both of its paces. */
export function ratioInterval(own: readonly PaceSums[], plain: readonly PaceSums[]): Interval {
  const paceOf = (paces: readonly PaceSums[], pick: readonly number[]): number => {
    let [ms, tokens] = [0, 0];
    for (const index of pick) {
      const one = paces[index] as PaceSums;
      ms += one.ms;
      tokens += one.decoded;
    }
    return ms / tokens;
  };
  return bootstrapInterval(own.length, (pick) => paceOf(own, pick) / paceOf(plain, pick));
}

/** Over plain `stream`, all tasks, of the first trace and network: for each edge. */
function summarise(rows: readonly IdeaRow[]): Record<string, number> {
  const first = rows[0];
  const entries = rows
    .filter((row) => row.task === 'all' && row.idea !== plainIdea.name)
    .filter((row) => row.draft === first?.draft && row.temperature === first.temperature)
    .filter((row) => row.roundTripMs === first?.roundTripMs)
    .map(({ idea, edge, overPlain }) => {
      const key = ideas.find(({ name }) => name === idea)?.key ?? idea;
      return [`${key}OverPlain${edge === first?.edge ? '' : 'ExpensiveRows'}`, overPlain] as const;
    });
  return Object.fromEntries(entries);
}
