// The cells of `outrider bench auto`, and their measurement: each fixed mode, and mode auto in the first answer of a device and in a later one, with
// the same seeds. The grid of `bench modes` with and without a draft model on the edge, edges with many sessions, drafts of unequal quality or of
// one that changes within the answer, and traces of real models.

import { countSession, tpotMs } from '../../../simulator/runner/session-metrics.ts';
import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { runSession, runSourceSession } from '../../../simulator/virtual-time/run-session.ts';
import type { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { DraftingAdvice } from '../../../src/core/protocol/device/drafting-advice.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { AutoMode, type TurnAdvice } from '../../../src/processes/device/auto-mode.ts';
import { quickest } from '../best-draft-length.ts';
import { runLoad } from './loaded-cell.ts';
import { goalAcceptance, goalRoundTripsMs, type StepLaw } from './metrics.ts';
import {
  draftMs,
  edgeDraftMs,
  expensiveRows,
  freeRows,
  recordedSource,
  replaysOf,
  timeJitter,
  type VirtualSettings,
} from './virtual-cell.ts';

export const groups = [
  'both draft',
  'device drafts',
  'expensive rows',
  'unequal drafts',
  'changing drafts',
  'many sessions',
  'traces',
] as const;
export type Group = (typeof groups)[number];

export interface AutoCell {
  readonly group: Group;
  /** Name of a trace; null: the toy's drafts, all right with the same chance. */
  readonly trace: string | null;
  /** Chance that a draft of the device is right, and one of the edge; null: that of the trace. */
  readonly acceptance: number | null;
  readonly edgeAcceptance: number | null;
  /** Acceptance of the device in the second half of the answer; null: as in the first. */
  readonly laterAcceptance: number | null;
  readonly roundTripMs: number;
  readonly step: StepLaw;
  readonly hasEdgeDraft: boolean;
  /** Sessions of the edge that write at the same time. */
  readonly sessions: number;
}

export interface Grid {
  readonly acceptances: readonly number[];
  readonly roundTripsMs: readonly number[];
  readonly sessions: readonly number[];
  readonly traces: readonly string[];
  readonly groups: readonly Group[];
}

/** A group of cells: all combinations of its edges, drafts and round trips. */
interface GroupPlan {
  readonly group: Group;
  /** Whether the edge has a draft model. */
  readonly edges: readonly boolean[];
  readonly drafts: readonly (Pick<AutoCell, 'acceptance' | 'edgeAcceptance'> & Partial<AutoCell>)[];
  readonly step?: StepLaw;
  readonly roundTripsMs?: readonly number[];
}

const unequal: GroupPlan['drafts'] = [
  { acceptance: 0.3, edgeAcceptance: 0.8 },
  { acceptance: 0.8, edgeAcceptance: 0.3 },
];
const changing: GroupPlan['drafts'] = [
  { acceptance: 0.9, laterAcceptance: 0.2, edgeAcceptance: 0.6 },
  { acceptance: 0.2, laterAcceptance: 0.9, edgeAcceptance: 0.6 },
];

export function autoCells({ acceptances, roundTripsMs, sessions, traces, groups: chosen }: Grid): AutoCell[] {
  const few = { roundTripsMs: roundTripsMs.filter((ms) => goalRoundTripsMs.includes(ms)) };
  const alike = acceptances.map((acceptance) => ({ acceptance, edgeAcceptance: acceptance }));
  const loaded = { acceptance: goalAcceptance, edgeAcceptance: goalAcceptance };
  const many = sessions.map((count) => ({ ...loaded, sessions: count }));
  const recorded = traces.map((trace) => ({ trace, acceptance: null, edgeAcceptance: null }));
  const plans: readonly GroupPlan[] = [
    { group: 'both draft', edges: [true], drafts: alike },
    { group: 'device drafts', edges: [false], drafts: alike },
    { group: 'expensive rows', edges: [true, false], drafts: alike, step: expensiveRows },
    { group: 'unequal drafts', edges: [true], drafts: unequal },
    { group: 'changing drafts', edges: [true, false], drafts: changing, ...few },
    { group: 'many sessions', edges: [true], drafts: many, ...few },
    { group: 'traces', edges: [true, false], drafts: recorded, ...few },
  ];
  return plans.filter(({ group }) => chosen.includes(group)).flatMap((plan) => cellsOf(plan, roundTripsMs));
}

function cellsOf({ group, edges, drafts, step = freeRows, ...own }: GroupPlan, all: readonly number[]): AutoCell[] {
  const usual = { group, trace: null, laterAcceptance: null, sessions: 1, step };
  return edges.flatMap((hasEdgeDraft) =>
    drafts.flatMap((draft) =>
      (own.roundTripsMs ?? all).map((roundTripMs) => ({ ...usual, hasEdgeDraft, roundTripMs, ...draft })),
    ),
  );
}

export function keyOfAuto(cell: AutoCell): string {
  const { group, trace, acceptance, edgeAcceptance, laterAcceptance, roundTripMs, step, hasEdgeDraft, sessions } = cell;
  const drafts = trace ?? `${acceptance} (${laterAcceptance}) and ${edgeAcceptance}`;
  const edge = `${hasEdgeDraft ? 'draft' : 'no draft'} on the edge, ${sessions} sessions`;
  return `${group}: ${drafts}, ${roundTripMs} ms, ${step.perRowMs} ms a row, ${edge}`;
}

/** `tokens` of an answer; a trace may have fewer. */
export type AutoSettings = Pick<VirtualSettings, 'firstSeed' | 'seedCount' | 'tokens'>;

/** An answer, or all answers of an edge with many sessions. */
interface Answer {
  readonly msPerToken: number;
  /** Drafts of the device. */
  readonly draftsPerToken: number;
}

/** What was measured in a cell: a list has one entry for each seed. */
export interface AutoFound {
  readonly cell: AutoCell;
  readonly fixed: readonly {
    readonly mode: ModeName;
    /** The quickest draft length of the edge, in mode edge-sd. */
    readonly gamma: number | null;
    readonly answers: readonly Answer[];
  }[];
  /** Nothing was measured before. */
  readonly first: readonly Answer[];
  /** After {@link earlierAnswers} others. */
  readonly later: readonly Answer[];
  /** How often drafting was switched in a later answer, on average, and the mode at the end of most of them. */
  readonly switches: number;
  readonly lastMode: ModeName;
}

/** Answers of other texts, before the one that counts as later. */
export const earlierAnswers = 3;
/** Seeds of those texts come after all seeds that count. */
const earlierSeeds = 100_000;
export const maxAhead = 24;
/** Draft lengths of the edge that are tried, and with how many seeds. With many sessions every draft waits for those of all others. */
const aloneTries = { gammas: [1, 2, 3, 4, 6, 8, 11], seeds: 3 };
const loadedTries = { gammas: [1, 2, 4], seeds: 1 };
/** An edge with many sessions has many texts in one run. */
const loadedSeeds = 2;
const loadedTokens = 200;

export function fixedModes({ hasEdgeDraft }: Pick<AutoCell, 'hasEdgeDraft'>): readonly ModeName[] {
  return hasEdgeDraft ? ['ar', 'stream', 'mix', 'edge-sd'] : ['ar', 'stream'];
}

export function measureAuto(cell: AutoCell, settings: AutoSettings): AutoFound {
  const { firstSeed, seedCount } = settings;
  const isLoaded = cell.sessions > 1;
  const count = isLoaded ? Math.min(loadedSeeds, seedCount) : seedCount;
  const seeds = Array.from({ length: count }, (_, index) => firstSeed + index);
  const write = (writing: Writing): Answer => (isLoaded ? writeLoaded : writeOne)(cell, settings, writing);
  const tries = isLoaded ? loadedTries : aloneTries;
  const fixed = fixedModes(cell).map((mode) => {
    const few = seeds.slice(0, tries.seeds);
    const costOf = (gamma: number): number => mean(few.map((seed) => write({ mode, seed, gamma }).msPerToken));
    const gamma = mode === 'edge-sd' ? quickest(tries.gammas, costOf) : null;
    return { mode, gamma, answers: seeds.map((seed) => write({ mode, seed, gamma: gamma ?? 1 })) };
  });
  const advised: TurnAdvice[] = [];
  const [first = [], later = []] = [0, earlierAnswers].map((earlier) =>
    seeds.map((seed) => {
      const { last, adviceOf } = autoDevices(cell.sessions);
      const writeWith = (own: number): Answer => write({ mode: 'mix', seed: own, gamma: 1, adviceOf });
      for (let answer = 1; answer <= earlier; answer += 1) writeWith(seed + answer * earlierSeeds);
      const written = writeWith(seed);
      if (earlier > 0) advised.push(...last);
      return written;
    }),
  );
  const counts = Map.groupBy(advised, ({ changes }) => changes.at(-1)?.mode ?? 'ar');
  const lastMode = [...counts].toSorted(([, one], [, other]) => other.length - one.length)[0]?.[0] ?? 'ar';
  const switches = mean(advised.map(({ changes }) => changes.length - 1));
  return { cell, fixed, first, later, switches, lastMode };
}

/** The memories of all devices of a cell, and the advice of their present answers. */
function autoDevices(count: number) {
  const autos = Array.from({ length: count }, () => new AutoMode());
  const last: TurnAdvice[] = [];
  const adviceOf = (device: number): TurnAdvice => {
    const advice = (autos[device] as AutoMode).follow({ canDraft: true });
    last[device] = advice;
    return advice;
  };
  return { last, adviceOf };
}

interface Writing {
  readonly mode: ModeName;
  readonly seed: number;
  /** Draft length of the edge. */
  readonly gamma: number;
  /** Switches drafting, in mode auto. */
  readonly adviceOf?: (device: number) => DraftingAdvice;
}

function writeOne(cell: AutoCell, { tokens }: AutoSettings, { mode, seed, gamma, adviceOf }: Writing): Answer {
  const { trace, roundTripMs, step, hasEdgeDraft, acceptance, edgeAcceptance, laterAcceptance: later } = cell;
  const advice = adviceOf?.(0);
  const conditions = {
    mode,
    seed,
    roundTripMs,
    draftMs,
    step,
    limits: { maxRows: maxAhead + 1, usefulRows: maxAhead + 1 },
    edgeDraft: hasEdgeDraft ? { tokenCount: gamma, tokenMs: edgeDraftMs } : null,
    turn: { maxAhead },
    ...defined({ advice }),
  };
  const toy = {
    acceptance: acceptance ?? 0,
    edgeAcceptance: edgeAcceptance ?? 0,
    ...(later === null ? {} : { laterAcceptance: { fromToken: Math.floor(tokens / 2), acceptance: later } }),
    answerTokens: tokens,
  };
  const written =
    trace === null
      ? runSession({ ...conditions, ...toy })
      : runSourceSession(conditions, recordedSource(replayOf(trace, seed), tokens));
  const counts = countSession(written);
  return { msPerToken: tpotMs(counts), draftsPerToken: counts.drafted / counts.tokens };
}

/** Each seed has a session of its own, as long as there are enough. */
function replayOf(trace: string, seed: number): TraceReplay {
  const replays = replaysOf(trace);
  const index = (seed % earlierSeeds) * (1 + earlierAnswers) + Math.floor(seed / earlierSeeds);
  return replays[index % replays.length] as TraceReplay;
}

function writeLoaded(cell: AutoCell, settings: AutoSettings, { mode, seed, gamma, adviceOf }: Writing): Answer {
  const { sessions: sessionCount, acceptance, roundTripMs, step, hasEdgeDraft } = cell;
  const { msPerToken, draftsPerToken } = runLoad({
    mode,
    sessionCount,
    acceptance: acceptance ?? 0,
    roundTripMs,
    step,
    draftMs,
    timeJitter,
    tokens: Math.min(loadedTokens, settings.tokens),
    maxAhead,
    hedges: 0,
    seed,
    edgeDraft: hasEdgeDraft ? { tokenCount: gamma, tokenMs: edgeDraftMs } : undefined,
    adviceOf,
  });
  return { msPerToken, draftsPerToken };
}

export const autoWork: Work<AutoCell, AutoFound, AutoSettings> = {
  role: 'outrider bench auto',
  file: import.meta.url,
  measure: measureAuto,
};
serveWork(autoWork);
